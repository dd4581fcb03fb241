"""The dated facts of a subject in words."""

from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.casebook.selectors.reader import Reader
from apps.studies.protocol import protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of

NAMES: dict[str, str | Promise] = {
    "consent": _("Informed consent"),
    "enrolment": _("Enrolment"),
    "randomization": _("Randomization"),
    "first_dose": _("First dose"),
    "last_dose": _("Last dose"),
    "dose_change": _("Dose change"),
    "course_start": _("Start of a course"),
    "relapse": _("Relapse"),
    "treatment_stop": _("Final stop of treatment"),
    "off_treatment": _("End of treatment"),
    "withdrawal": _("Withdrawal of consent"),
    "screen_failure": _("Screen failure"),
    "lost": _("Lost to follow-up"),
    "death": _("Death"),
    "completion": _("Completion"),
}


@dataclass(frozen=True)
class Fact:
    name: str | Promise
    occurrence: int
    on: date


def milestone_lines(reader: Reader, subject: Subject) -> list[Fact]:
    """In the order of their days. Facts that stand on blinded items are absent for the blinded."""
    hidden = _blinded_kinds(subject) if reader.blinded else set()
    facts = [
        Fact(NAMES.get(kind, kind), occurrence, on)
        for (kind, occurrence), on in milestones_of(subject).dates.items()
        if kind not in hidden
    ]
    return sorted(facts, key=lambda fact: (fact.on, str(fact.name), fact.occurrence))


def _blinded_kinds(subject: Subject) -> set[str]:
    protocol = protocol_for_site(subject.site)
    return {
        item.definition.milestone
        for item in protocol.items.values()
        if item.definition.milestone and (item.definition.blinding or protocol.forms[item.form_oid].blinded)
    }
