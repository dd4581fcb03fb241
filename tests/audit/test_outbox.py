"""Every event reaches every handler that is bound to it, once completed, whatever dies in between."""

import threading
from datetime import timedelta

import pytest
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone
from ledger_helpers import append, command

from apps.audit import nudging, outbox
from apps.audit.models import Delivery, Event, Outbox
from apps.audit.tasks import deliver, forget
from apps.common.errors import DomainError

pytestmark = pytest.mark.django_db

calls: list[tuple[str, int]] = []
trouble: list[Exception] = []


def first(event) -> None:
    calls.append(("first", event.seq))


def second(event) -> None:
    if trouble:
        raise trouble[0]
    calls.append(("second", event.seq))


FIRST, SECOND = f"{__name__}.first", f"{__name__}.second"


@pytest.fixture(autouse=True)
def bound():
    before = dict(outbox.HANDLERS)
    outbox.bind({"nowhere.thing.changed": [FIRST, SECOND], "nowhere.thing.made": [FIRST]})
    calls.clear()
    trouble.clear()
    yield
    outbox.bind(before)


def age(**fields) -> None:
    """Let time pass for every delivery."""
    Delivery.objects.update(**{name: timezone.now() - timedelta(seconds=1) for name in fields or {"run_after": 1}})


def test_it_works():
    append(1, 2, outbox=True)
    assert deliver() == 4
    assert sorted(calls) == [("first", 1), ("first", 2), ("second", 1), ("second", 2)]
    assert set(Delivery.objects.values_list("status", "attempt", "study_id")) == {("done", 1, 1)}
    assert deliver() == 0


def test_an_event_that_was_not_meant_for_the_outbox_or_that_nobody_handles_goes_nowhere():
    append(1)
    append(1, outbox=True, action="nowhere.thing.ignored")
    assert deliver() == 0
    assert Outbox.objects.get().expanded


