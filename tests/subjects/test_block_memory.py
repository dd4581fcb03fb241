"""Within one block of the ledger a locked subject is read once, and what a savepoint took back is not remembered."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.audit.ledger import block_memory, ledger
from apps.common.actors import SYSTEM
from apps.studies.protocol import protocol_for_site
from apps.subjects.selectors import milestones_of, today_at
from apps.subjects.services import change_status, lock_subject, set_milestone
from tests.journeys import screened


@pytest.fixture
def subject(site):
    return screened(site)


def test_it_works(subject):
    with ledger(SYSTEM, subject.study_id):
        locked = lock_subject(subject)
        milestones_of(locked), protocol_for_site(locked.site)
        with CaptureQueriesContext(connection) as captured:
            assert lock_subject(locked) is locked
            milestones_of(locked), protocol_for_site(locked.site)
    assert len(captured) == 0


def test_nothing_is_remembered_outside_a_block(subject):
    assert block_memory() is None
    with ledger(SYSTEM, subject.study_id):
        locked = lock_subject(subject)
    with ledger(SYSTEM, subject.study_id):
        assert lock_subject(locked) is not locked
    assert block_memory() is None


def test_another_copy_is_read_anew(subject):
    """Only the copy that was locked is known to be as the database has it."""
    with ledger(SYSTEM, subject.study_id):
        locked = lock_subject(subject)
        newer = lock_subject(subject)
        assert newer is not locked
        assert lock_subject(newer) is newer


def test_a_milestone_that_was_written_is_known_at_once(subject):
    today = today_at(subject.site)
    with ledger(SYSTEM, subject.study_id):
        locked = lock_subject(subject)
        assert milestones_of(locked).first("relapse") is None
        set_milestone(SYSTEM, locked, "relapse", today, occurrence=2)
        assert milestones_of(locked).get("relapse", 2) == today
        set_milestone(SYSTEM, locked, "relapse", None, occurrence=2, reason="not a relapse")
        assert milestones_of(locked).get("relapse", 2) is None


def test_what_a_savepoint_took_back_is_forgotten(subject):
    """A caught refusal of a nested service leaves neither the status nor the fact behind."""
    today = today_at(subject.site)
    with ledger(SYSTEM, subject.study_id):
        locked = lock_subject(subject)
        milestones_of(locked)
        with pytest.raises(ValueError, match="refused"), transaction.atomic():
            set_milestone(SYSTEM, locked, "relapse", today)
            change_status(SYSTEM, locked, "screen_failed", reason="no")
            raise ValueError("refused")
        again = lock_subject(locked)
        assert again.status == "screened"
        assert milestones_of(again).first("relapse") is None
