"""What a seal is, in pure Python: a chain's position and hash, signed with Ed25519 by a key outside the database.

No Django here: see ``chain.py``.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BYTES = 32


class UnusableKey(ValueError):
    """The key is missing or is no Ed25519 key; the message says what would be right."""


@dataclass(frozen=True)
class SealedPosition:
    """A seal wherever it is kept: in the database, in a file beside it, in an export. ``at`` is ISO 8601, UTC."""

    chain: str
    seq: int
    hash: bytes
    at: str
    public_key: bytes
    signature: bytes

    def text(self) -> bytes:
        """What is signed. The words in front keep a signature from meaning anything else."""
        return f"TrialCapture seal v1\n{self.chain}\n{self.seq}\n{self.hash.hex()}\n{self.at}\n".encode()

    def is_genuine(self) -> bool:
        """Whether the key that the seal names has signed it. Whether that key is trusted is another question."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(self.signature, self.text())
        except (InvalidSignature, ValueError):
            return False
        return True

    def as_dict(self) -> dict[str, Any]:
        return {
            "chain": self.chain,
            "seq": self.seq,
            "hash": self.hash.hex(),
            "at": self.at,
            "public_key": base64.b64encode(self.public_key).decode(),
            "signature": base64.b64encode(self.signature).decode(),
        }

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Self:
        """ValueError or KeyError where the row is no seal."""
        return cls(
            chain=str(row["chain"]),
            seq=int(row["seq"]),
            hash=bytes.fromhex(row["hash"]),
            at=str(row["at"]),
            public_key=base64.b64decode(row["public_key"], validate=True),
            signature=base64.b64decode(row["signature"], validate=True),
        )


def private_key(text: str) -> Ed25519PrivateKey:
    """The signing key from its 32 bytes in base64. ``UnusableKey`` says what is missing."""
    if not text:
        raise UnusableKey("No seal key: set TRIALCAPTURE_SEAL_KEY to 32 random bytes in base64 (openssl rand -base64 32).")
    return Ed25519PrivateKey.from_private_bytes(key_bytes(text, "TRIALCAPTURE_SEAL_KEY"))


def key_bytes(text: str, name: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise UnusableKey(f"{name} is not 32 bytes in base64.")
    return raw


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(key: Ed25519PrivateKey, chain: str, seq: int, hash: bytes, at: str) -> SealedPosition:
    unsigned = SealedPosition(chain, seq, hash, at, public_bytes(key), b"")
    return SealedPosition(chain, seq, hash, at, unsigned.public_key, key.sign(unsigned.text()))


def read_seal_files(paths: Iterable[Path]) -> Iterator[tuple[str, SealedPosition | None]]:
    """(place, seal) for each line of the files; None where the line is no seal. A torn last line is passed over:
    a crash can leave one, and the seal that it began is written again."""
    for path in paths:
        lines = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines[:-1], start=1):
            if not line:
                continue
            try:
                seal = SealedPosition.from_dict(json.loads(line))
            except (ValueError, KeyError, TypeError):
                seal = None
            yield f"{path.name}:{number}", seal
