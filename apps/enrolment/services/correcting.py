"""A day or a step that was recorded wrongly: corrected with a reason, nothing erased."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from apps.audit.ledger import Entry, ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.enrolment.models import Departure
from apps.enrolment.permissions import DEPART_SUBJECT, ENROL_SUBJECT
from apps.enrolment.selectors import departures_in_force
from apps.enrolment.services.entering import refuse_without_consent
from apps.enrolment.services.leaving import DEPARTURES, departure_row, what_it_means
from apps.studies.access import require
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of
from apps.subjects.services import (
    lock_subject,
    refuse_future,
    refuse_held,
    restore_status,
    set_milestone,
)
from apps.visits.services import replan

Kind = Departure.Kind
Status = Subject.Status


def correct_departure(actor: Actor, subject: Subject, on: date, *, reason: str) -> Departure:
    """The subject left on another day than was recorded. Refused: nobody left, a future day, no reason, a hold."""
    require(actor, DEPART_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject, steps = _departed(subject)
        refuse_future(subject.site, on)
        last = steps[-1]
        departure = departure_row(subject, actor, last.kind, on, last.reason, last.scope)
        _tell_correction(entry, subject, departure, [("on", last.on, on)], reason)
        set_milestone(actor, subject, what_it_means(last.kind, last.scope), on, reason=reason)
        replan(actor, subject)
    return departure


def take_back_departure(actor: Actor, subject: Subject, *, reason: str) -> Departure:
    """The subject did not leave: the status is again what it was. Refused: nobody left, no reason, a hold."""
    require(actor, DEPART_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject, steps = _departed(subject)
        last = steps[-1]
        departure = departure_row(subject, actor, Kind.TAKEN_BACK, last.on, reason, "")
        _tell_correction(entry, subject, departure, [("on", last.on, None)], reason)
        set_milestone(actor, subject, what_it_means(last.kind, last.scope), None, reason=reason)
        subject = restore_status(actor, subject, _status_by(subject, steps[:-1]), reason=reason)
        replan(actor, subject)
    return departure


def correct_enrolment(actor: Actor, subject: Subject, on: date, *, reason: str) -> Subject:
    """The subject was enrolled on another day. Refused: nobody was, a day in the future or before consent, a hold."""
    require(actor, ENROL_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        before = milestones_of(subject).first("enrolment")
        if before is None:
            raise DomainError(
                _("%(subject)s has not been enrolled.") % {"subject": subject.number}, code="not_enrolled", item="what"
            )
        refuse_held(subject.study, subject.site, subject)
        refuse_future(subject.site, on)
        refuse_without_consent(subject, on)
        entry(
            action="enrolment.enrolment.corrected",
            obj=subject,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("enrolled_on", before, on)],
            reason=reason,
        )
        set_milestone(actor, subject, "enrolment", on, reason=reason)
        replan(actor, subject)
    return subject


def _departed(subject: Subject) -> tuple[Subject, list[Departure]]:
    subject = lock_subject(subject)
    refuse_held(subject.study, subject.site, subject)
    steps = departures_in_force(subject)
    if not steps:
        raise DomainError(_("%(subject)s has not left.") % {"subject": subject.number}, code="not_departed", item="what")
    return subject, steps


def _status_by(subject: Subject, steps: list[Departure]) -> str:
    """What the steps that still count make of the subject."""
    if steps:
        return DEPARTURES[what_it_means(steps[-1].kind, steps[-1].scope)]
    facts = milestones_of(subject)
    if facts.first("enrolment") is None:
        return Status.SCREENED
    if facts.first("first_dose") is not None:
        return Status.ON_TREATMENT
    return Status.RANDOMIZED if facts.first("randomization") is not None else Status.ENROLLED


def _tell_correction(entry: Entry, subject: Subject, departure: Departure, changes: list[Any], reason: str) -> None:
    """Whether and when treatment ended may tell the arm."""
    is_treatment = subject.status == Status.OFF_TREATMENT
    entry(
        action="enrolment.departure.corrected",
        obj=departure,
        label=subject.number,
        site_id=subject.site_id,
        subject_id=subject.pk,
        changes=changes,
        reason=reason,
        audience="unblinded" if is_treatment else "",
        outbox=True,
    )
