"""Waiting for processes that are not our children, and stopping a process with everything that it started."""

import contextlib
import time

import psutil


def is_alive(process: psutil.Process) -> bool:
    """False for a zombie too: where init does not reap (many containers), the dead keep their number for ever."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def wait_until_gone(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that are still alive after `seconds`."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if is_alive(process)]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if is_alive(process)]
    return left


def find(pid: int | None) -> psutil.Process | None:
    """The process, if there is one and it lives. No number, no process: 0 and less stand for groups."""
    if pid is None or pid <= 0:
        return None
    try:
        process = psutil.Process(pid)
    except psutil.Error:
        return None
    return process if is_alive(process) else None


def family(pid: int) -> list[psutil.Process]:
    """The process and all its descendants, or nothing."""
    process = find(pid)
    if process is None:
        return []
    with contextlib.suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return [process]


def stop_family(pid: int, seconds: float) -> None:
    """SIGTERM to the process, which ends its own children; whoever is left of them after `seconds` is killed."""
    members = family(pid)
    for process in members[:1]:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    for survivor in wait_until_gone(members, seconds):
        with contextlib.suppress(psutil.Error):
            survivor.kill()
    wait_until_gone(members, 5)
