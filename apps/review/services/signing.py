"""Signatures: who, when and with which meaning (21 CFR 11.50), bound to what was signed (11.70).

The identity was confirmed before, in the request (11.200): password, and the second factor where the person has one.
"""

from collections.abc import Iterable, Mapping

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.capture.locks import join_writers
from apps.capture.models import FormRecord
from apps.common.actors import Actor
from apps.common.errors import Conflict, DomainError, Forbidden
from apps.review.binding import binding_of, hash_of_all
from apps.review.models import Signature
from apps.review.permissions import SIGN
from apps.review.selectors.signatures import Signable, level_of, meaning_of, records_to_sign, subject_of
from apps.studies.access import require
from apps.studies.holding import refusal
from apps.studies.models import Hold
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit


def sign_data(actor: Actor, target: Signable, seen: Mapping[int, int]) -> Signature:
    """An investigator signs a form, a visit or the casebook; ``seen``: record id → revision that the page showed.

    Refused: nothing entered, a form that is still in progress, a lock. Conflict when something was saved in between.
    """
    subject = subject_of(target)
    require(actor, SIGN, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id):
        join_writers(subject.study_id)
        _refuse_locked(type(target).objects.get(pk=target.pk))
        records = records_to_sign(actor, target, lock=True)
        _refuse_unfinished(records)
        if {record.pk: record.revision for record in records} != dict(seen):
            raise Conflict(_("Something was saved since you opened this page. Look at it again, then sign."), code="stale")
        level = level_of(target)
        return sign(actor, subject, level=level, object_id=target.pk, meaning=meaning_of(level), records=records)


def sign(
    actor: Actor, subject: Subject, *, level: str, object_id: int | str, meaning: str, records: Iterable[FormRecord]
) -> Signature:
    """Write the signature. ``meaning`` is the English sentence; it is shown in the reader's language."""
    require(actor, SIGN, study_id=subject.study_id, site_id=subject.site_id)
    if actor.user_id is None:
        raise Forbidden(SIGN)  # a signature is a person's
    signed = [binding_of(record) for record in records]
    with ledger(actor, subject.study_id) as entry:
        signature = Signature.objects.create(
            study_id=subject.study_id,
            subject=subject,
            level=level,
            object_id=str(object_id),
            meaning=meaning,
            signed=signed,
            signed_hash=hash_of_all(signed),
            at=timezone.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
        )
        entry(
            action="review.signature.given",
            obj=signature,
            label=f"{subject.number}: {level}",
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("meaning", None, meaning), ("signed_hash", None, signature.signed_hash)],
            details={"level": level, "object": str(object_id)},
        )
    return signature


def _refuse_unfinished(records: list[FormRecord]) -> None:
    if not records:
        raise DomainError(_("There is nothing to sign yet."), code="nothing")
    unfinished = [str(record) for record in records if record.status == FormRecord.Status.INCOMPLETE]
    if unfinished:
        raise DomainError(
            _("Still in progress, so it cannot be signed: %(forms)s. Complete it first.")
            % {"forms": ", ".join(unfinished[:10])},
            code="unfinished",
        )


def _refuse_locked(target: Signable) -> None:
    """A freeze leaves signing possible, a lock does not."""
    subject = subject_of(target)
    visit = target.visit if isinstance(target, FormRecord) else target if isinstance(target, SubjectVisit) else None
    for held in (subject.study, subject.site, subject, visit, target):
        if held is not None and held.hold == Hold.LOCKED:
            raise refusal(held)
