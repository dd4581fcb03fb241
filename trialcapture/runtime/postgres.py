"""One PostgreSQL server on this machine: made, started, recovered after `kill -9`, stopped.

It listens on a Unix socket only, asks every role for a scram password, and runs as the caller, or as the system user
`trialcapture` when the caller is root. A data directory of another major version is refused, never touched.
"""

import contextlib
import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from trialcapture.runtime.binaries import MAJOR, bin_dir
from trialcapture.runtime.errors import CannotRun, cannot_write
from trialcapture.runtime.places import owner_name, private_folder, service_ids, service_process, socket_folder
from trialcapture.runtime.processes import family, find, wait_until_gone

SUPERUSER = "postgres"
PORT = 5432
# seconds: crash recovery of a large database may take long, orphans of a killed server leave within a few
START_TIMEOUT, STOP_TIMEOUT, ORPHANS_TIMEOUT = 120, 30, 10
LOG_LIMIT = 20 * 1024 * 1024
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "2GB",
}


@dataclass(frozen=True)
class Postgres:
    data: Path
    sockets: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def url(self, role: str, password: str, database: str) -> str:
        socket = quote(str(self.sockets), safe="/")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={socket}&port={PORT}"

    def create(self, superuser_password: str) -> None:
        """An empty cluster, unless there is one. A half-made one of an interrupted start is thrown away."""
        if (self.data / "PG_VERSION").exists():
            return
        new = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        private_folder(new, service=True)
        secret = socket_folder(self.sockets) / "initdb.password"
        try:
            write_secret(secret, superuser_password)
            run("initdb", [*INITDB, f"--pwfile={secret}", f"--pgdata={new}"], place=new)
            new.rename(self.data)
        except OSError as error:
            raise cannot_write(self.data, error) from error
        finally:
            secret.unlink(missing_ok=True)

    def start(self) -> None:
        """Returns when the server answers. Says nothing new to a server that already runs."""
        self.refuse_other_major()
        self.refuse_other_owner()
        socket_folder(self.sockets)
        deadline = time.monotonic() + ORPHANS_TIMEOUT
        while not self.answers():
            self.forget_dead_server()
            problem = self.try_start()
            # children of a killed server hold its memory for a moment; everything else will not get better by waiting
            if problem and ("still in use" not in problem or time.monotonic() > deadline):
                raise explain(self.data, problem)
            if problem:
                time.sleep(0.2)

    def try_start(self) -> str:
        """What went wrong, or an empty string."""
        # a program that was killed in its start may be one that comes up by itself
        if self.pid() and self.wait_for_answer():
            return ""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.unlink()
        begin = self.log.stat().st_size if self.log.exists() else 0
        options = {**SETTINGS, "unix_socket_directories": str(self.sockets), "port": str(PORT), **self.settings}
        text = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in options.items())
        arguments = ["start", "-w", "-t", str(START_TIMEOUT), "-D", str(self.data), "-l", str(self.log), "-o", text]
        done = program("pg_ctl", arguments)
        if done.returncode == 0:
            return ""
        said = self.log.read_bytes()[begin:].decode(errors="replace") if self.log.exists() else ""
        return said + done.stderr

    def wait_for_answer(self) -> bool:
        deadline = time.monotonic() + ORPHANS_TIMEOUT
        while self.pid() and time.monotonic() < deadline:
            if self.answers():
                return True
            time.sleep(0.1)
        return False

    def stop(self, mode: str = "fast") -> None:
        """Returns when no process of it is left; `immediate` leaves the recovery to the next start."""
        pid = self.pid()
        if pid is None:
            return
        members = family(pid)
        program("pg_ctl", ["stop", "-w", "-t", str(STOP_TIMEOUT), "-m", mode, "-D", str(self.data)])
        if self.pid() is not None:
            program("pg_ctl", ["stop", "-w", "-t", str(STOP_TIMEOUT), "-m", "immediate", "-D", str(self.data)])
        wait_until_gone(members, 5)

    def answers(self) -> bool:
        if self.pid() is None:
            return False
        return program("pg_isready", ["-q", "-h", str(self.sockets), "-p", str(PORT), "-t", "3"]).returncode == 0

    def pid(self) -> int | None:
        """The server's process, or None: a pid file whose number now belongs to some other program is no server."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            process = find(pid)
            ours = process and str(self.data) in process.cmdline()
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return pid if ours else None

    def forget_dead_server(self) -> None:
        """Lock files outlive a `kill -9`, and their number may since have gone to another program."""
        if self.pid() is None:
            for stale in (self.data / "postmaster.pid", self.sockets / f".s.PGSQL.{PORT}.lock"):
                stale.unlink(missing_ok=True)

    def refuse_other_major(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise CannotRun(
                f"The data in {self.data} was written by PostgreSQL {found}, and this is PostgreSQL {MAJOR}. Nothing was"
                f" changed. With the TrialCapture release that wrote it, run `manage.py dump FILE`; then, with this one,"
                f" `manage.py reset` and `manage.py restore FILE` (docs/operations.md, Moving to a new PostgreSQL)."
            )

    def refuse_other_owner(self) -> None:
        ids = service_ids()
        if self.data.stat().st_uid != (ids[0] if ids else os.geteuid()):
            name = owner_name(self.data)
            raise CannotRun(f"The data in {self.data} belongs to {name}: run this as {name}, or change its owner.")


INITDB = [
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
]


def program(name: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    command = [str(bin_dir() / name), *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **service_process()
    )


def run(name: str, arguments: list[str], *, place: Path) -> None:
    done = program(name, arguments)
    if done.returncode != 0:
        raise explain(place, done.stderr)


def explain(place: Path, said: str) -> CannotRun:
    """PostgreSQL's own words as one sentence, with what would help where that is known."""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return CannotRun(f"The disk that holds {place} is full. Free some space and start again.")
    if "ermission denied" in said:
        return CannotRun(f"PostgreSQL may not use {place}: it must belong to the user that runs it, and to nobody else.")
    lines = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line or "error:" in line]
    reason = (lines or said.splitlines() or ["it gave no reason"])[-1].strip()
    return CannotRun(f"PostgreSQL did not start: {reason} (see {place / 'server.log'}).")


def write_secret(path: Path, text: str) -> None:
    """A file of mode 0600 that belongs to the service user; never for a moment readable by another."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
    ids = service_ids()
    if ids:
        with contextlib.suppress(FileNotFoundError):
            os.chown(path, *ids)
