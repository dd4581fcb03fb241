"""Lists that nobody reads before their use: encrypted by a key that the database does not hold, bound by a commitment.

The commitment is SHA-256(nonce ‖ canonical JSON of configuration, seed and lists); it is published in the ledger when
the list is made. After the study nonce and seed are revealed, and anyone can derive and compare everything.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.translation import gettext as _

from apps.common.errors import DomainError

# every entry is padded to this, so that the length of what is stored does not tell the arm
ENTRY_SIZE = 256
Sealed = bytes | memoryview | None  # as the database gives it


@dataclass(frozen=True)
class Secret:
    """Both 32 bytes."""

    nonce: bytes
    seed: bytes


class BrokenSeal(ValueError):
    """What is stored cannot be opened by the key, or is another slot's."""


def commitment(config: Mapping[str, Any], secret: Secret, lists: Mapping[str, list[str]]) -> str:
    whole = {"config": config, "seed": secret.seed.hex(), "lists": lists}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(secret.nonce + text.encode()).hexdigest()


def seal_secret(secret: Secret) -> bytes:
    return _fernet().encrypt(json.dumps({"nonce": secret.nonce.hex(), "seed": secret.seed.hex()}).encode())


def open_secret(sealed: Sealed) -> Secret:
    opened = json.loads(_open(sealed))
    return Secret(bytes.fromhex(opened["nonce"]), bytes.fromhex(opened["seed"]))


def seal_arm(stratum: str, position: int, arm: str) -> bytes:
    """The entry names its place, so that two entries cannot be exchanged unseen."""
    entry = json.dumps([stratum, position, arm]).encode()
    return _fernet().encrypt(entry.ljust(ENTRY_SIZE))


def open_arm(stratum: str, position: int, sealed: Sealed) -> str:
    found_stratum, found_position, arm = json.loads(_open(sealed))
    if (found_stratum, found_position) != (stratum, position):
        raise BrokenSeal(f"the entry belongs to {found_stratum} {found_position}")
    return str(arm)


def _open(sealed: Sealed) -> bytes:
    try:
        return _fernet().decrypt(bytes(sealed or b""))
    except InvalidToken as error:
        raise BrokenSeal("the entry cannot be opened by the allocation key") from error


def _fernet() -> Fernet:
    try:
        return Fernet(settings.ALLOCATION_KEY)
    except ValueError as error:
        raise DomainError(
            _("The server has no usable allocation key, so no list can be made or read; ask the operator."),
            code="allocation_key",
        ) from error
