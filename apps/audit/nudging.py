"""Tell a worker that something waits. A hint only: the sweep finds what no hint announced.

The broker may be down or may swallow packets for minutes, and the request whose commit nudges must not notice. So a
thread of its own sends the hint, one at a time, and hints that come meanwhile become one.
"""

import threading
import time

import structlog
from celery import current_app
from django.utils.module_loading import import_string

DELIVER = "apps.audit.tasks.deliver"
PAUSE = 0.1  # seconds after a hint in which further ones become one: a hint costs as much as a third of a save
log = structlog.get_logger(__name__)


class Nudger:
    """Sends at most one hint at a time; ``nudge()`` returns at once."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def nudge(self) -> None:
        self._wanted.set()
        # a fork leaves the parent's thread behind, so a child process finds none alive and starts its own
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="outbox-nudge", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                send()
            except Exception as error:
                log.warning("outbox.nudge_failed", error=type(error).__name__)
            time.sleep(PAUSE)


def send() -> None:
    """Publish the hint, or run it here where tasks are eager. By name: the tasks stand above this module."""
    import_string(DELIVER).apply_async(retry=False, expires=60)


_nudger = Nudger()


def nudge() -> None:
    """Ask a worker to look at the outbox, soon. Never raises because of the broker, and never waits for it."""
    if current_app.conf.task_always_eager:
        send()
    else:
        _nudger.nudge()
