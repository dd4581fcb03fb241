"""Into the trial and out of it, and what was recorded wrongly on the way."""

from apps.enrolment.services.correcting import correct_departure, correct_enrolment, take_back_departure
from apps.enrolment.services.entering import (
    confirm_eligibility,
    enrol_subject,
    open_due_branches,
    refuse_status,
    refuse_unconfirmed,
    refuse_without_consent,
    screen,
)
from apps.enrolment.services.leaving import DEPARTURES, SCOPES, depart

__all__ = [
    "DEPARTURES",
    "SCOPES",
    "confirm_eligibility",
    "correct_departure",
    "correct_enrolment",
    "depart",
    "enrol_subject",
    "open_due_branches",
    "refuse_status",
    "refuse_unconfirmed",
    "refuse_without_consent",
    "screen",
    "take_back_departure",
]
