"""`manage.py up` and its companions as a person uses them: from the outside, with Ctrl-C and `kill -9`."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests import cluster
from tests.own_cluster import free_port
from trialcapture.runtime.places import BASE_DIR, places
from trialcapture.runtime.processes import is_alive
from trialcapture.runtime.stack import Stack, ask


class Installation:
    """One of its own, with its own port, driven through manage.py."""

    def __init__(self, var: Path) -> None:
        self.var, self.port, self.running = var, free_port(), []
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRIALCAPTURE_", "DATABASE_URL", "REDIS_URL"))}
        hidden = ("OWNER_DATABASE_URL", "SECRET_KEY")
        self.environ = {k: v for k, v in kept.items() if k not in hidden}
        self.environ |= {"TRIALCAPTURE_VAR_DIR": str(var), "PORT": str(self.port)}

    def manage(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=BASE_DIR, env=self.environ | more, text=True,
            capture_output=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def up(self) -> subprocess.Popen:
        """Returns when the page answers."""
        log = (self.var.parent / "up.log").open("w")
        with log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up"], cwd=BASE_DIR, env=self.environ, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.running.append(process)
        deadline = time.monotonic() + 90
        # a web server that a killed supervisor left behind answers too: the new one's own words count
        while not (f"runs at http://127.0.0.1:{self.port}" in self.words() and self.is_ready()):
            assert process.poll() is None, self.words()
            assert time.monotonic() < deadline, self.words()
            time.sleep(0.1)
        return process

    def is_ready(self) -> bool:
        return ask(f"http://127.0.0.1:{self.port}/readyz")[0]

    def words(self) -> str:
        return (self.var.parent / "up.log").read_text()

    def processes(self) -> list[psutil.Process]:
        """Everything alive that was started for this installation, by its environment or its command line."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("TRIALCAPTURE_VAR_DIR") == str(self.var)
                named = str(self.stack().places.data) in " ".join(process.cmdline())
            except psutil.Error:
                continue
            if (ours or named) and is_alive(process):
                found.append(process)
        return found

    def stack(self) -> Stack:
        return Stack(places(self.var), self.port)

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        done = self.manage("reset", "--yes")
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installation():
    top = cluster.current().top / f"commands-{cluster.worker()}"
    top.mkdir()
    made = Installation(top / "var")
    yield made
    made.end()


def test_it_works(installation):
    """Up, in order; Ctrl-C, and nothing is left; again, quickly; a killed supervisor is no obstacle."""
    first = installation.up()
    assert installation.manage("status").returncode == 0
    again = installation.manage("up")
    assert (again.returncode, again.stdout) == (1, "")
    assert "already runs here" in again.stderr
    os.killpg(first.pid, signal.SIGINT)
    assert first.wait(60) == 0
    assert installation.processes() == []
    assert "Traceback" not in installation.words()
    assert f"http://127.0.0.1:{installation.port}" in installation.words()
    assert installation.manage("status").returncode == 3

    begin = time.monotonic()
    second = installation.up()
    assert time.monotonic() - begin < 15
    second.kill()
    second.wait()
    third = installation.up()
    third.send_signal(signal.SIGTERM)
    assert third.wait(60) == 0
    assert installation.processes() == []


def test_serving_processes_never_hold_the_owners_password(installation):
    process = installation.up()
    secrets = (installation.var / "secrets" / "owner.env").read_text()
    password = secrets.split(":")[2].split("@")[0]
    serving = [one for one in installation.processes() if {"gunicorn", "celery"} & set(one.cmdline())]
    assert len(serving) >= 3
    assert not any(password in value for one in serving for value in one.environ().values())
    process.terminate()
    assert process.wait(60) == 0


def test_what_dies_is_started_again(installation):
    process = installation.up()
    stack = installation.stack()
    for pid in (stack.postgres.pid(), stack.valkey.pid()):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while not ("postgres had died" in installation.words() and "valkey had died" in installation.words()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    while not installation.is_ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert installation.manage("down").returncode == 0
    assert process.wait(60) == 0
    assert installation.processes() == []


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """One sentence, nothing else, and a status that is not 0."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def test_a_port_in_use_is_one_sentence(installation):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(installation.manage("up", PORT=str(port)))
    assert said == f"Port {port} is in use. Choose another: PORT={port + 1} make demo\n"
    assert installation.processes() == []


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_one_sentence(installation, port):
    assert "number from 1 to 65535" in refused(installation.manage("up", PORT=port))


def test_a_folder_that_cannot_be_made_is_one_sentence(installation):
    assert "/proc/nowhere" in refused(installation.manage("up", TRIALCAPTURE_VAR_DIR="/proc/nowhere"))


def test_reset_asks_and_without_a_terminal_drops_nothing(installation):
    kept = installation.var / "files" / "kept"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch()
    assert "Nothing was dropped" in refused(installation.manage("reset"))
    assert kept.exists()


def test_reset_drops_everything(installation):
    done = installation.manage("reset", "--yes")
    assert done.returncode == 0, done.stderr
    assert not installation.stack().places.data.exists()
    assert list(installation.var.iterdir()) == []
