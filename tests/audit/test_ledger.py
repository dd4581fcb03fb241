"""Events are appended with the change they tell of, in commit order, and never otherwise."""

import json
import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from ledger_helpers import NURSE, append, kinds, positions, thing

from apps.accounts.models import User
from apps.audit.chain import canonical, event_hash, genesis
from apps.audit.ledger import ledger, storable
from apps.audit.models import Chain, Event, Outbox
from apps.audit.selectors import get_event, histories, item_changes
from apps.common.errors import DomainError

pytestmark = pytest.mark.django_db


def test_it_works():
    with ledger(NURSE, 1) as entry:
        event_id = entry(
            action="nowhere.thing.changed",
            obj=thing(9),
            label="Thing nine",
            site_id=3,
            subject_id=4,
            changes=[("WEIGHT", None, "7.40"), ("DATE", date(2024, 5, 1), Decimal("1.50"))],
            reason="typing error",
            details={"why": "β"},
            outbox=True,
        )
    event = Event.objects.get(pk=event_id)
    assert (event.chain, event.seq, event.actor_id, event.actor_name) == ("study:1", 1, 7, "Zhang Wei 张伟")
    assert bytes(event.prev_hash) == genesis("study:1")
    assert bytes(event.hash) == event_hash(genesis("study:1"), event.body.encode())
    view = get_event(event_id)
    assert view.changes == (("WEIGHT", None, "7.40"), ("DATE", "2024-05-01", "1.50"))
    assert (view.reason, view.label, view.details, view.actor) == ("typing error", "Thing nine", {"why": "β"}, NURSE)
    assert Outbox.objects.get().event_id == event_id
    assert Chain.objects.get(key="study:1").seq == 1


def test_each_study_has_its_chain_and_the_system_one():
    append(1, 2)
    append(2)
    append(None)
    assert dict(Chain.objects.values_list("key", "seq")) == {"study:1": 2, "study:2": 1, "system": 1}


def test_two_bodies_that_say_the_same_have_different_hashes():
    append(1, 2)
    salts = {json.loads(body)["salt"] for body in Event.objects.values_list("body", flat=True)}
    assert len(salts) == 2 and all(len(salt) == 32 for salt in salts)


def test_nested_blocks_join_the_outermost_and_append_at_its_end():
    with ledger(NURSE, 1) as outer:
        with ledger(NURSE, None) as inner:
            inner(action="nowhere.thing.made", obj=thing())
        assert not Event.objects.exists()
        outer(action="nowhere.thing.changed", obj=thing())
    assert sorted(Event.objects.values_list("chain", "action")) == [
        ("study:1", "nowhere.thing.changed"),
        ("system", "nowhere.thing.made"),
    ]


def test_an_exception_leaves_neither_the_change_nor_its_event():
    with pytest.raises(DomainError), transaction.atomic(), ledger(NURSE, 1) as entry:
        User.objects.create(username="zhang", email="z@example.org")
        entry(action="nowhere.thing.changed", obj=thing())
        raise DomainError("no", code="no")
    assert not User.objects.filter(username="zhang").exists()
    append(1)
    assert Event.objects.count() == 1


def test_a_caught_refusal_takes_only_its_own_events_back():
    with ledger(NURSE, 1) as entry:
        with pytest.raises(DomainError), transaction.atomic():
            with ledger(NURSE, 1) as inner:
                inner(action="nowhere.thing.refused", obj=thing())
            raise DomainError("after the inner block was done", code="no")
        entry(action="nowhere.thing.changed", obj=thing())
    assert list(Event.objects.values_list("action", flat=True)) == ["nowhere.thing.changed"]


def test_a_refusal_that_is_swallowed_without_a_savepoint_refuses_the_whole():
    with pytest.raises(transaction.TransactionManagementError), transaction.atomic(), ledger(NURSE, 1) as entry:
        entry(action="nowhere.thing.changed", obj=thing())
        try:
            with ledger(NURSE, 1):
                raise DomainError("no", code="no")
        except DomainError:
            pass
    assert not Event.objects.exists()


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800", "\\\x00"])
def test_text_that_no_database_stores_is_refused_before_sql(text, django_assert_num_queries):
    with pytest.raises(DomainError) as refused, transaction.atomic(), ledger(NURSE, 1) as entry:
        entry(action="nowhere.thing.changed", obj=thing(), changes=[("NAME", None, text)])
    assert refused.value.code == "unstorable_text"
    append(1)


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "𠮷 😀", "\x01\x7f", '"', "\u2028"])
def test_every_other_text_is_kept_as_it_is(text):
    with ledger(NURSE, 1) as entry:
        event_id = entry(action="nowhere.thing.changed", obj=thing(), changes=[("NAME", None, text)], reason=text)
    assert get_event(event_id).changes[0][2] == text
    assert item_changes(1).get().new == text
    assert kinds() == set()


