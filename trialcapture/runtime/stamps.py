"""Work that need not be done again while its inputs stay the same."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from trialcapture.runtime.places import BASE_DIR


def digest(paths: Iterable[Path], extra: bytes = b"") -> str:
    total = hashlib.sha256(extra)
    for path in paths:
        name = path.relative_to(BASE_DIR) if path.is_relative_to(BASE_DIR) else path
        total.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@contextlib.contextmanager
def once(stamp: Path, paths: Iterable[Path], extra: bytes = b"") -> Iterator[bool]:
    """Gives whether the work is due; an error in the block leaves it due."""
    now = digest(paths, extra)
    due = not stamp.exists() or stamp.read_text() != now
    yield due
    if due:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(now)
