"""What the owner of the database changes with its guards off."""

import pytest

from apps.capture.replay import drifts
from apps.capture.services import save_record
from tests.capture.capture_study import build

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def saved(owner_connection):
    small = build()
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": "100"}, 0)
    return save_record(small.actor(), small.ref("VS"), {"HEIGHT": "101"}, 1)


def tamper(owner_connection, statement: str) -> list[str]:
    with owner_connection.cursor() as cursor:
        for table in ("capture_formrecord", "capture_recordrevision", "audit_event"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
    return [str(drift) for drift in drifts()]


def test_it_works(saved):
    assert list(drifts()) == []


def test_a_changed_revision_is_named(saved, owner_connection):
    words = tamper(
        owner_connection,
        """UPDATE capture_recordrevision SET data = data || '{"HEIGHT": "99"}' WHERE revision = 1""",
    )
    assert len(words) == 1
    assert "revision 1: data differ" in words[0]


def test_a_removed_revision_is_named(saved, owner_connection):
    words = tamper(owner_connection, "DELETE FROM capture_recordrevision WHERE revision = 1")
    assert [line for line in words if "revision 1: the revision is missing" in line]


def test_a_removed_record_is_named(saved, owner_connection):
    words = tamper(owner_connection, "DELETE FROM capture_recordrevision; DELETE FROM capture_formrecord")
    assert [line for line in words if "the record is missing" in line]


def test_a_removed_event_is_named(saved, owner_connection):
    words = tamper(owner_connection, "DELETE FROM audit_event WHERE body LIKE '%capture.record.saved%\"revision\":1,%'")
    assert [line for line in words if "revision 1: no event speaks of it" in line]