def test_canonical_text_is_one_for_one_meaning():
    assert canonical({"b": 1, "a": {"d": None, "c": "é"}}) == '{"a":{"c":"é","d":null},"b":1}'
    assert storable(canonical({"a": "\\u0000"}))
    with pytest.raises(ValueError):
        canonical({"a": float("nan")})


def test_item_changes_are_one_row_an_item():
    with ledger(NURSE, 1) as entry:
        entry(action="nowhere.thing.changed", obj=thing(), changes=[("A", None, "1"), ("B", ["x"], {"missing": "ND"})])
        entry(action="nowhere.thing.signed", obj=thing())
    rows = item_changes(1).order_by("seq", "position").values_list("position", "item", "old", "new")
    assert list(rows) == [(1, "A", None, "1"), (2, "B", ["x"], {"missing": "ND"})]


def test_histories_come_object_by_object_oldest_first():
    for pk in (10, 9, 10):
        append(1, pk=pk)
    found = [(key, [event.seq for event in events]) for key, events in histories("nowhere.thing", 1)]
    assert found == [("10", [1, 3]), ("9", [2])]
    assert list(histories("nowhere.thing", 2)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "INSERT INTO audit_event SELECT * FROM audit_event",
        "UPDATE audit_chain SET seq = 0",
        "DELETE FROM audit_chain",
        "UPDATE audit_seal SET seq = 0",
        "TRUNCATE audit_seal",
        "INSERT INTO audit_outbox VALUES (gen_random_uuid(), 'x', 1, now(), false)",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
    ],
)
def test_the_web_role_cannot_go_round_the_ledger(statement):
    append(1)
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)


def test_the_function_refuses_a_body_of_another_chain():
    body = Event.objects.get(pk=append(1)[0]).body
    for chain in ("system", "study:2", "nonsense"):
        with pytest.raises(DatabaseError, match="belongs to chain"), transaction.atomic():
            connection.cursor().execute("SELECT audit_append(%s, ARRAY[%s], ARRAY[false])", [chain, body])


def test_the_same_event_is_not_appended_twice():
    body = Event.objects.get(pk=append(1)[0]).body
    with pytest.raises(DatabaseError, match="audit_event_pkey"), transaction.atomic():
        connection.cursor().execute("SELECT audit_append('study:1', ARRAY[%s], ARRAY[false])", [body])


def test_a_function_of_ones_own_does_not_get_into_the_owners_function():
    """The function runs as the owner: what the web role makes in its temporary schema must not be called by it."""
    cursor = connection.cursor()
    cursor.execute("CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT '\\x00'::bytea $$")
    cursor.execute("CREATE TEMP TABLE audit_chain (key text, seq bigint, head_hash bytea)")
    append(1)
    cursor.execute("DROP TABLE pg_temp.audit_chain")
    assert len(bytes(Event.objects.get().hash)) == 32
    assert Chain.objects.get().seq == 1


def test_the_owner_too_is_refused_while_the_triggers_are_on(owner_connection):
    append(1)
    for statement in ("UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"):
        with pytest.raises(Exception, match="insert-only"):
            owner_connection.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_appends_of_many_threads_leave_no_gap_and_seq_is_commit_order():
    """No reader ever sees a position without all that come before it: the chain's lock is the commit order."""
    errors: list[Exception] = []
    over = threading.Event()

    def work(study_id: int) -> None:
        try:
            for _ in range(15):
                with ledger(NURSE, study_id) as entry:
                    entry(action="nowhere.thing.changed", obj=thing())
                    with ledger(NURSE, None) as system:
                        system(action="nowhere.thing.counted", obj=thing())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    gaps = []

    def look() -> None:
        while not over.is_set():
            with connection.cursor() as cursor:
                cursor.execute("SELECT chain, count(*), max(seq) FROM audit_event GROUP BY chain")
                gaps.extend(row for row in cursor.fetchall() if row[1] != row[2])
        connection.close()

    threads = [threading.Thread(target=work, args=(1 + n % 2,)) for n in range(8)]
    reader = threading.Thread(target=look)
    for thread in [reader, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    reader.join()
    assert not errors and not gaps
    assert positions("study:1") == positions("study:2") == list(range(1, 61))
    assert positions("system") == list(range(1, 121))
    assert kinds() == set()
