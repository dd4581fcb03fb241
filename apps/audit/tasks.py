"""What workers and beat run for the ledger."""

import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from apps.audit import outbox, periodic
from apps.audit.models import Outbox
from apps.audit.nudging import nudge
from apps.audit.services import seal_chains

# a task that is cut into turns leaves room for others on the same worker
TURN_SECONDS = 20
# rows of the outbox and claims of periods that nothing needs any more
KEEP_DAYS = 30


@shared_task
def deliver() -> int:
    """Expand what waits in the outbox and run what is due; how many deliveries were tried."""
    until = time.monotonic() + TURN_SECONDS
    tried = 0
    while outbox.expand() == outbox.EXPAND_AT_ONCE:
        pass
    while claimed := outbox.claim():
        outbox.deliver(claimed)
        tried += 1
        outbox.expand()
        if time.monotonic() > until:
            nudge()
            break
    return tried


@shared_task
def sweep() -> int:
    """The same, from beat: finds what no nudge announced, and what a worker left when it died."""
    return deliver()


@shared_task
def seal_all() -> int:
    """Seal every chain that moved."""
    return seal_chains()


@shared_task
def forget() -> int:
    """Delete old rows that only said that work was done. Deliveries and events stay."""
    before = timezone.now() - timedelta(days=KEEP_DAYS)
    rows, _ = Outbox.objects.filter(expanded=True, created_at__lt=before).delete()
    return rows + periodic.forget_before(before)
