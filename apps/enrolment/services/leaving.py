"""Out of the trial: why and when a subject left screening, treatment or the trial."""

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.enrolment.models import Departure
from apps.enrolment.permissions import DEPART_SUBJECT
from apps.studies.access import require
from apps.subjects.models import Subject
from apps.subjects.services import (
    change_status,
    lock_subject,
    refuse_future,
    refuse_held,
    set_milestone,
)
from apps.visits.services import replan

Kind = Departure.Kind
Status = Subject.Status
DEPARTURES = {
    Kind.SCREEN_FAILURE: Status.SCREEN_FAILED,
    Kind.WITHDRAWAL: Status.WITHDRAWN,
    Kind.LOST: Status.LOST,
    Kind.DEATH: Status.DIED,
    Kind.COMPLETION: Status.COMPLETED,
    Kind.OFF_TREATMENT: Status.OFF_TREATMENT,
}
SCOPES = {
    "treatment": gettext_lazy("Treatment only; follow-up goes on"),
    "follow_up": gettext_lazy("Treatment and follow-up; data so far may be used"),
    "data_use": gettext_lazy("Treatment, follow-up and further use of data"),
}


def depart(
    actor: Actor, subject: Subject, kind: str, on: date, *, reason: str, scope: str = "", note: str = ""
) -> Departure:
    """Say that and why a subject left (screening, treatment or the trial) on a day; what was collected stays.

    Refused: no reason, a future day, a withdrawal without its scope, a step that the status does not allow.
    """
    require(actor, DEPART_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    _refuse_incomplete(kind, reason, scope)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        refuse_held(subject.study, subject.site, subject)
        refuse_future(subject.site, on)
        scope = scope if kind == Kind.WITHDRAWAL else ""
        departure = departure_row(subject, actor, kind, on, reason.strip(), scope)
        entry(
            action=f"enrolment.{kind}.recorded",
            obj=departure,
            label=subject.number,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("on", None, on)] + ([("scope", None, scope)] if scope else []),
            reason=reason.strip(),
            details={"note": note.strip()} if note.strip() else {},
            audience="unblinded" if what_it_means(kind, scope) == Kind.OFF_TREATMENT else "",
            outbox=True,
        )
        means = what_it_means(kind, scope)
        set_milestone(actor, subject, means, on)
        subject = change_status(actor, subject, DEPARTURES[means], reason=reason.strip())
        replan(actor, subject)
    return departure


def what_it_means(kind: str, scope: str) -> Kind:
    """A withdrawal from treatment alone ends the treatment; the subject stays in the trial and is followed."""
    return Kind.OFF_TREATMENT if kind == Kind.WITHDRAWAL and scope == "treatment" else Kind(kind)


def departure_row(subject: Subject, actor: Actor, kind: str, on: date, reason: str, scope: str) -> Departure:
    return Departure.objects.create(
        study_id=subject.study_id,
        subject=subject,
        kind=kind,
        on=on,
        reason=reason,
        scope=scope,
        at=timezone.now(),
        actor_id=actor.user_id,
    )


def _refuse_incomplete(kind: str, reason: str, scope: str) -> None:
    if kind not in DEPARTURES:
        raise DomainError(_("This is no way to leave a study."), code="kind", item="kind")
    if not reason.strip():
        raise DomainError(_("Say why."), code="reason_required", item="reason")
    if kind == Kind.WITHDRAWAL and scope not in SCOPES:
        raise DomainError(_("Say what the withdrawal covers."), code="scope_required", item="scope")
