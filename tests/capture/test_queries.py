"""The thread of a query: who may take which step, in which state, and what the blinded see of it."""

import pytest

from apps.audit.models import Event
from apps.capture.models import Query
from apps.capture.permissions import OPEN_QUERY
from apps.capture.selectors import get_query_for, history, queries_of, record_for, visible_data, visible_queries
from apps.capture.services import answer_query, close_query, open_query, reopen_query, save_record
from apps.capture.status import status_of
from apps.common.errors import DomainError, Forbidden, NotVisible
from apps.studies.models import Hold


@pytest.fixture
def record(small):
    return save_record(small.actor(), small.ref("HEM", "W2"), {"PLT": "90", "DOSEHINT": "0.8 mg"}, 0)


def test_it_works(small, record):
    query = open_query(small.actor("monitor"), record, item_oid="PLT", text="Is this the right sample?")
    answer_query(small.actor(), query, "Yes, drawn again.")
    reopen_query(small.actor("monitor"), query, "Which day?")
    answer_query(small.actor(), query, "15 May.")
    close_query(small.actor("monitor"), query, "Thank you.")
    query.refresh_from_db()
    assert query.status == Query.Status.CLOSED
    steps = [(message.step, message.actor_name) for message in query.messages.all()]
    assert steps == [
        ("opened", "Monitor"),
        ("answered", "Coordinator"),
        ("reopened", "Monitor"),
        ("answered", "Coordinator"),
        ("closed", "Monitor"),
    ]
    actions = Event.objects.filter(object_type="capture.query").order_by("seq").values_list("action", flat=True)
    assert list(actions) == [f"capture.query.{step}" for step, _who in steps]


def test_the_site_may_not_open_or_close(small, record):
    assert "coordinator" not in OPEN_QUERY.roles
    with pytest.raises(Forbidden):
        open_query(small.actor(), record, text="?")
    query = open_query(small.actor("monitor"), record, text="Why?")
    with pytest.raises(Forbidden):
        close_query(small.actor(), query)


def test_another_site_does_not_see_the_query(small, record):
    query = open_query(small.actor("monitor"), record, text="Why?")
    for who in ("other_site", "outsider"):
        with pytest.raises(NotVisible):
            answer_query(small.actor(who), query, "I say")
        with pytest.raises(NotVisible):
            get_query_for(small.actor(who), query.pk)
        assert not visible_queries(small.actor(who), small.study, is_blinded=False).exists()


def test_a_step_that_the_state_does_not_allow_is_refused(small, record):
    query = open_query(small.actor("monitor"), record, text="Why?")
    answer_query(small.actor(), query, "Because")
    with pytest.raises(DomainError) as refusal:
        answer_query(small.actor(), query, "Because")
    assert refusal.value.code == "query_status"


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "a\0b"])
def test_words_are_needed_and_bounded(small, record, text):
    with pytest.raises(DomainError):
        open_query(small.actor("monitor"), record, text=text)


def test_frozen_leaves_queries_open_locked_does_not(small, record):
    query = open_query(small.actor("monitor"), record, text="Why?")
    type(record).objects.filter(pk=record.pk).update(hold=Hold.FROZEN)
    answer_query(small.actor(), query, "Because")
    type(record).objects.filter(pk=record.pk).update(hold=Hold.LOCKED)
    with pytest.raises(DomainError) as refusal:
        close_query(small.actor("monitor"), query)
    assert refusal.value.code == "held"


def test_the_blinded_see_no_trace_of_a_blinded_item(small, record):
    query = open_query(small.actor("monitor"), record, item_oid="DOSEHINT", text="Which dose?")
    assessor = small.actor("outcome_assessor")
    with pytest.raises(NotVisible):
        get_query_for(assessor, query.pk)
    place = record_for(assessor, small.ref("HEM", "W2"))
    assert queries_of(place) == []
    assert visible_data(place) == {"PLT": "90"}
    assert not visible_queries(assessor, small.study, is_blinded=True).exists()
    assert visible_queries(small.actor("monitor"), small.study, is_blinded=False).count() == 1
    with pytest.raises(NotVisible):
        history(place, "DOSEHINT")
    with pytest.raises(NotVisible):
        record_for(assessor, small.ref("PC", "W2"))


def test_history_tells_who_from_to_and_why(small, record):
    save_record(small.actor(), small.ref("HEM", "W2"), {"PLT": "95"}, 1, complete=True)
    save_record(small.actor(), small.ref("HEM", "W2"), {"PLT": ""}, 2, reason="Wrong tube")
    changes = history(record_for(small.actor("monitor"), small.ref("HEM", "W2")), "PLT")
    assert [(change.old, change.new, change.reason) for change in changes] == [
        ("95", None, "Wrong tube"),
        ("90", "95", ""),
        (None, "90", ""),
    ]


def test_what_a_person_accepted_is_not_asked_again_for_the_same_value(small):
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": "195"}, 0)
    close_query(small.actor("monitor"), Query.objects.get(), "Checked in the source.")
    save_record(small.actor(), small.ref("VS"), {"WEIGHT": "80"}, 1)
    assert Query.objects.count() == 1
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": "196"}, 2)
    assert Query.objects.filter(status="open").count() == 1


def test_a_closed_query_is_not_reopened_beside_a_newer_one(small):
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": "195"}, 0)
    old = close_query(small.actor("monitor"), Query.objects.get(), "Fine.")
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": "196"}, 1)
    with pytest.raises(DomainError) as refusal:
        reopen_query(small.actor("monitor"), old, "Again")
    assert refusal.value.code == "query_newer"


def test_one_function_gives_the_status(small, record):
    assert status_of(record) == "in_progress"
    assert status_of(record, open_queries=1) == "queried"
    assert status_of(record, open_queries=1, hold=Hold.FROZEN) == "queried"
    assert status_of(record, open_queries=1, hold=Hold.LOCKED) == "locked"
    record.status = "complete"
    assert status_of(record) == "complete"
    assert status_of(record, is_verified=True) == "verified"
    visit = small.visit("M1")
    assert status_of(None, visit=visit, today=visit.target) == "due"
    assert status_of(None, visit=visit, today=visit.latest.replace(year=2025)) == "overdue"
    visit.status = "missed"
    assert status_of(None, visit=visit) == "missed"
