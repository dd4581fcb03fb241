"""Lists that nobody reads before their use: encrypted by a key that the database does not hold."""

import json

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.translation import gettext as _

from apps.common.errors import DomainError
from apps.randomization.drawing import Secret

# every entry is padded to this, so that the length of what is stored does not tell the arm
ENTRY_SIZE = 256
Sealed = bytes | memoryview | None  # as the database gives it


class BrokenSeal(ValueError):
    """What is stored cannot be opened by the key, or is another slot's."""


def seal_secret(secret: Secret) -> bytes:
    whole = {"nonce": secret.nonce.hex(), "seed": secret.seed.hex(), "lists": secret.lists}
    return _fernet().encrypt(json.dumps(whole).encode())


def open_secret(sealed: Sealed) -> Secret:
    opened = json.loads(_open(sealed))
    return Secret(bytes.fromhex(opened["nonce"]), bytes.fromhex(opened["seed"]), opened.get("lists"))


def seal_text(text: str) -> str:
    """For what a page hands back unread: the person's browser carries it and cannot read it."""
    return _fernet().encrypt(text.encode()).decode()


def open_text(sealed: str) -> str:
    return _open(sealed.encode()).decode()


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
