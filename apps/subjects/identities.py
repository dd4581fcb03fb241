"""The site's own list of who its subjects are, encrypted by a key of the site that the database does not hold."""

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from apps.common.errors import DomainError
from apps.studies.models import Site

FIELDS = ("name", "contact", "hospital_number")
SIZE = 1024  # padded, so that the length of what is stored does not tell a name


def seal(site: Site, subject_id: int, values: dict[str, str]) -> bytes:
    """Bound to the subject, so that two entries cannot be exchanged unseen."""
    whole = json.dumps([subject_id, values], ensure_ascii=False).encode()
    return _fernet(site).encrypt(whole.ljust(SIZE))


def unseal(site: Site, subject_id: int, sealed: Any) -> dict[str, str]:
    try:
        found_id, values = json.loads(_fernet(site).decrypt(bytes(sealed)))
    except (InvalidToken, ValueError) as error:
        raise _unreadable() from error
    if found_id != subject_id:
        raise _unreadable()
    return {field: values.get(field, "") for field in FIELDS}


def _unreadable() -> DomainError:
    words = _("An entry of the identification list cannot be opened by the site's key; ask the operator.")
    return DomainError(words, code="unreadable_identity")


def _fernet(site: Site) -> Fernet:
    """Each site's key is derived from the server's allocation key (HKDF, RFC 5869), so one site's opens no other's list."""
    try:
        secret = base64.urlsafe_b64decode(settings.ALLOCATION_KEY)
        if len(secret) != 32:
            raise ValueError("a key has 32 bytes")
    except ValueError as error:
        raise DomainError(
            _("The server has no usable key for identification lists; ask the operator."), code="identity_key"
        ) from error
    info = f"identification list of site {site.pk} of study {site.study_id}".encode()
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)
    return Fernet(base64.urlsafe_b64encode(derived))
