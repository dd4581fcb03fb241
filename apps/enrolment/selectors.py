"""Reads about eligibility and enrolment: the assessment of now, the one that was confirmed, what stands in the way."""

from dataclasses import dataclass

from apps.capture.scope import SubjectScope
from apps.enrolment.assessing import Assessment, assess
from apps.enrolment.models import Departure, EligibilityAssessment
from apps.studies.models import Site, Study
from apps.studies.protocol import Protocol, get_protocol, protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import count_enrolled


def assess_now(subject: Subject, protocol: Protocol | None = None, scope: SubjectScope | None = None) -> Assessment:
    """The verdicts on the subject's data as it stands, by the version that its site works by.

    ``scope``: where the caller reads more of the same data.
    """
    protocol = protocol or protocol_for_site(subject.site)
    return assess(subject, protocol, scope or SubjectScope(subject, protocol))


def confirmed_assessment(subject: Subject) -> EligibilityAssessment | None:
    """What an investigator last stood for."""
    return EligibilityAssessment.objects.filter(subject=subject, confirmed=True).order_by("-id").first()


def confirmed_version(subject: Subject) -> int | None:
    """By which version an investigator last stood for the eligibility."""
    confirmed = confirmed_terms(subject)
    return confirmed[0] if confirmed else None


def confirmed_terms(subject: Subject) -> tuple[int, dict[str, str]] | None:
    """By which version, and what was waived: criterion → reason."""
    confirmed = EligibilityAssessment.objects.filter(subject=subject, confirmed=True).order_by("-id")
    return confirmed.values_list("version_id", "waived").first()


def departures_in_force(subject: Subject) -> list[Departure]:
    """Each step out that counts, in order: of a corrected one the newest row, without those that were taken back."""
    steps: list[Departure] = []
    for row in Departure.objects.filter(subject=subject).order_by("pk"):
        if row.kind == Departure.Kind.TAKEN_BACK:
            steps = steps[:-1]
        elif steps and (steps[-1].kind, steps[-1].scope) == (row.kind, row.scope):
            steps[-1] = row
        else:
            steps.append(row)
    return steps


def newest_departure(subject: Subject) -> Departure | None:
    return next(reversed(departures_in_force(subject)), None)


@dataclass(frozen=True)
class Room:
    """Places left: ``None`` where the protocol names no target or the site has no cap."""

    enrolled: int
    target: int | None
    site_enrolled: int
    site_cap: int | None

    @property
    def left(self) -> int | None:
        """Places that the study or the site has left, whichever is fewer; None where neither is bounded."""
        bounds = [(self.target, self.enrolled), (self.site_cap, self.site_enrolled)]
        return min((bound - taken for bound, taken in bounds if bound is not None), default=None)

    @property
    def is_nearly_full(self) -> bool:
        """A tenth of the places or less is left, or two."""
        bounds = [(self.target, self.enrolled), (self.site_cap, self.site_enrolled)]
        return any(bound is not None and 0 < bound - taken <= max(2, bound // 10) for bound, taken in bounds)

    @property
    def is_study_full(self) -> bool:
        return self.target is not None and self.enrolled >= self.target

    @property
    def is_site_full(self) -> bool:
        return self.site_cap is not None and self.site_enrolled >= self.site_cap


def room_for(study: Study, site: Site) -> Room:
    target = get_protocol(study.version_id).definition.target if study.version_id else None
    return Room(count_enrolled(study), target, count_enrolled(study, site), site.cap)
