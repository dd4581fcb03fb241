"""Which steps of a subject may be corrected on its page, and the service that each takes."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.enrolment.selectors import newest_departure
from apps.enrolment.services import correct_departure, correct_enrolment, take_back_departure
from apps.randomization.selectors import is_allocated
from apps.randomization.services import take_back_enrolment
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of
from apps.subjects.services import correct_screening

# name → words, whether a day is asked, the service
Correction = tuple[str | Promise, bool, Callable[..., Any]]
CORRECTIONS: dict[str, Correction] = {
    "screening": (gettext_lazy("The day of screening"), True, correct_screening),
    "enrolment": (gettext_lazy("The day of enrolment"), True, correct_enrolment),
    "departure": (gettext_lazy("The day on which the subject left"), True, correct_departure),
    "take_back_enrolment": (gettext_lazy("The subject should not have been enrolled"), False, take_back_enrolment),
    "take_back_departure": (gettext_lazy("The subject did not leave"), False, take_back_departure),
}


def corrections_of(subject: Subject) -> list[tuple[str, str]]:
    """(name, words) of those that the subject's state allows."""
    names = ["screening"]
    if milestones_of(subject).first("enrolment") is not None:
        names.append("enrolment")
        if subject.status == Subject.Status.ENROLLED and not is_allocated(subject):
            names.append("take_back_enrolment")
    if newest_departure(subject) is not None:
        names += ["departure", "take_back_departure"]
    return [(name, str(CORRECTIONS[name][0])) for name in names]


def carry_out(actor: Actor, subject: Subject, name: str, on: date | None, reason: str) -> None:
    _words, asks_day, service = CORRECTIONS[name]
    if not asks_day:
        service(actor, subject, reason=reason)
    elif on is None:
        raise DomainError(_("Enter the right day."), code="day", item="on")
    else:
        service(actor, subject, on, reason=reason)
