"""Fixture `run_outbox`: what the worker would do with the events recorded so far, here and now."""

from collections.abc import Callable

import pytest
from django.utils.module_loading import import_string

from apps.audit import outbox
from apps.audit.selectors import get_event


@pytest.fixture
def run_outbox(db) -> Callable[[], list[str]]:
    """Expands and runs every handler that is due, inside the test's transaction; the names of those that ran.

    An error of a handler is the test's error, where the worker would try again.
    """

    def run() -> list[str]:
        ran = []
        outbox.expand()
        while claimed := outbox.claim():
            import_string(claimed.handler)(get_event(claimed.event_id))
            assert outbox.complete(claimed)
            ran.append(claimed.handler)
            outbox.expand()
        return ran

    return run