def test_the_commit_nudges(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        append(1, outbox=True)
    assert len(calls) == 2


def test_an_event_that_was_rolled_back_reaches_nobody():
    with pytest.raises(DomainError), transaction.atomic():
        append(1, outbox=True)
        raise DomainError("no", code="no")
    assert deliver() == 0 and not Event.objects.exists()


def test_a_failure_waits_longer_each_time_and_the_error_is_kept():
    append(1, outbox=True)
    trouble.append(ValueError("the printer is on fire"))
    deliver()
    waits = []
    for _ in range(3):
        row = Delivery.objects.get(handler=SECOND)
        assert row.status == "waiting" and "the printer is on fire" in row.error
        waits.append(round((row.run_after - timezone.now()).total_seconds()))
        assert deliver() == 0
        age()
        deliver()
    assert waits == sorted(waits) and waits[0] in (4, 5) and waits[2] in (19, 20)
    trouble.clear()
    age()
    deliver()
    assert calls == [("first", 1), ("second", 1)]
    assert Delivery.objects.get(handler=SECOND).error == ""


def give_up() -> Delivery:
    append(1, outbox=True)
    trouble.append(ValueError("secret of patient 7"))
    for _ in range(outbox.MAX_ATTEMPTS + 2):
        deliver()
        age()
    return Delivery.objects.get(handler=SECOND)


def test_after_so_many_failures_it_is_given_up_with_its_error():
    row = give_up()
    assert (row.status, row.attempt) == ("dead", outbox.MAX_ATTEMPTS)
    assert "secret of patient 7" in row.error and row.lease_until is None


def test_the_list_of_queues_shows_what_was_given_up_and_no_message():
    row = give_up()
    append(1, outbox=True)
    said = command("queues")[1]
    assert f"given up: {row.pk} {SECOND} after {outbox.MAX_ATTEMPTS} attempts (ValueError)" in said
    assert "events not yet expanded: 1, the oldest for 0 s" in said
    assert "patient" not in said


def test_what_was_given_up_is_tried_again_on_request_and_the_ledger_says_so():
    row = give_up()
    trouble.clear()
    assert command("queues", "--retry", str(row.pk), "--reason", "printer replaced")[0] == 0
    assert Event.objects.filter(action="audit.delivery.retried", object_id=str(row.pk)).count() == 1
    assert deliver() == 1 and ("second", 1) in calls


@pytest.mark.parametrize(
    "arguments", [("--retry", "all"), ("--retry", "0", "--reason", "x"), ("--retry", "x", "--reason", "x")]
)
def test_a_retry_without_a_reason_or_of_nothing_is_refused(arguments):
    with pytest.raises(CommandError):
        command("queues", *arguments)


def test_a_worker_that_dies_in_a_handler_loses_nothing():
    append(1, outbox=True)
    outbox.expand()
    taken = outbox.claim()
    # kill -9 here: nobody completes it; nobody else takes it while the lease runs
    assert outbox.claim().id != taken.id
    assert outbox.claim() is None
    age(lease_until=1)
    again = outbox.claim()
    assert (again.id, again.attempt) == (taken.id, 2)


def test_a_worker_that_dies_after_the_handler_and_before_completion_runs_it_again():
    append(1, outbox=True, action="nowhere.thing.made")
    outbox.expand()
    outbox.claim()
    age(lease_until=1)
    assert deliver() == 1
    assert calls == [("first", 1)]


def test_a_worker_that_lost_its_lease_completes_nothing():
    append(1, outbox=True, action="nowhere.thing.made")
    outbox.expand()
    slow = outbox.claim()
    age(lease_until=1)
    quick = outbox.claim()
    assert not outbox.complete(slow)
    outbox.fail(slow, "too late")
    assert Delivery.objects.get().status == "running"
    assert outbox.complete(quick)
    assert not outbox.complete(slow)


def test_a_delivery_that_kills_every_worker_is_given_up():
    append(1, outbox=True, action="nowhere.thing.made")
    outbox.expand()
    for _ in range(outbox.MAX_ATTEMPTS):
        assert outbox.claim()
        age(lease_until=1)
    # the claim that follows runs nothing any more
    deliver()
    row = Delivery.objects.get()
    assert row.status == "dead" and row.error.startswith("WorkerLost") and calls == []


def test_an_unknown_handler_is_an_error_like_another():
    outbox.bind({"nowhere.thing.changed": ["apps.nowhere.handler"]})
    append(1, outbox=True)
    assert deliver() == 1
    assert "ModuleNotFoundError" in Delivery.objects.get().error


def test_a_crash_in_the_expansion_leaves_the_event_waiting(monkeypatch):
    append(1, outbox=True)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), transaction.atomic():
        patch.setattr(Delivery.objects, "bulk_create", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt()))
        outbox.expand()
    assert not Outbox.objects.get().expanded
    assert deliver() == 2


def test_old_rows_of_the_outbox_are_forgotten_and_waiting_ones_kept():
    append(1, 2, outbox=True)
    old = timezone.now() - timedelta(days=31)
    Outbox.objects.update(created_at=old)
    outbox.expand()
    append(1, outbox=True)
    Outbox.objects.filter(expanded=False).update(created_at=old)
    assert forget() == 2
    assert Outbox.objects.filter(expanded=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_keeps_a_slow_handler_from_being_run_twice(monkeypatch):
    monkeypatch.setattr(outbox, "LEASE_SECONDS", 0.6)
    monkeypatch.setattr(nudging, "send", lambda: None)
    append(1, outbox=True, action="nowhere.thing.made")
    outbox.expand()
    rivals: list[object] = []

    def slow(event) -> None:
        for _ in range(6):
            threading.Event().wait(0.3)
            rivals.append(outbox.claim())

    monkeypatch.setitem(globals(), "first", slow)
    assert outbox.deliver(outbox.claim())
    assert rivals == [None] * 6


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_work_and_none_does_it_twice(monkeypatch):
    monkeypatch.setattr(nudging, "send", lambda: None)
    append(1, 40, outbox=True)

    def work() -> None:
        deliver()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == len(set(calls)) == 80
    assert set(Delivery.objects.values_list("status", "attempt")) == {("done", 1)}
