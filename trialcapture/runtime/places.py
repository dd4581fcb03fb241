"""Where things live: data, sockets, secrets and logs of one installation, and the system user that owns the data.

An ordinary user keeps everything under `var/`. Root may not run PostgreSQL, so as root the data belongs to the system
user `trialcapture` and lies under `/var/lib/trialcapture`: a checkout below `/root` stays closed to that user, and no
parent directory is ever opened for it.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from trialcapture.runtime.errors import CannotRun, cannot_write

BASE_DIR = Path(__file__).resolve().parent.parent.parent
SYSTEM_USER = "trialcapture"
SYSTEM_DIR = Path("/var/lib/trialcapture")
# sun_path holds 108 bytes on Linux and 104 on macOS; PostgreSQL appends ".s.PGSQL.5432.lock" to the folder
LONGEST_SOCKET_PATH = 100
SOCKET_NAME_LENGTH = len("/.s.PGSQL.5432.lock")


@dataclass(frozen=True)
class Places:
    var: Path
    data: Path
    sockets: Path

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def run(self) -> Path:
        return self.var / "run"


def is_root() -> bool:
    return os.geteuid() == 0


def places(var: Path | None = None) -> Places:
    """The places of the installation whose state is under `var` (default: `TRIALCAPTURE_VAR_DIR`, else `var/`)."""
    var = (var or Path(os.environ.get("TRIALCAPTURE_VAR_DIR") or BASE_DIR / "var")).absolute()
    name = hashlib.sha256(os.fsencode(var)).hexdigest()[:8]
    data = SYSTEM_DIR / "data" / name if is_root() else var / "pg"
    if is_root() and (var / "pg" / "PG_VERSION").exists():
        owner = owner_name(var / "pg")
        raise CannotRun(f"The data in {var / 'pg'} belongs to {owner}: run this as {owner}, not as root.")
    return Places(var=var, data=data, sockets=socket_parent() / f"tc-{os.geteuid()}-{name}")


def owner_name(path: Path) -> str:
    uid = path.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def socket_parent() -> Path:
    """`$XDG_RUNTIME_DIR` where it is this user's own folder and short enough, else the system's temporary folder."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    long = len(os.fsencode(runtime)) + len("/tc-0000000000-00000000") + SOCKET_NAME_LENGTH > LONGEST_SOCKET_PATH
    # root's own folder there is closed to the system user that runs the services
    if is_root() or long or not runtime.is_dir() or runtime.stat().st_uid != os.geteuid():
        return Path(tempfile.gettempdir())
    return runtime


def service_ids() -> tuple[int, int] | None:
    """(uid, gid) that PostgreSQL and Valkey run as; None when that is the caller. Root makes the user if missing."""
    if not is_root():
        return None
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = make_system_user()
    return entry.pw_uid, entry.pw_gid


def make_system_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    if not shutil.which("useradd"):
        raise CannotRun(f"PostgreSQL does not run as root, and `useradd` is missing to make the user {SYSTEM_USER}.")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # 9: another start made the user at the same moment
    if done.returncode not in (0, 9):
        raise CannotRun(f"The system user {SYSTEM_USER} could not be made: {done.stderr.strip()}")
    return pwd.getpwnam(SYSTEM_USER)


def service_process() -> dict:
    """Arguments of `subprocess` that start a program as the service user, in a folder that it may enter."""
    ids = service_ids()
    as_user = {} if ids is None else {"user": ids[0], "group": ids[1], "extra_groups": []}
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**as_user, "cwd": "/", "env": {**environ, "LC_ALL": "C", "TZ": "UTC"}, "umask": 0o077}


def private_folder(path: Path, *, service: bool = False) -> Path:
    """`path` as a folder of mode 0700 that belongs to the caller, or to the service user; refused if it is another's."""
    ids = (service_ids() if service else None) or (os.geteuid(), os.getegid())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.mkdir(mode=0o700)
            os.chown(path, *ids)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != ids[0]:
            raise CannotRun(f"{path} belongs to someone else: remove it, or set TMPDIR to a folder of your own.")
        path.chmod(0o700)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def socket_folder(path: Path) -> Path:
    if len(os.fsencode(path)) + SOCKET_NAME_LENGTH > LONGEST_SOCKET_PATH:
        raise CannotRun(f"{path} is too long for a socket: set TMPDIR to a shorter folder.")
    return private_folder(path, service=True)
