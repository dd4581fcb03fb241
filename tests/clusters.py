"""The throw-away cluster itself: made from a cached, migrated copy where one fits, else migrated now."""

import fcntl
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg

from trialcapture.runtime.places import BASE_DIR, service_ids
from trialcapture.runtime.postgres import SUPERUSER, THROW_AWAY, Postgres
from trialcapture.runtime.roles import ensure_roles, named
from trialcapture.runtime.valkey import Valkey

OWNER, WEB, TEMPLATE = "trialcapture_owner", "trialcapture_web", "trialcapture_template"
CACHE = BASE_DIR / "var" / "test-cache"
KEPT = 3


@dataclass(frozen=True)
class Cluster:
    top: Path

    @property
    def sockets(self) -> Path:
        return self.top / "s"

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.top / "pg", self.sockets, {**THROW_AWAY, "max_connections": "200"})

    @property
    def cached(self) -> Path:
        """The migrated cluster as it was before any test, for clusters that a test makes for itself."""
        return self.top / "migrated"

    @property
    def valkey(self) -> Valkey:
        return Valkey(self.sockets, self.top / "valkey")

    @cached_property
    def stored(self) -> dict[str, str]:
        return json.loads((self.top / "keys.json").read_text())

    def keys(self, *names: str) -> dict[str, str]:
        return {name: self.stored[name] for name in names}

    def web_url(self, database: str) -> str:
        return self.postgres.url(WEB, self.stored["password"], database)

    def owner_url(self, database: str) -> str:
        return self.postgres.url(OWNER, self.stored["password"], database)

    def superuser_url(self, database: str = "postgres") -> str:
        return self.postgres.url(SUPERUSER, password_of_cache(), database)

    def start_valkey(self) -> None:
        self.valkey.start()

    def ensure(self) -> None:
        """The server runs and holds the migrated template, whichever of the run's processes asks first."""
        with locked(self.top / "lock"):
            if (self.top / "ready").exists():
                return
            with locked(made(CACHE) / "lock"):
                kept = CACHE / schema_key()
                if not kept.exists():
                    self.migrate_into(kept)
                # the run's own copy: the cache may be renewed by another run while this one lasts
                for copy in (self.cached, self.postgres.data):
                    subprocess.run(["cp", "-a", str(kept), str(copy)], check=True)
            self.postgres.start()
            self.set_passwords(TEMPLATE)
            (self.top / "ready").touch()

    def migrate_into(self, kept: Path) -> None:
        """A new cluster, migrated as its owner, stopped cleanly and moved into the cache."""
        self.postgres.create(password_of_cache())
        self.postgres.start()
        self.set_passwords(TEMPLATE)
        environ = {**os.environ, "DATABASE_URL": self.owner_url(TEMPLATE), "TRIALCAPTURE_LOG_LEVEL": "ERROR"}
        command = [sys.executable, str(BASE_DIR / "manage.py"), "migrate", "--run-syncdb", "-v", "0"]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        self.postgres.stop()
        if done.returncode != 0:
            shutil.rmtree(self.postgres.data)
            raise RuntimeError(f"The test database could not be migrated:\n{done.stdout}{done.stderr}")
        scratch = kept.with_name(f".{kept.name}")
        shutil.rmtree(scratch, ignore_errors=True)
        subprocess.run(["mv", str(self.postgres.data), str(scratch)], check=True)
        scratch.rename(kept)
        forget_old_copies(kept)

    def set_passwords(self, database: str) -> None:
        ensure_roles(self.superuser_url(), self.owner_url(database), self.web_url(database))

    def clone(self, database: str, template: str = TEMPLATE) -> None:
        """`database` afresh; whoever was connected to the old one is thrown out."""
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            connection.execute(named("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=database))
            statement = "CREATE DATABASE {name} OWNER {owner} TEMPLATE {template}"
            connection.execute(named(statement, name=database, owner=OWNER, template=template))
            for text in ("REVOKE ALL ON DATABASE {name} FROM PUBLIC", "GRANT CONNECT, TEMP ON DATABASE {name} TO {web}"):
                connection.execute(named(text, name=database, web=WEB))

    def connect_as_owner(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self.owner_url(database), autocommit=True)


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def locked(path: Path):
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def password_of_cache() -> str:
    """The superuser's password of every cached cluster of this checkout; random, and of use to nobody else."""
    path = made(CACHE) / "password"
    if not path.exists():
        scratch = path.with_name(f".password-{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_text(os.urandom(16).hex())
        # a link refuses to replace: of two runs that begin together, one wins and both read the same
        with suppress(FileExistsError):
            os.link(scratch, path)
        scratch.unlink()
    return path.read_text()


def schema_key() -> str:
    """A name for the schema: the text of all that migrations are made of, and the versions of what they run on."""
    digest = hashlib.sha256(repr(service_ids()).encode())
    for path in sorted(schema_files()):
        digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    versions = sorted(f"{one.metadata['Name']}={one.version}" for one in importlib.metadata.distributions())
    digest.update("\n".join(versions).encode())
    return digest.hexdigest()[:20]


def schema_files() -> set[Path]:
    """Models and migrations of every app, the modules that migrations import, SQL files, and the settings."""
    files = {BASE_DIR / "trialcapture/settings.py", Path(__file__)}
    for pattern in ("*/models.py", "*/models/**/*.py", "*/apps.py", "*/sql.py", "**/*.sql", "*/migrations/*.py"):
        files.update((BASE_DIR / "apps").glob(pattern))
    files.update((BASE_DIR / "trialcapture" / "runtime").glob("*.py"))
    for path in [path for path in files if path.parent.name == "migrations"]:
        for module in re.findall(r"apps(?:\.\w+)+", path.read_text(encoding="utf-8")):
            stem = BASE_DIR / module.replace(".", "/")
            files.update(found for found in (stem.with_suffix(".py"), stem / "__init__.py") if found.is_file())
    return files


def forget_old_copies(newest: Path) -> None:
    copies = sorted((path for path in CACHE.iterdir() if path.is_dir()), key=lambda path: path.stat().st_ctime)
    for old in copies[:-KEPT]:
        if old != newest:
            shutil.rmtree(old, ignore_errors=True)
