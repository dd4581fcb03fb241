"""The handlers of what was recorded, run here and now: a simulation does not wait for a worker."""

from django.utils.module_loading import import_string

from apps.audit import outbox
from apps.audit.selectors import get_event


def deliver_all() -> int:
    """Everything that waits in the outbox, as the worker would; how many handlers ran. An error is the caller's."""
    ran = 0
    while outbox.expand():
        ran += _run_claimed()
    return ran + _run_claimed()


def _run_claimed() -> int:
    ran = 0
    while claimed := outbox.claim():
        import_string(claimed.handler)(get_event(claimed.event_id))
        outbox.complete(claimed)
        ran += 1
    return ran
