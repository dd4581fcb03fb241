"""The handlers of what was recorded, run here and now: a simulation does not wait for a worker.

Deliveries are claimed, read and completed many at a time, which the worker does one by one; the handlers are the same,
in the same order.
"""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils.module_loading import import_string

from apps.audit import outbox
from apps.audit.ledger import ledger
from apps.audit.models import Delivery, Event
from apps.audit.selectors import view_of
from apps.common.actors import SYSTEM

# longer than any batch takes: until then no worker takes up what this process holds
LEASE = timedelta(minutes=10)
AT_ONCE = 1000


def deliver_all() -> int:
    """Everything that waits in the outbox; how many handlers ran. An error of a handler is the caller's."""
    ran = 0
    while True:
        while outbox.expand():
            pass
        claimed = _claim()
        if not claimed:
            return ran
        _run(claimed)
        ran += len(claimed)


def _claim() -> list[Delivery]:
    waiting = Delivery.objects.filter(status=Delivery.Status.WAITING, run_after__lte=Now()).order_by("run_after", "id")
    ids = list(waiting.values_list("pk", flat=True)[:AT_ONCE])
    # conditional on the status, so that what a worker took in between is left to it
    taken = Delivery.objects.filter(pk__in=ids, status=Delivery.Status.WAITING)
    taken.update(status=Delivery.Status.RUNNING, attempt=1, lease_until=Now() + LEASE)
    return list(Delivery.objects.filter(pk__in=ids, status=Delivery.Status.RUNNING, attempt=1).order_by("id"))


def _run(claimed: list[Delivery]) -> None:
    events = Event.objects.in_bulk({one.event_id for one in claimed})
    views = {key: view_of(event) for key, event in events.items()}
    # one transaction: a commit and an appending to the ledger for all of them
    with ledger(SYSTEM, None):
        for one in claimed:
            import_string(one.handler)(views[one.event_id])
    done = Delivery.objects.filter(pk__in=[one.pk for one in claimed], status=Delivery.Status.RUNNING, attempt=1)
    done.update(status=Delivery.Status.DONE, lease_until=None, done_at=Now())
