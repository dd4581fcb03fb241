"""A signature is bound to what was signed: each record's revision and the hash of its data (21 CFR 11.70)."""

import hashlib
from collections.abc import Iterable

from django.utils import timezone

from apps.audit.chain import canonical
from apps.audit.ledger import ledger
from apps.capture.models import FormRecord
from apps.common.actors import Actor
from apps.common.errors import Forbidden
from apps.review.models import Signature
from apps.review.permissions import SIGN
from apps.studies.access import require
from apps.subjects.models import Subject


def sign(
    actor: Actor, subject: Subject, *, level: str, object_id: int | str, meaning: str, records: Iterable[FormRecord]
) -> Signature:
    """Write who signed what, when and with which meaning (11.50). The identity was confirmed before, in the request."""
    require(actor, SIGN, study_id=subject.study_id, site_id=subject.site_id)
    if actor.user_id is None:
        raise Forbidden(SIGN)  # a signature is a person's
    signed = [[record.pk, record.revision, hash_of(record)] for record in records]
    with ledger(actor, subject.study_id) as entry:
        signature = Signature.objects.create(
            study_id=subject.study_id,
            subject=subject,
            level=level,
            object_id=str(object_id),
            meaning=meaning,
            signed=signed,
            signed_hash=hashlib.sha256(canonical(signed).encode()).hexdigest(),
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
        )
    return signature


def hash_of(record: FormRecord) -> str:
    return hashlib.sha256(canonical(record.data).encode()).hexdigest()


def is_current(signature: Signature, records: Iterable[FormRecord]) -> bool:
    """Whether all that was signed is still so. A change that was reverted has another revision, and breaks it too."""
    now = {record.pk: [record.pk, record.revision, hash_of(record)] for record in records}
    return all(now.get(line[0]) == line for line in signature.signed)
