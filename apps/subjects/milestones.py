"""The dated facts of one subject that are in force, and the date that a visit's anchor means by them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

# facts that happen more than once, each occurrence with visits of its own
REPEATING = frozenset({"course_start", "relapse", "dose_change", "reconsent"})
# facts about the treatment, whose days may tell the arm
TREATMENT = frozenset({"first_dose", "last_dose", "dose_change", "treatment_stop", "off_treatment"})


@dataclass(frozen=True)
class Milestones:
    """``dates``: (kind, occurrence) → day. What a correction withdrew is absent."""

    dates: Mapping[tuple[str, int], date] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, int, date | None]]) -> "Milestones":
        """From the newest row of each kind and occurrence."""
        return cls({(kind, occurrence): on for kind, occurrence, on in rows if on is not None})

    def get(self, kind: str, occurrence: int = 1) -> date | None:
        return self.dates.get((kind, occurrence))

    def all(self, kind: str) -> list[tuple[int, date]]:
        """(occurrence, day) of every occurrence, in order of occurrence."""
        return sorted((number, on) for (name, number), on in self.dates.items() if name == kind)

    def first(self, kind: str) -> date | None:
        return min((on for _, on in self.all(kind)), default=None)

    def last(self, kind: str) -> date | None:
        return max((on for _, on in self.all(kind)), default=None)

    def anchor(self, kind: str) -> date | None:
        """The day that the fact means for the whole subject: the earliest, of the last dose the latest.

        A last dose that is followed by another start of a dose is not the last, so it anchors nothing.
        """
        if kind != "last_dose":
            return self.first(kind)
        ended = self.last("last_dose")
        starts = [on for kind in ("first_dose", "dose_change") if (on := self.last(kind))]
        return None if ended and any(on > ended for on in starts) else ended
