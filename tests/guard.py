"""Waits until the test run that started it is over, however it ended, and then stops that run's services.

Standard input is a pipe that only the run holds open: the end of the file is the end of the run. It imports nothing
of the project, so that a broken tree cannot leave servers behind.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path


def number(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(path.read_text().splitlines()[0])
    return None


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # where init does not reap, the dead keep their number: a zombie is as good as gone
    with contextlib.suppress(OSError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return True


def stop(pid: int, how: signal.Signals) -> None:
    """SIGQUIT is PostgreSQL's immediate stop: it takes its children along."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, how)
        deadline = time.monotonic() + 10
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)


def stop_session(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def main() -> None:
    top = Path(sys.argv[1])
    sys.stdin.read()
    # a supervisor that a test left behind stops its own, wherever their data is
    for found in top.rglob("supervisor.pid"):
        supervisor = number(found)
        if supervisor:
            stop(supervisor, signal.SIGTERM)
    for found in top.rglob("children.json"):
        with contextlib.suppress(OSError, ValueError):
            for row in json.loads(found.read_text()):
                stop_session(row["pid"])
    for name, how in {"valkey.pid": signal.SIGTERM, "postmaster.pid": signal.SIGQUIT}.items():
        for found in top.rglob(name):
            pid = number(found)
            if pid:
                stop(pid, how)
    shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()
