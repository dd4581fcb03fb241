"""`kill -9` of web, worker, Valkey and PostgreSQL under load: nothing acknowledged is lost, and all is whole.

Three seeded rounds, each on its own cluster; `make soak` sets TC_FAULT_ROUNDS to fifty.
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.own_cluster import VICTIMS
from trialcapture.runtime.places import BASE_DIR

ROUNDS = int(os.environ.get("TC_FAULT_ROUNDS", "3"))
SAVERS, SUBJECTS_EACH = 2, 3
pytestmark = pytest.mark.faults


def run(own_cluster, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=BASE_DIR, env=own_cluster.environ(), capture_output=True, text=True, check=False
    )


class Load:
    """Writers in processes of their own, and the files of what they were told."""

    def __init__(self, own_cluster, folder) -> None:
        self.own_cluster, self.folder, self.processes = own_cluster, folder, []

    def start(self, mode: str, *words: str) -> None:
        path = self.folder / f"{len(self.processes)}-{mode}.jsonl"
        path.touch()
        command = [sys.executable, "-m", "tests.runtime.writers", mode, str(path), *words]
        log = (self.folder / f"{path.stem}.log").open("wb")
        with log:
            process = subprocess.Popen(command, cwd=BASE_DIR, env=self.own_cluster.environ(), stdout=log, stderr=log)
        self.processes.append(process)

    def files(self) -> list[str]:
        return [str(path) for path in sorted(self.folder.glob("*.jsonl"))]

    def acknowledged(self) -> list[int]:
        """How much each writer was told so far."""
        return [Path(path).read_text().count("\n") for path in self.files()]

    def wait_for_more(self, more: int = 1, seconds: float = 60) -> None:
        """Every writer, the one through the web too, gets on."""
        goals, deadline = [now + more for now in self.acknowledged()], time.monotonic() + seconds
        while any(now < goal for now, goal in zip(self.acknowledged(), goals, strict=True)):
            assert all(process.poll() is None for process in self.processes), self.words()
            assert time.monotonic() < deadline, f"{self.acknowledged()} of {goals} acknowledged; {self.words()}"
            time.sleep(0.05)

    def words(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log"))

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def load(own_cluster, tmp_path):
    load = Load(own_cluster, tmp_path)
    yield load
    load.stop()


def begin(own_cluster, load) -> None:
    made = run(own_cluster, "-m", "tests.runtime.writers", "setup", str(SAVERS * SUBJECTS_EACH))
    assert made.returncode == 0, made.stderr
    subjects = made.stdout.split()
    own_cluster.start_all()
    for n in range(SAVERS):
        load.start("save", *subjects[n * SUBJECTS_EACH : (n + 1) * SUBJECTS_EACH])
    load.start("signin", own_cluster.address)
    load.wait_for_more(2)


def assert_whole(own_cluster, load) -> None:
    """Everything acknowledged is there, the ledger's chains hold, and records are what their events say."""
    found = run(own_cluster, "-m", "tests.runtime.writers", "verify", *load.files())
    assert found.returncode == 0, found.stdout + found.stderr
    counted = json.loads(found.stdout.splitlines()[-1])["acknowledged"]
    assert counted["record"] and counted["session"], counted
    for command in ("verify_audit", "check_records"):
        done = run(own_cluster, "manage.py", command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_nothing_acknowledged_is_lost(own_cluster, load, seed):
    chance = random.Random(seed)
    begin(own_cluster, load)
    for victim in chance.sample(VICTIMS, len(VICTIMS)):
        time.sleep(chance.uniform(0, 0.5))
        own_cluster.kill_nine(victim, whole=chance.random() < 0.5)
        own_cluster.heal()
        own_cluster.wait_until_ready()
        load.wait_for_more()
    own_cluster.kill_everything(chance)
    load.stop()
    own_cluster.stop()
    own_cluster.start_all()
    assert_whole(own_cluster, load)


def test_the_check_notices_a_loss(own_cluster, load):
    """A value that nobody saved counts as missing: the rounds above could fail."""
    begin(own_cluster, load)
    load.stop()
    path = Path(load.files()[0])
    record = json.loads(path.read_text().splitlines()[0])["record"]
    with path.open("a") as file:
        file.write(json.dumps({"record": record, "revision": 10**6, "value": "never saved"}) + "\n")
    found = run(own_cluster, "-m", "tests.runtime.writers", "verify", *load.files())
    assert found.returncode == 1
    assert len(json.loads(found.stdout.splitlines()[-1])["missing"]) == 1
