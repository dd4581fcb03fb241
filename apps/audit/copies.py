"""Seals kept beside the database: one file of JSON lines per chain in ``SEAL_DIR``, only ever appended to.

Copy this folder off the machine (docs/operations.md). What the owner of the database could rewrite ends at the last
seal that lies where that person cannot write.
"""

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.audit.sealing import SealedPosition, key_bytes

KEYS = "public-keys.txt"
TAIL = 4096  # bytes; a line is about 350


def chain_file(folder: Path, chain: str) -> Path:
    return folder / f"{chain.replace(':', '-')}.jsonl"


def last_copied(folder: Path, chain: str) -> int:
    """The position of the chain's newest seal in the folder, 0 without one."""
    path = chain_file(folder, chain)
    if not path.exists():
        return 0
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        lines = file.read().split(b"\n")[:-1]
    return SealedPosition.from_dict(json.loads(lines[-1])).seq if lines else 0


def copy_seals(folder: Path, chain: str, seals: Iterable[SealedPosition]) -> None:
    """Append the seals that are newer than the newest copied, and keep their public keys. On the disk when it returns."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = chain_file(folder, chain)
    with _appending(path) as file:
        known = last_copied(folder, chain)
        new = [seal for seal in seals if seal.seq > known]
        file.write(b"".join(json.dumps(seal.as_dict(), sort_keys=True).encode() + b"\n" for seal in new))
    for key in {seal.public_key for seal in new} - known_keys(folder):
        with _appending(folder / KEYS) as file:
            file.write(base64.b64encode(key) + b"\n")


def known_keys(folder: Path) -> frozenset[bytes]:
    """The public keys that ever signed here. A rotated key stays, so that its seals stay trusted."""
    path = folder / KEYS
    if not path.exists():
        return frozenset()
    lines = path.read_text().split()
    return frozenset(key_bytes(line, str(path)) for line in lines)


@contextmanager
def _appending(path: Path) -> Iterator:
    """The file's end, locked against other processes; a line that a crash tore is cut off first."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b", buffering=0) as file:  # noqa: PTH123
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        torn = len(file.read().rpartition(b"\n")[2])
        if torn:
            file.truncate(size - torn)
        yield file
        os.fsync(file.fileno())
