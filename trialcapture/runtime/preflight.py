"""What would make a start fail half-way, found before it begins and said in one sentence."""

import os
import shutil
import socket
import sys
from pathlib import Path

from trialcapture.runtime.errors import CannotRun, cannot_write

# bytes: an empty cluster with its write-ahead log takes 60 MB, the demo's data 200 MB
ROOM = 500 * 1024 * 1024


def port_from(environ: dict[str, str]) -> int:
    text = environ.get("PORT") or "8000"
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise CannotRun(f"PORT is {text!r}: it must be a number from 1 to 65535.")
    return int(text)


def check_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036
        raise CannotRun(f"TrialCapture needs Python 3.11 or newer; this is {sys.version.split()[0]}.")


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CannotRun(f"Port {port} needs root. Choose another: PORT=8001 make demo") from None
        except OSError:
            raise CannotRun(f"Port {port} is in use. Choose another: PORT={port + 1} make demo") from None


def check_writable(folder: Path) -> None:
    """Writes and removes a file, which finds read-only file systems and quotas as well as rights."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error


def check_room(folder: Path, needed: int = ROOM) -> None:
    """`folder` or the nearest of its parents that exists must have `needed` bytes free."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CannotRun(
            f"The disk that holds {folder} has {free // 2**20} MB free, and TrialCapture needs {needed // 2**20} MB."
            f" Free some space and start again."
        )
