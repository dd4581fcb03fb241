"""Signing where the chains now end, and copying the seals off the database."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.audit.chain import chain_of
from apps.audit.copies import copy_seals, last_copied
from apps.audit.database import sealed_position
from apps.audit.models import Chain, Seal
from apps.audit.sealing import SealedPosition, UnusableKey, private_key, sign
from apps.common.errors import DomainError


def seal(study_id: int | None) -> SealedPosition | None:
    """Seal the study's chain (``None``: the system's) where it now ends, and copy the seal off the database.

    Call it before what leans on history: an export, a lock. Outside any transaction (RuntimeError otherwise): a seal of
    an event that is then rolled back would later accuse an honest database. Returns the newest seal, or None where the
    chain has no events. DomainError where no usable key is set.
    """
    return seal_chain(chain_of(study_id))


def seal_chains() -> int:
    """Seal every chain that moved since its last seal; how many were."""
    before = set(Seal.objects.values_list("pk", flat=True).order_by("-pk")[:1])
    for key in Chain.objects.filter(seq__gt=0).order_by("key").values_list("key", flat=True):
        seal_chain(key)
    return Seal.objects.filter(pk__gt=max(before, default=0)).count()


def seal_chain(chain: str) -> SealedPosition | None:
    with transaction.atomic(durable=True):
        head = Chain.objects.filter(key=chain, seq__gt=0).first()
        if head is None:
            return None
        newest = Seal.objects.filter(chain=chain).order_by("-seq", "-pk").first()
        if newest is None or newest.seq < head.seq:
            newest = _sealed(head)
    # after the commit: a copy of a seal that the database lost would look like a seal that somebody removed
    folder = settings.SEAL_DIR
    missing = Seal.objects.filter(chain=chain, seq__gt=last_copied(folder, chain)).order_by("seq", "pk")
    copy_seals(folder, chain, [sealed_position(row) for row in missing])
    return sealed_position(newest)


def _sealed(head: Chain) -> Seal:
    try:
        key = private_key(settings.SEAL_KEY)
    except UnusableKey as error:
        raise DomainError(str(error), code="no_seal_key") from error
    at = timezone.now()
    signed = sign(key, head.key, head.seq, bytes(head.head_hash), at.isoformat())
    return Seal.objects.create(
        chain=head.key,
        seq=head.seq,
        hash=signed.hash,
        at=at,
        public_key=signed.public_key,
        signature=signed.signature,
    )
