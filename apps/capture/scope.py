"""A subject's data as the rules see it: one query for all records, made when a rule looks beyond its own record.

Not seen are inactive records and lines, forms that were not done, and values that are hidden at their revision.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from apps.capture.models import FormRecord
from apps.rules import UNKNOWN, Kind, Result, typed
from apps.subjects.models import Milestone

DAY_ZERO = ("first_dose", "randomization", "course_start")
FIELDS = (
    "id",
    "form_oid",
    "repeat",
    "visit_id",
    "status",
    "data",
    "irrelevant",
    "visit__code",
    "visit__actual",
    "visit__target",
    "visit__position",
    "visit__cycle",
    "visit__occurrence",
)


@dataclass(frozen=True, slots=True)
class Filled:
    """One active record, with the place of its visit in time. ``irrelevant`` holds paths as in ``FormRecord``."""

    id: int
    form_oid: str
    repeat: int
    visit_id: int | None
    status: str
    data: Mapping[str, Any]
    irrelevant: frozenset[str]
    visit_code: str = ""
    on: dt.date | None = None
    position: tuple[int, int, int] = (0, 0, 0)

    @property
    def order(self) -> tuple:
        """By date where there is one, then by the protocol's order; a visit without any date comes last."""
        return (self.on or dt.date.max, self.position, self.repeat)


class Live(Protocol):
    """The record that is being edited: hidden items unknown, computed ones computed."""

    def live_value(self, oid: str, /) -> Result: ...

    def line_values(self, oid: str, /) -> Sequence[Result]: ...


def filled_of(row: Mapping[str, Any]) -> Filled:
    return Filled(
        id=row["id"],
        form_oid=row["form_oid"],
        repeat=row["repeat"],
        visit_id=row["visit_id"],
        status=row["status"],
        data=row["data"],
        irrelevant=frozenset(row["irrelevant"]),
        visit_code=row["visit__code"] or "",
        on=row["visit__actual"] or row["visit__target"],
        position=(row["visit__position"] or 0, row["visit__cycle"] or 0, row["visit__occurrence"] or 0),
    )


def load_filled(subject_id: int) -> list[Filled]:
    """All that counts of a subject, in one statement."""
    rows = FormRecord.objects.filter(subject_id=subject_id, inactive=False).values(*FIELDS)
    return [filled_of(row) for row in rows]


