"""A commit tells a worker; a broker that is down or deaf costs the request nothing."""

import os
import socket
import time

import pytest
import redis
from ledger_helpers import append

from apps.audit import nudging
from apps.audit.models import Outbox
from trialcapture.celery import app


@pytest.fixture
def celery_as_in_production():
    app.conf.task_always_eager = False
    yield
    app.conf.task_always_eager = True


@pytest.fixture
def deaf_broker():
    """Accepts connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def waited_for(condition, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.django_db(transaction=True)
def test_it_works(celery_as_in_production):
    """The hint lies in the broker's queue soon after the commit."""
    append(1, outbox=True)
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as broker:
        assert waited_for(lambda: broker.llen("default") >= 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broker", ["dead", "deaf"])
def test_a_commit_does_not_wait_for_the_broker(celery_as_in_production, monkeypatch, deaf_broker, broker):
    url = deaf_broker if broker == "deaf" else "redis://127.0.0.1:1/0"
    sent: list[str] = []

    def publish() -> None:
        sent.append("tried")
        with app.connection_for_write(url) as connection:
            connection.ensure_connection(max_retries=1, timeout=1)

    monkeypatch.setattr(nudging, "send", publish)
    append(1)
    began = time.monotonic()
    for _ in range(5):
        append(1, outbox=True)
    assert time.monotonic() - began < 1
    assert waited_for(lambda: sent)
    assert Outbox.objects.filter(expanded=False).count() == 5


def test_hints_that_come_meanwhile_become_one(monkeypatch):
    nudger, sent = nudging.Nudger(), []

    def slow() -> None:
        sent.append(1)
        time.sleep(0.3)

    monkeypatch.setattr(nudging, "send", slow)
    for _ in range(100):
        nudger.nudge()
    assert waited_for(lambda: len(sent) == 2)
    time.sleep(0.5)
    assert len(sent) <= 2
    nudger.nudge()
    assert waited_for(lambda: len(sent) == 3)


def test_a_failed_hint_does_not_end_the_thread(monkeypatch):
    nudger, sent = nudging.Nudger(), []

    def failing() -> None:
        sent.append(1)
        raise ConnectionError

    monkeypatch.setattr(nudging, "send", failing)
    for n in (1, 2):
        nudger.nudge()
        assert waited_for(lambda n=n: len(sent) >= n)
