"""From an event to its handlers: one delivery row per (event, handler), held by a lease while a worker runs it.

Nothing here depends on the broker. A worker that dies leaves a lease that ends; the next sweep takes the delivery up
again, so a handler may run twice and must be idempotent. A handler that lost its lease completes nothing.
"""

import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from apps.audit.models import Delivery, Outbox
from apps.audit.selectors import EventView, get_event

Handler = Callable[[EventView], None]
LEASE_SECONDS = 60
MAX_ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = 5, 3600  # seconds between attempts: 5, 10, 20 … an hour
EXPAND_AT_ONCE = 500
ERROR_LENGTH = 4000
HANDLERS: dict[str, tuple[str, ...]] = {}
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A delivery that this process holds for now; ``attempt`` is the token that completion asks for."""

    id: int
    event_id: UUID
    handler: str
    attempt: int


def bind(handlers: Mapping[str, Iterable[str]]) -> None:
    """Set the table action → dotted names of handlers (trialcapture/wiring.py)."""
    HANDLERS.clear()
    HANDLERS.update({action: tuple(names) for action, names in handlers.items()})


def expand() -> int:
    """Make a delivery for every handler of events that wait; how many events were taken. Any number may run at once."""
    with transaction.atomic():
        waiting = Outbox.objects.select_for_update(skip_locked=True).filter(expanded=False).order_by("created_at")
        rows = list(waiting[:EXPAND_AT_ONCE])
        deliveries = [
            Delivery(event_id=row.event_id, handler=handler, study_id=row.study_id, run_after=Now())
            for row in rows
            for handler in HANDLERS.get(row.action, ())
        ]
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        Outbox.objects.filter(pk__in=[row.pk for row in rows]).update(expanded=True)
    return len(rows)


# clock_timestamp(): a claim within a longer transaction sees the time as it is, as the rows it looks for do
CLAIM = """
UPDATE audit_delivery
   SET status = 'running', attempt = attempt + 1, lease_until = clock_timestamp() + %s * interval '1 second'
 WHERE id = (SELECT id FROM audit_delivery
              WHERE (status = 'waiting' AND run_after <= clock_timestamp())
                 OR (status = 'running' AND lease_until < clock_timestamp())
              ORDER BY run_after, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, event_id, handler, attempt
"""


def claim() -> Claimed | None:
    """Take the delivery that waits longest; no other worker has it until the lease ends."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [LEASE_SECONDS])
        row = cursor.fetchone()
    return Claimed(*row) if row else None


def deliver(claimed: Claimed) -> bool:
    """Run the handler and complete the delivery; whether it is done. A failure is kept and tried again later."""
    if claimed.attempt > MAX_ATTEMPTS:
        # it never failed in words: each time the worker itself died or hung
        fail(claimed, f"WorkerLost: no attempt of {MAX_ATTEMPTS} came to an end.")
        return False
    try:
        with heartbeat(claimed):
            handler: Handler = import_string(claimed.handler)
            handler(get_event(claimed.event_id))
    except Exception:
        error = traceback.format_exc(limit=-8)
        log.exception("outbox.handler_failed", handler=claimed.handler, attempt=claimed.attempt)
        fail(claimed, error)
        return False
    return complete(claimed)


def complete(claimed: Claimed) -> bool:
    done = _held(claimed).update(status=Delivery.Status.DONE, lease_until=None, done_at=Now(), error="")
    if not done:
        log.warning("outbox.lease_lost", handler=claimed.handler, attempt=claimed.attempt)
    return bool(done)


def fail(claimed: Claimed, error: str) -> None:
    """Wait longer each time; after ``MAX_ATTEMPTS`` give up, and keep the error."""
    if claimed.attempt >= MAX_ATTEMPTS:
        log.error("outbox.given_up", handler=claimed.handler, event_id=str(claimed.event_id))
        _held(claimed).update(status=Delivery.Status.DEAD, lease_until=None, error=error[-ERROR_LENGTH:])
        return
    wait = min(FIRST_WAIT * 2 ** (claimed.attempt - 1), LONGEST_WAIT)
    _held(claimed).update(
        status=Delivery.Status.WAITING, lease_until=None, run_after=_in_seconds(wait), error=error[-ERROR_LENGTH:]
    )


def _held(claimed: Claimed):
    return Delivery.objects.filter(pk=claimed.id, status=Delivery.Status.RUNNING, attempt=claimed.attempt)


def _in_seconds(seconds: int):
    return Now() + timedelta(seconds=seconds)


@contextmanager
def heartbeat(claimed: Claimed) -> Iterator[None]:
    """Renew the lease while the handler runs, from a thread with a connection of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=_renew, args=(claimed, stop), name="outbox-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


def _renew(claimed: Claimed, stop: threading.Event) -> None:
    try:
        while not stop.wait(LEASE_SECONDS / 3):
            if not _held(claimed).update(lease_until=_in_seconds(LEASE_SECONDS)):
                return
    except Exception as error:
        log.warning("outbox.heartbeat_failed", handler=claimed.handler, error=type(error).__name__)
    finally:
        connection.close()
