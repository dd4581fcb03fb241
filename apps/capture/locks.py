"""The lock between writers and whoever freezes or locks: writers share it, a locker holds it alone."""

from django.db import connection

STUDY_LOCK = 7101  # first key of the advisory lock; the second is the study's id


def lock_out_writers(study_id: int) -> None:
    """Wait until no save of the study is in flight, and let none begin before this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [STUDY_LOCK, study_id])


def join_writers(study_id: int) -> None:
    """Write among the writers: whoever locks waits for this transaction's end, and a lock that came before is seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [STUDY_LOCK, study_id])
