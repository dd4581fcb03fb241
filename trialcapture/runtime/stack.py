"""All that runs on this machine as one thing: start it, look after it, stop it, throw its data away."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from trialcapture.runtime.children import Children
from trialcapture.runtime.credentials import Credentials, ensure_credentials
from trialcapture.runtime.errors import CannotRun, cannot_write
from trialcapture.runtime.places import BASE_DIR, Places, private_folder
from trialcapture.runtime.postgres import Postgres
from trialcapture.runtime.roles import ensure_roles
from trialcapture.runtime.valkey import Valkey

NAMES = ("web", "worker", "beat")
READY_TIMEOUT = 60


@dataclass(frozen=True)
class Stack:
    places: Places
    port: int = 8000
    is_demo: bool = False

    @cached_property
    def postgres(self) -> Postgres:
        return Postgres(self.places.data, self.places.sockets)

    @cached_property
    def valkey(self) -> Valkey:
        return Valkey(self.places.sockets, self.places.data.with_name(self.places.data.name + "-valkey"))

    @cached_property
    def credentials(self) -> Credentials:
        return ensure_credentials(self.places, self.postgres, self.valkey)

    @cached_property
    def children(self) -> Children:
        return Children(self.places.run, self.places.logs, self.environ())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environ(self, **more: str) -> dict[str, str]:
        """What web, worker and beat see: the web role's values, and nothing of the owner or of the caller's libpq."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "OWNER_DATABASE_URL", "DATABASE_URL", "REDIS_URL", "SECRET_KEY"))
        }
        ours = {
            "TRIALCAPTURE_VAR_DIR": str(self.places.var),
            "TRIALCAPTURE_SITE_URL": self.address,
            "BIND": f"127.0.0.1:{self.port}",
            "DJANGO_SETTINGS_MODULE": "trialcapture.settings",
            "PYTHONUNBUFFERED": "1",
        }
        if self.is_demo:
            ours["TRIALCAPTURE_DEMO"] = "true"
        return {**kept, **ours, **self.credentials.web, **more}

    def owner_environ(self) -> dict[str, str]:
        return self.environ(DATABASE_URL=self.credentials.owner["OWNER_DATABASE_URL"])

    def start_services(self) -> None:
        """PostgreSQL with its roles and database, and Valkey; both answer when this returns."""
        credentials = self.credentials
        self.postgres.create(credentials.superuser_password)
        self.postgres.start()
        ensure_roles(credentials.superuser_url, credentials.owner["OWNER_DATABASE_URL"], credentials.web["DATABASE_URL"])
        self.valkey.start()

    def start_children(self) -> None:
        self.children.stop_strays()
        for name in NAMES:
            self.children.start(name)

    def wait_until_ready(self, seconds: float = READY_TIMEOUT) -> None:
        """Returns when `/readyz` says that everything is there."""
        deadline, said = time.monotonic() + seconds, "no answer"
        while time.monotonic() < deadline:
            if "web" in self.children.dead():
                raise CannotRun(f"The web server stopped at once; its last words are in {self.places.logs / 'web.log'}.")
            ready, said = ask(self.address + "/readyz")
            if ready:
                return
            time.sleep(0.1)
        raise CannotRun(f"{self.address} is not ready after {seconds:.0f} s: {said} (see {self.places.logs}).")

    def heal(self) -> list[str]:
        """Starts again whatever has died; the names of those."""
        ended = self.children.dead()
        if self.postgres.pid() is None:
            self.postgres.start()
            ended.append("postgres")
        if self.valkey.pid() is None:
            self.valkey.start()
            ended.append("valkey")
        for name in set(ended) & set(NAMES):
            self.children.restart(name)
        return ended

    def stop(self) -> None:
        self.children.stop()
        self.stop_services()

    def stop_services(self) -> None:
        self.valkey.stop()
        self.postgres.stop()

    def manage(self, *arguments: str, owner: bool = False) -> None:
        """One of Django's commands in a process of its own, its words on our terminal. A failure ends the start."""
        environ = self.owner_environ() if owner else self.environ()
        done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=BASE_DIR, env=environ, check=False)
        if done.returncode != 0:
            raise CannotRun(f"`manage.py {' '.join(arguments)}` failed (exit status {done.returncode}); see above.")

    @contextlib.contextmanager
    def only_one(self) -> Iterator[None]:
        """Refuses a second supervisor of the same data. The lock goes with the process, however it ends."""
        path = self.lock_path()
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotRun(
                    f"TrialCapture already runs here (process {path.read_text().strip()}). Stop it with Ctrl-C there,"
                    f" or with `manage.py down`."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
            file.truncate(0)

    def lock_path(self):
        try:
            self.places.var.mkdir(parents=True, exist_ok=True)
            return private_folder(self.places.run) / "supervisor.pid"
        except OSError as error:
            raise cannot_write(self.places.var, error) from error

    def supervisor_pid(self) -> int | None:
        """The process that looks after the stack now, or None."""
        path = self.places.run / "supervisor.pid"
        if not path.exists():
            return None
        with path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read().strip() or 0) or None
        return None

    def forget(self) -> None:
        """Every trace of the data. The stack must be stopped."""
        valkey_home = self.valkey.home
        for path in (self.places.data, valkey_home, self.places.sockets, *self.contents()):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)

    def contents(self) -> list:
        # the test cache belongs to the tests, which may be running
        kept = {"test-cache"}
        return [path for path in self.places.var.glob("*") if path.name not in kept]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Being sent to some other page is no answer."""

    def redirect_request(self, *_arguments) -> None:
        return None


def ask(url: str) -> tuple[bool, str]:
    """Whether it answers 200, and else why not."""
    try:
        # a proxy of the environment has no business with this machine's own address
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect())
        with opener.open(url, timeout=5) as answer:
            return answer.status == 200, ""
    except urllib.error.HTTPError as error:
        return False, error.read(2000).decode(errors="replace")
    except OSError as error:
        return False, str(error)
