"""Periodic work is done once a period, however many beats and workers run."""

from datetime import UTC, datetime

from django.db import connection, transaction

from apps.audit.models import PeriodicRun


def claim(job: str, period: str) -> bool:
    """Whether this caller does ``job`` for ``period``; nobody else will.

    Call it inside the transaction that does the work: a crash gives the claim back, and who comes second waits until
    the first has committed or failed. Outside a transaction it is refused (RuntimeError).
    """
    if not connection.in_atomic_block:
        raise RuntimeError("claim() belongs in the transaction that does the work.")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_periodicrun (job, period, claimed_at) VALUES (%s, %s, now()) ON CONFLICT DO NOTHING",
            [job, period],
        )
        return cursor.rowcount == 1


def hour_of(at: datetime) -> str:
    """A period's name: the hour in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")


def forget_before(at: datetime) -> int:
    """Delete claims older than a moment; a period that is over is never claimed again."""
    with transaction.atomic():
        return PeriodicRun.objects.filter(claimed_at__lt=at).delete()[0]
