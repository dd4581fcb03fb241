"""Flags: raised once an occasion, acknowledged and resolved by a person with a note."""

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.capture.models import FormRecord
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.safety.models import Flag, FlagStep
from apps.safety.permissions import HANDLE_FLAGS
from apps.studies.access import require
from apps.subjects.models import Subject


def raise_flag(
    actor: Actor,
    subject: Subject,
    *,
    kind: str,
    occasion: str,
    severity: str,
    text: dict[str, str],
    record: FormRecord | None = None,
    item_oid: str = "",
    audience: str = "",
) -> Flag:
    """Raise a flag, or find the one that this occasion already raised. ``text`` is {en, zh}.

    ``audience`` "unblinded" keeps it from whoever must not learn the arm.
    """
    require(actor, HANDLE_FLAGS, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id) as entry:
        flag, created = Flag.objects.get_or_create(
            study_id=subject.study_id,
            occasion=occasion,
            defaults={
                "subject": subject,
                "record": record,
                "item_oid": item_oid,
                "kind": kind,
                "severity": severity,
                "text": text,
                "audience": audience,
            },
        )
        if created:
            entry(
                action="safety.flag.raised",
                obj=flag,
                label=f"{subject.number}: {kind}",
                site_id=subject.site_id,
                subject_id=subject.pk,
                audience=audience,
                changes=[("severity", None, severity), ("text", None, text["en"])],
                outbox=True,
            )
    return flag


def acknowledge_flag(actor: Actor, flag: Flag, *, note: str = "") -> Flag:
    """Say that the flag was seen; it stays on the board until it is resolved."""
    return _step(actor, flag, Flag.Status.ACKNOWLEDGED, note, allowed={Flag.Status.OPEN})


def resolve_flag(actor: Actor, flag: Flag, *, note: str) -> Flag:
    """Close the flag with what was done about it; the note is required."""
    if not note.strip():
        raise DomainError(_("Say what was done about it before you resolve the flag."), code="note_missing", item="note")
    return _step(actor, flag, Flag.Status.RESOLVED, note, allowed={Flag.Status.OPEN, Flag.Status.ACKNOWLEDGED})


def _step(actor: Actor, flag: Flag, status: Flag.Status, note: str, *, allowed: set[str]) -> Flag:
    subject = flag.subject
    require(actor, HANDLE_FLAGS, study_id=flag.study_id, site_id=subject.site_id)
    with ledger(actor, flag.study_id) as entry:
        flag = Flag.objects.select_for_update(of=("self",)).get(pk=flag.pk)
        if flag.status not in allowed:
            raise DomainError(
                _("This flag is already %(status)s.") % {"status": flag.get_status_display().lower()}, code="flag_state"
            )
        before, flag.status = flag.status, status
        flag.save(update_fields=["status"])
        FlagStep.objects.create(
            study_id=flag.study_id,
            flag=flag,
            step=status,
            note=note.strip(),
            at=timezone.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
        )
        entry(
            action=f"safety.flag.{status}",
            obj=flag,
            label=f"{subject.number}: {flag.kind}",
            site_id=subject.site_id,
            subject_id=subject.pk,
            reason=note.strip(),
            audience=flag.audience,
            changes=[("status", before, str(status))],
        )
    return flag
