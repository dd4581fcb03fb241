"""Freezing and locking. Frozen stops edits and leaves queries open; locked stops both. Each is undone with a reason.

A hold is a column on the study, site, subject, visit or record; every save reads it under a lock that writers share and
a locker holds alone, so no save in flight commits after the hold.
"""

from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.audit.services import seal
from apps.capture.locks import lock_out_writers
from apps.capture.models import FormRecord
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.permissions import Permission
from apps.common.reasons import need_reason
from apps.review.permissions import FREEZE, LOCK
from apps.review.selectors.holds import Held
from apps.review.services.closing import refuse_unfinished
from apps.studies.access import require, require_everywhere
from apps.studies.models import Hold, Site, Study
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit


def freeze(actor: Actor, target: Held, *, reason: str) -> Held:
    """Stop edits at this level; queries stay open."""
    return _hold(actor, target, Hold.FROZEN, reason, FREEZE)


def lock(actor: Actor, target: Held, *, reason: str) -> Held:
    """Stop edits and queries at this level. The ledger is sealed first: call it outside of any transaction.

    A subject, a site or the study is locked when nothing stands in its close-out check list (or it was waived).
    """
    _require(actor, target, LOCK)
    if isinstance(target, Study | Site | Subject):
        refuse_unfinished(target)
    seal(_study_id(target))
    return _hold(actor, target, Hold.LOCKED, reason, LOCK)


def release(actor: Actor, target: Held, *, reason: str) -> Held:
    """Undo a freeze or a lock, each by its own right."""
    return _hold(actor, target, Hold.NONE, reason, LOCK if target.hold == Hold.LOCKED else FREEZE)


def _hold(actor: Actor, target: Held, hold: Hold, reason: str, permission: Permission) -> Held:
    _require(actor, target, permission)
    reason = need_reason(reason)
    _refuse(target, target, hold)  # again below, once nobody else can change it
    study_id, site_id, subject_id = _study_id(target), _site_id(target), _subject_id(target)
    with ledger(actor, study_id) as entry:
        lock_out_writers(study_id)
        held = type(target).objects.select_for_update(of=("self",)).get(pk=target.pk)
        _refuse(held, target, hold)
        if hold == Hold.LOCKED and isinstance(held, Study | Site | Subject):
            refuse_unfinished(held)  # nobody can write any more, so it stays so
        before, held.hold = held.hold, hold
        held.save(update_fields=["hold"])
        entry(
            action=f"review.hold.{'released' if hold == Hold.NONE else hold.value}",
            obj=held,
            site_id=site_id,
            subject_id=subject_id,
            reason=reason,
            audience=getattr(_visit(target), "audience", ""),
            changes=[("hold", before, hold.value)],
            outbox=True,
        )
    return held


def _refuse(held: Held, seen: Held, hold: Hold) -> None:
    if held.hold == hold:
        state = held.get_hold_display()
        raise DomainError(_("%(what)s: %(state)s already.") % {"what": held, "state": state}, code="hold_state")
    if held.hold != seen.hold:
        raise DomainError(_("Somebody changed it in between; look again."), code="hold_changed")
    if held.hold == Hold.LOCKED and hold == Hold.FROZEN:
        raise DomainError(_("It is locked; unlock it first."), code="hold_state")


def _require(actor: Actor, target: Held, permission: Permission) -> None:
    """A whole study is held only by who has the right for all its sites."""
    if isinstance(target, Study):
        require_everywhere(actor, permission, study_id=target.pk)
    else:
        require(actor, permission, study_id=_study_id(target), site_id=_site_id(target))


def _visit(target: Held) -> SubjectVisit | None:
    if isinstance(target, FormRecord):
        return target.visit
    return target if isinstance(target, SubjectVisit) else None


def _subject_id(target: Held) -> int | None:
    if isinstance(target, Subject):
        return target.pk
    return getattr(target, "subject_id", None)


def _site_id(target: Held) -> int | None:
    if isinstance(target, Site):
        return target.pk
    if isinstance(target, SubjectVisit | FormRecord):
        return target.subject.site_id
    return getattr(target, "site_id", None)


def _study_id(target: Held) -> int:
    return target.pk if isinstance(target, Study) else target.study_id
