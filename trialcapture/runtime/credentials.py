"""Passwords and keys of one installation, made once and kept under `var/secrets`, each file of mode 0600.

`web.env` is what web, worker and beat get: it never holds the owner's password. `owner.env` is for migrations only,
`passwords.env` for starting the database. The key that seals the ledger and the key of the randomization lists are made
here too: whoever loses the folder loses them, so a folder of data without its secrets is refused, not papered over.
"""

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from trialcapture.runtime.errors import CannotRun, cannot_write
from trialcapture.runtime.places import Places, private_folder
from trialcapture.runtime.postgres import SUPERUSER, Postgres
from trialcapture.runtime.valkey import Valkey

DATABASE, OWNER, WEB = "trialcapture", "trialcapture_owner", "trialcapture_web"


def random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


MADE_ONCE = {
    "SUPERUSER_PASSWORD": lambda: secrets.token_urlsafe(24),
    "OWNER_PASSWORD": lambda: secrets.token_urlsafe(24),
    "WEB_PASSWORD": lambda: secrets.token_urlsafe(24),
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "TRIALCAPTURE_SEAL_KEY": random_key,
    "TRIALCAPTURE_ALLOCATION_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


@dataclass(frozen=True)
class Credentials:
    superuser_url: str
    superuser_password: str
    owner: dict[str, str]
    web: dict[str, str]


def ensure_credentials(places: Places, postgres: Postgres, valkey: Valkey) -> Credentials:
    """Reads what there is, makes what is missing, and writes the two environment files for the sockets of today."""
    folder = private_folder(places.secrets)
    kept = kept_values(folder / "passwords.env", has_data=(places.data / "PG_VERSION").exists())
    web = {name: kept[name] for name in ("SECRET_KEY", "TRIALCAPTURE_SEAL_KEY", "TRIALCAPTURE_ALLOCATION_KEY")}
    web["DATABASE_URL"] = postgres.url(WEB, kept["WEB_PASSWORD"], DATABASE)
    web["REDIS_URL"] = valkey.url()
    owner = {"OWNER_DATABASE_URL": postgres.url(OWNER, kept["OWNER_PASSWORD"], DATABASE)}
    write_env(folder / "web.env", web)
    write_env(folder / "owner.env", owner)
    password = kept["SUPERUSER_PASSWORD"]
    return Credentials(postgres.url(SUPERUSER, password, "postgres"), password, owner, web)


def kept_values(path: Path, *, has_data: bool) -> dict[str, str]:
    values = read_env(path)
    missing = [name for name in MADE_ONCE if name not in values]
    if missing and has_data:
        raise CannotRun(
            f"There is data, but {path} does not hold {', '.join(missing)}. Put the folder of secrets back from your"
            f" copy; or `manage.py reset` drops the data and begins anew."
        )
    if missing:
        values |= {name: MADE_ONCE[name]() for name in missing}
        write_env(path, values)
    return values


def read_env(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CannotRun(f"{path} cannot be read by this user ({error.strerror}): run as the user it belongs to.") from error
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def write_env(path: Path, values: dict[str, str]) -> None:
    """Whole or not at all: a power cut leaves the old file or the new one."""
    if read_env(path) == values:
        return
    scratch = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
