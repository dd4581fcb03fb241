"""The dated facts of a subject in words."""

from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.casebook.selectors.reader import Reader
from apps.enrolment.models import Departure
from apps.enrolment.selectors import newest_departure
from apps.enrolment.services import DEPARTURES
from apps.studies.protocol import protocol_for_site
from apps.subjects.milestones import TREATMENT, Milestones
from apps.subjects.models import Subject

NAMES: dict[str, str | Promise] = {
    "consent": _("Informed consent"),
    "reconsent": _("Consent given again"),
    "assent": _("Assent"),
    "enrolment": _("Enrolment"),
    "randomization": _("Randomization"),
    "first_dose": _("First dose"),
    "last_dose": _("Last dose"),
    "dose_change": _("Dose change"),
    "course_start": _("Start of a course"),
    "relapse": _("Relapse"),
    "stabilization": _("Stabilization"),
    "treatment_stop": _("Final stop of treatment"),
    "off_treatment": _("End of treatment"),
    "withdrawal": _("Withdrawal of consent"),
    "screen_failure": _("Screen failure"),
    "lost": _("Lost to follow-up"),
    "death": _("Death"),
    "completion": _("Completion"),
    "disposition": _("End of the study"),
}


@dataclass(frozen=True)
class Fact:
    name: str | Promise
    occurrence: int
    on: date


def milestone_lines(reader: Reader, subject: Subject, facts: Milestones) -> list[Fact]:
    """In the order of their days, on one day in the order of a trial.

    Facts of the treatment and those of blinded items are absent for the blinded.
    """
    hidden = TREATMENT | _blinded_kinds(subject) if reader.blinded else frozenset()
    places = {kind: place for place, kind in enumerate(NAMES)}
    known = [(on, places.get(kind, 99), n, kind) for (kind, n), on in facts.dates.items()]
    return [Fact(NAMES.get(kind, kind), n, on) for on, _place, n, kind in sorted(known) if kind not in hidden]


def _blinded_kinds(subject: Subject) -> set[str]:
    protocol = protocol_for_site(subject.site)
    return {
        str(item.definition.milestone)
        for item in protocol.items.values()
        if item.definition.milestone and (item.definition.blinding or protocol.forms[item.form_oid].blinded)
    }


def departure_of(reader: Reader, subject: Subject) -> Departure | None:
    """Why the subject left; the end of treatment is not for the blinded."""
    if subject.status not in DEPARTURES.values():
        return None
    departure = newest_departure(subject)
    hidden = departure is not None and reader.blinded and subject.status == Subject.Status.OFF_TREATMENT
    return None if hidden else departure
