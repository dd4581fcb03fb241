"""Web, worker and beat as processes of ours: started, found again after a crash of the supervisor, stopped to the last."""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from trialcapture.runtime.errors import cannot_write
from trialcapture.runtime.places import BASE_DIR
from trialcapture.runtime.processes import find, is_alive, stop_family

QUEUES = "default,exports,mail"
LOG_LIMIT = 20 * 1024 * 1024
# seconds that a task may take to end when asked; the sweep finds what had to be cut off
PATIENCE = 8


def commands(run: Path) -> dict[str, list[str]]:
    celery = [sys.executable, "-m", "celery", "-A", "trialcapture"]
    return {
        "web": [
            sys.executable, "-m", "gunicorn", "--config", "python:trialcapture.runtime.web", "trialcapture.wsgi"
        ],
        "worker": [*celery, "worker", "-Q", QUEUES, "--concurrency=2", "--loglevel=INFO", "--without-gossip"],
        "beat": [*celery, "beat", "--loglevel=INFO", "--pidfile=", f"--schedule={run / 'beat-schedule'}"],
    }  # fmt: skip


@dataclass
class Children:
    """Each by its name. `run` keeps their numbers, so that a later start finds what an earlier one left behind."""

    run: Path
    logs: Path
    environ: dict[str, str]
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    @property
    def register(self) -> Path:
        return self.run / "children.json"

    def start(self, name: str) -> None:
        log = self.logs / f"{name}.log"
        try:
            self.run.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(parents=True, exist_ok=True)
            if log.exists() and log.stat().st_size > LOG_LIMIT:
                log.replace(log.with_suffix(".log.1"))
            with log.open("ab") as out:
                # a session of their own: Ctrl-C reaches the supervisor alone, which stops them in order
                self.running[name] = subprocess.Popen(
                    commands(self.run)[name], cwd=BASE_DIR, env=self.environ, stdin=subprocess.DEVNULL,
                    stdout=out, stderr=out, start_new_session=True,
                )  # fmt: skip
            self.write_register()
        except OSError as error:
            raise cannot_write(log, error) from error

    def restart(self, name: str) -> None:
        """After a crash: what the dead one had started goes first, or it would hold the port or the same task."""
        dead = self.running.pop(name)
        for leftover in strays({dead.pid: 0.0}):
            stop_family(leftover.pid, 2)
        self.start(name)

    def dead(self) -> list[str]:
        return [name for name, process in self.running.items() if process.poll() is not None]

    def stop(self) -> None:
        """Web first, so that nothing new comes in; then beat, then the worker, which may finish its task."""
        for name in ("web", "beat", "worker"):
            process = self.running.pop(name, None)
            if process is not None:
                stop_family(process.pid, PATIENCE)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
        self.stop_strays()
        self.register.unlink(missing_ok=True)

    def stop_strays(self) -> None:
        """Whatever an earlier supervisor started and could not stop, and what a killed child left of its own."""
        for stray in strays(self.registered()):
            stop_family(stray.pid, PATIENCE)

    def write_register(self) -> None:
        rows = []
        for name, process in self.running.items():
            found = find(process.pid)
            if found:
                rows.append({"name": name, "pid": found.pid, "started": found.create_time()})
        scratch = self.register.with_suffix(".new")
        scratch.write_text(json.dumps(rows))
        scratch.replace(self.register)

    def rows(self) -> list[dict]:
        """What the newest supervisor started: name, pid and the moment it began, dead or alive."""
        try:
            return json.loads(self.register.read_text())
        except (OSError, ValueError):
            return []

    def registered(self) -> dict[int, float]:
        return {row["pid"]: row["started"] for row in self.rows()}

    def kill(self, name: str) -> None:
        """`kill -9` of the child alone, as a crash would."""
        process = self.running[name]
        process.kill()
        process.wait()


def strays(leaders: dict[int, float]) -> list[psutil.Process]:
    """Of these processes (number: when it began), those that still live, and members of the sessions they led."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            same = leaders.get(process.pid) == process.create_time()
            ours = is_alive(process) and process.pid != os.getpid()
            if ours and (same or is_orphan(process, leaders)):
                found.append(process)
    return found


def is_orphan(process: psutil.Process, leaders: dict[int, float]) -> bool:
    """In the session of a leader of ours, and younger than it. A session's number is not given out while it is used."""
    started = leaders.get(os.getsid(process.pid))
    if started is None or process.create_time() < started:
        return False
    return any("trialcapture" in word or "celery" in word for word in process.cmdline())
