"""What binds a signature to a record: its values' hash, and the revision at which one of them last changed.

So a change that is reverted breaks the signature too (21 CFR 11.70), and a save that changes nothing does not.
"""

import hashlib
from typing import Any

from apps.audit.chain import canonical
from apps.capture.models import FormRecord

Signed = list[Any]  # [record id, revision, SHA-256, status, hidden paths]


def binding_of(record: FormRecord) -> Signed:
    revision = max(record.changed.values(), default=0)
    return [record.pk, revision, hash_of(record), str(record.status), list(record.irrelevant)]


def hash_of(record: FormRecord) -> str:
    return hashlib.sha256(canonical(record.data).encode()).hexdigest()


def hash_of_all(signed: list[Signed]) -> str:
    return hashlib.sha256(canonical(signed).encode()).hexdigest()
