"""Saving a form, saying that it was not done, taking a record out and back in."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.capture.asking import is_confirmed
from apps.capture.attempt import evaluate_entered, scope_around, typed_over
from apps.capture.conflicts import conflict
from apps.capture.consents import refuse_without_consent
from apps.capture.evaluation import Evaluation, evaluate
from apps.capture.models import FormRecord
from apps.capture.paths import changes_between, item_of
from apps.capture.permissions import INACTIVATE_RECORD
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.services.writing import Intended, write
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.subjects.consent import GIVEN
from apps.visits.models import SubjectVisit

Status = FormRecord.Status
CLOSED_VISITS = (SubjectVisit.Status.MISSED, SubjectVisit.Status.SKIPPED, SubjectVisit.Status.NOT_APPLICABLE)
REASON_MAX = 2000


def save_record(
    actor: Actor,
    ref: RecordRef,
    values: Mapping[str, Any],
    revision: int,
    *,
    reason: str = "",
    complete: bool = False,
) -> FormRecord:
    """Save what was typed over ``revision`` (0: nothing was saved yet); what ``values`` does not name stays.

    Refused, with nothing changed: no right, a hold, no consent, a stale revision (Conflict), input that cannot be read
    (Refused, each problem at its item), no reason once the form was complete, and *complete* while a hard check fires
    that nobody confirmed. One transaction; at most four statements.
    """
    place = load_place(actor, ref, writes=True)
    place.require(place.entry_right)
    refuse_closed(place)
    entered = typed_over(place, values)
    if revision != place.revision:
        raise conflict(actor, place, entered, revision)
    outcome = evaluate_entered(place, entered, complete=complete or place_is(place, Status.COMPLETE))
    status = _status_after(place, outcome, complete)
    refuse_without_reason(place, outcome.data, reason)
    is_new = status == Status.COMPLETE and not place_is(place, Status.COMPLETE)
    intended = Intended(
        data=outcome.data,
        status=status,
        irrelevant=outcome.irrelevant,
        action="capture.record.completed" if is_new else "capture.record.saved",
        reason=reason.strip(),
        findings=[one for one in outcome.findings if one.severity != "required" or status == Status.COMPLETE],
        typed=entered,
    )
    return write(actor, place, intended)


def record_not_done(actor: Actor, ref: RecordRef, revision: int, *, reason: str) -> FormRecord:
    """The whole form was not done, with why. Refused while it holds values: they would silently stop counting."""
    place = load_place(actor, ref, writes=True)
    place.require(place.entry_right)
    refuse_closed(place)
    _refuse_stale(actor, place, revision)
    need_reason(reason)
    if place.data:
        raise DomainError(
            _("The form holds values. Empty them first, or take the whole form out of the data."), code="has_values"
        )
    outcome = evaluate(place.form, {}, scope_around(place))
    intended = Intended({}, Status.NOT_DONE, outcome.irrelevant, "capture.record.not_done", reason.strip())
    return write(actor, place, intended)


def inactivate_record(actor: Actor, ref: RecordRef, revision: int, *, reason: str) -> FormRecord:
    """Take a record out of the data, with why; it stays readable, and its queries close."""
    return _set_inactive(actor, ref, revision, reason, True)


def reactivate_record(actor: Actor, ref: RecordRef, revision: int, *, reason: str) -> FormRecord:
    """Take a record back into the data as it was; its checks run again."""
    return _set_inactive(actor, ref, revision, reason, False)


def _set_inactive(actor: Actor, ref: RecordRef, revision: int, reason: str, inactive: bool) -> FormRecord:
    place = load_place(actor, ref)
    place.require(INACTIVATE_RECORD)
    place.refuse_held()
    _refuse_stale(actor, place, revision)
    need_reason(reason)
    record = place.record
    if record is None or record.inactive == inactive:
        raise DomainError(_("There is nothing to change."), code="nothing")
    is_complete = record.status == Status.COMPLETE
    outcome = evaluate(place.form, record.data, scope_around(place), complete=is_complete)
    intended = Intended(
        data=record.data if inactive else outcome.data,
        status=record.status,
        irrelevant=record.irrelevant if inactive else outcome.irrelevant,
        action="capture.record.inactivated" if inactive else "capture.record.reactivated",
        reason=reason.strip(),
        inactive=inactive,
        findings=[] if inactive or record.status == Status.NOT_DONE else outcome.findings,
    )
    return write(actor, place, intended)


# -- what may not be


def refuse_closed(place: RecordPlace) -> None:
    """Holds, an inactive record, a visit that did not take place, a planned visit before consent."""
    place.refuse_held()
    if place.record is not None and place.record.inactive:
        raise DomainError(_("This record was taken out of the data; take it back in first."), code="inactive")
    if place.visit is None:
        return
    if place.visit.status in CLOSED_VISITS:
        raise DomainError(
            _("The visit is marked “%(status)s”; reopen it first.") % {"status": place.visit.get_status_display()},
            code="visit_closed",
        )
    visit = place.protocol.visits.get(place.visit.code)
    takes_consent = any(item.definition.milestone in GIVEN for item in place.form.items.values())
    if visit is not None and visit.kind == "scheduled" and not takes_consent:
        refuse_without_consent(place)


def _refuse_stale(actor: Actor, place: RecordPlace, revision: int) -> None:
    if revision != place.revision:
        raise conflict(actor, place, None, revision)


def need_reason(reason: str) -> None:
    if not reason.strip():
        raise DomainError(_("Say why this is changed."), code="reason_required", item="reason")
    if len(reason) > REASON_MAX or "\0" in reason:
        raise DomainError(_("The reason is a text of at most %(limit)s characters.") % {"limit": REASON_MAX}, code="reason")


def refuse_without_reason(place: RecordPlace, data: Mapping[str, Any], reason: str) -> None:
    """Once a form was complete, each change of a value says why; computed values follow without."""
    if reason:
        need_reason(reason)
    if place.record is None or place.record.completed_at is None:
        return
    items = place.form.items
    entered = (item_of(path) for path, _old, _new in changes_between(place.data, dict(data)))
    if any(oid not in items or items[oid].compute is None for oid in entered):
        need_reason(reason)


def _status_after(place: RecordPlace, outcome: Evaluation, complete: bool) -> str:
    """A hard check that nobody confirmed blocks *complete*; it takes a complete form back to in progress."""
    blocking = [one for one in outcome.findings if one.is_hard and not is_confirmed(one, place.queries)]
    if complete and blocking:
        raise DomainError(
            _("The form cannot be completed: %(count)s entries break a rule. Correct them, or answer their query.")
            % {"count": len(blocking)},
            code="hard_checks",
            item=blocking[0].item_oid,
            details={"findings": blocking, "all": outcome.findings},
        )
    if complete or (place_is(place, Status.COMPLETE) and not blocking):
        return Status.COMPLETE
    return Status.INCOMPLETE


def place_is(place: RecordPlace, status: str) -> bool:
    return place.record is not None and place.record.status == status
