"""A whole installation of a test's own, for faults: PostgreSQL with fsync, Valkey, web, worker and beat, to be killed."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import cluster
from tests.clusters import TEMPLATE, locked, password_of_cache
from trialcapture.runtime.credentials import DATABASE, write_env
from trialcapture.runtime.places import Places, private_folder
from trialcapture.runtime.processes import family, wait_until_gone
from trialcapture.runtime.roles import named
from trialcapture.runtime.stack import Stack

VICTIMS = ("web", "worker", "valkey", "postgres")


class OwnCluster(Stack):
    """A Stack whose parts can be killed as a crash would."""

    def kill_nine(self, victim: str, *, whole: bool = False) -> None:
        """`kill -9` of one part's first process, or of all its processes at once."""
        pid = self.pid_of(victim)
        processes = family(pid) if whole else family(pid)[:1]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        wait_until_gone(processes, 10)

    def pid_of(self, victim: str) -> int:
        if victim in self.children.running:
            return self.children.running[victim].pid
        pid = {"valkey": self.valkey.pid, "postgres": self.postgres.pid}[victim]()
        assert pid, f"{victim} does not run"
        return pid

    def start_all(self) -> None:
        self.start_services()
        self.start_children()
        self.wait_until_ready()

    def kill_everything(self, chance: random.Random) -> None:
        victims = list(VICTIMS)
        chance.shuffle(victims)
        for victim in victims:
            self.kill_nine(victim, whole=chance.random() < 0.5)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def migrated(top: Path) -> Places:
    """The cached, migrated cluster as an installation that `Stack` takes for its own."""
    places = Places(var=top / "var", data=top / "pg", sockets=top / "s")
    cluster.current().ensure()
    subprocess.run(["cp", "-a", str(cluster.current().cached), str(places.data)], check=True)
    private_folder(places.secrets)
    write_env(places.secrets / "passwords.env", secrets_of_run())
    return places


def collect_static(stack: OwnCluster) -> None:
    """The pages' files under their hashed names, collected once in a run."""
    run = cluster.current().top
    with locked(run / "lock"):
        if not (run / "static").exists():
            stack.manage("collectstatic", "--noinput", "-v", "0")
            shutil.copytree(stack.places.var / "static", run / "static")
            return
    shutil.copytree(run / "static", stack.places.var / "static")


def secrets_of_run() -> dict[str, str]:
    keys = cluster.current().keys("SECRET_KEY", "TRIALCAPTURE_SEAL_KEY", "TRIALCAPTURE_ALLOCATION_KEY")
    passwords = {"OWNER_PASSWORD": "owner-of-a-test", "WEB_PASSWORD": "web-of-a-test"}
    return {"SUPERUSER_PASSWORD": password_of_cache(), **passwords, **keys}


@pytest.fixture
def own_cluster() -> Iterator[OwnCluster]:
    """Services started and migrated, children not yet. Everything is gone afterwards."""
    top = Path(tempfile.mkdtemp(prefix="own-", dir=cluster.current().top))
    top.chmod(0o711)
    stack = OwnCluster(migrated(top), free_port())
    try:
        stack.postgres.start()
        with psycopg.connect(stack.credentials.superuser_url, autocommit=True) as connection:
            connection.execute(named("ALTER DATABASE {old} RENAME TO {new}", old=TEMPLATE, new=DATABASE))
        stack.start_services()
        collect_static(stack)
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(top, ignore_errors=True)
