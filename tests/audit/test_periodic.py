"""A period's work is done once, however many ask for it."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection, transaction

from apps.audit.models import PeriodicRun
from apps.audit.periodic import claim, forget_before, hour_of


@pytest.mark.django_db
def test_it_works():
    assert claim("reminders", "2026-05-01") is True
    assert claim("reminders", "2026-05-01") is False
    assert claim("reminders", "2026-05-02") is True
    assert claim("seals", "2026-05-01") is True


@pytest.mark.django_db
def test_a_crash_gives_the_claim_back():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert claim("reminders", "2026-05-01")
        raise ZeroDivisionError
    assert claim("reminders", "2026-05-01")


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_refused():
    with pytest.raises(RuntimeError, match="transaction"):
        claim("reminders", "2026-05-01")


@pytest.mark.django_db(transaction=True)
def test_one_of_many_at_once_does_the_work():
    won: list[int] = []

    def work(n: int) -> None:
        with transaction.atomic():
            if claim("reminders", "2026-05-01"):
                threading.Event().wait(0.1)
                won.append(n)
        connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_an_hour_has_one_name_everywhere():
    shanghai = timezone(timedelta(hours=8))
    assert hour_of(datetime(2026, 5, 1, 2, 30, tzinfo=shanghai)) == hour_of(datetime(2026, 4, 30, 18, 59, tzinfo=UTC))


@pytest.mark.django_db
def test_old_claims_are_forgotten():
    claim("reminders", "2026-05-01")
    assert forget_before(PeriodicRun.objects.get().claimed_at) == 0
    assert forget_before(PeriodicRun.objects.get().claimed_at + timedelta(seconds=1)) == 1