class SubjectScope:
    """The values around one record (or around none: the subject's newest), as ``rules.Scope``.

    An item that is not in the record is the value at the same visit where that visit has its form, else of the newest
    record of its form. ``overrides`` (OID → typed value) go before everything, for what-if questions. ``here`` with
    ``live`` is a record that is being edited: its values are asked of ``live``, not of what is stored.
    """

    def __init__(
        self,
        subject,
        protocol,
        record: FormRecord | None = None,
        overrides: Mapping[str, Result] | None = None,
        *,
        filled: Iterable[Filled] | None = None,
        here: Filled | None = None,
        live: Live | None = None,
        milestones: Mapping[tuple[str, int], dt.date | None] | None = None,
    ) -> None:
        self.subject, self.protocol, self.overrides = subject, protocol, dict(overrides or {})
        self.here, self.live = here, live
        self._milestones = milestones
        self._filled = filled
        if record is not None and here is None:
            self._filled = list(load_filled(subject.pk) if filled is None else filled)
            self.here = next((one for one in self._filled if one.id == record.pk), None)

    @cached_property
    def _forms(self) -> dict[str, list[Filled]]:
        """The records of each form in order. Asked for only by a rule that looks beyond its own record: most do not."""
        everything = list(load_filled(self.subject.pk) if self._filled is None else self._filled)
        if self.here is not None:
            everything = [one for one in everything if one.id != self.here.id] + [self.here]
        forms: dict[str, list[Filled]] = {}
        for one in sorted(everything, key=lambda one: one.order):
            forms.setdefault(one.form_oid, []).append(one)
        return forms

    # -- rules.Scope

    def value(self, oid: str, /) -> Result:
        if oid in self.overrides:
            return self.overrides[oid]
        source = self._source(oid)
        return UNKNOWN if source is None else self._typed(source, oid)

    def at_visit(self, oid: str, which: str, form: str | None, /) -> Result:
        series = self._series(oid)
        if which == "baseline":
            series = self._until_day_zero(series)
        elif which == "previous":
            series = self._before_here(series)
        for one in series if which == "first" else reversed(series):
            value = self._typed(one, oid)
            if value is not UNKNOWN:
                return value
        return UNKNOWN

    def repeats(self, oid: str, form: str | None, /) -> Sequence[Result]:
        item = self.protocol.items[oid]
        if not item.line:
            return [self._typed(one, oid) for one in self._series(oid)]
        source = self._source(oid)
        if source is None:
            return []
        if source is self.here and self.live is not None:
            return self.live.line_values(oid)
        values = []
        for line in source.data.get(item.group.oid) or []:
            if "_inactive" not in line:
                hidden = f"{item.group.oid}/{line['_key']}/{oid}" in source.irrelevant
                values.append(UNKNOWN if hidden else typed(item.kind, line.get(oid)))
        return values

    def baseline_of(self, oid: str) -> Filled | None:
        """The record whose value is the item's baseline: the last on or before day 0 that has one."""
        series = self._until_day_zero(self._series(oid))
        return next((one for one in reversed(series) if self._typed(one, oid) is not UNKNOWN), None)

    # -- where a value stands

    def _source(self, oid: str) -> Filled | None:
        """The record that answers for the item when none is named."""
        form = self.protocol.items[oid].form_oid
        if self.here is not None and self.here.form_oid == form:
            return self.here
        series = self._series(oid)
        if self.here is not None and self.here.visit_id is not None:
            same = [one for one in series if one.visit_id == self.here.visit_id]
            if same or form in self.protocol.forms_at(self.here.visit_code):
                return same[-1] if same else None
        return series[-1] if series else None

    def _series(self, oid: str) -> list[Filled]:
        return self._forms.get(self.protocol.items[oid].form_oid, [])

    def _typed(self, one: Filled, oid: str) -> Result:
        if one is self.here and self.live is not None:
            return self.live.live_value(oid)
        if oid in one.irrelevant or one.status == FormRecord.Status.NOT_DONE:
            return UNKNOWN
        return typed(self.kind(oid), one.data.get(oid))

    def kind(self, oid: str) -> Kind:
        return self.protocol.items[oid].kind

    # -- which visit

    def _before_here(self, series: list[Filled]) -> list[Filled]:
        """Without a record to stand in, "previous" is the one before the newest."""
        here = self.here
        if here is None:
            return series[:-1]
        if here in series:
            return series[: series.index(here)]
        return [one for one in series if one.order < here.order and one.visit_id != here.visit_id]

    def before_here(self) -> Filled | None:
        """The record of the same form at the visit before this one."""
        here = self.here
        series = self._before_here(self._forms.get(here.form_oid, [])) if here is not None else []
        return series[-1] if series else None

    def _until_day_zero(self, series: list[Filled]) -> list[Filled]:
        """The records on or before day 0; before day 0 is known, those of screening."""
        zero = self.day_zero
        before = [one for one in series if zero is not None and one.on is not None and one.on <= zero]
        return before or [one for one in series if one.visit_code in self._screening]

    @cached_property
    def day_zero(self) -> dt.date | None:
        """The first dose; where there is none, the randomization, else the start of the first course."""
        return next((on for kind in DAY_ZERO if (on := self.milestones.get((kind, 1)))), None)

    @cached_property
    def milestones(self) -> Mapping[tuple[str, int], dt.date | None]:
        return milestones_in_force(self.subject.pk) if self._milestones is None else self._milestones

    @cached_property
    def _screening(self) -> frozenset[str]:
        visits = self.protocol.visits.values()
        return frozenset(visit.code for visit in visits if visit.anchor == "consent" and visit.at.amount <= 0)


def milestones_in_force(subject_id: int) -> dict[tuple[str, int], dt.date | None]:
    """(kind, occurrence) → date of the newest row; a fact that was withdrawn is not in it."""
    rows = Milestone.objects.filter(subject_id=subject_id).order_by("id").values_list("kind", "occurrence", "on")
    newest = {(kind, occurrence): on for kind, occurrence, on in rows}
    return {key: on for key, on in newest.items() if on is not None}
