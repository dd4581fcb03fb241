"""The owner of the database, triggers off, changes history. Each change is found and named."""

import hashlib
import threading
from contextlib import contextmanager

import pytest
from django.db import connection
from ledger_helpers import append, command, found, kinds

from apps.audit.chain import canonical
from apps.audit.models import Chain, Event
from apps.audit.services import seal, seal_chains

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def triggers_off(owner, table: str = "audit_event"):
    owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    try:
        yield
    finally:
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_it_works():
    append(1, 5)
    append(None, 3)
    seal_chains()
    assert command("verify_audit") == (
        0,
        "8 events in 2 chains, 2 seals; 0 events after the last seal.\nThe ledger holds.\n",
    )


def rewrite(owner, chain: str, seq: int, old: str, new: str) -> None:
    """Change text in the event's body and nothing else."""
    owner.execute(
        "UPDATE audit_event SET body = replace(body, %s, %s) WHERE chain = %s AND seq = %s", [old, new, chain, seq]
    )


def rehash(owner, chain: str, since: int) -> None:
    """Recompute every hash from a position on, and the head: what a careful forger does."""
    rows = owner.execute(
        "SELECT seq, body, prev_hash FROM audit_event WHERE chain = %s AND seq >= %s ORDER BY seq", [chain, since]
    )
    head = None
    for seq, body, prev in rows.fetchall():
        head = head or bytes(prev)
        prev, head = head, hashlib.sha256(head + body.encode()).digest()
        owner.execute(
            "UPDATE audit_event SET prev_hash = %s, hash = %s WHERE chain = %s AND seq = %s", [prev, head, chain, seq]
        )
    owner.execute("UPDATE audit_chain SET head_hash = %s WHERE key = %s", [head, chain])


def test_a_changed_value_is_named_with_its_position(owner_connection):
    append(1, 5)
    with triggers_off(owner_connection):
        rewrite(owner_connection, "study:1", 3, "2.40", "9.40")
    assert found() == ["altered: study:1 3: the event's text does not give its hash"]
    status, said = command("verify_audit")
    assert status == 1 and "altered: study:1 3" in said and said.endswith("1 findings.\n")


def test_a_changed_value_with_its_own_hash_recomputed_breaks_the_link(owner_connection):
    append(1, 5)
    with triggers_off(owner_connection):
        rewrite(owner_connection, "study:1", 3, "2.40", "9.40")
        owner_connection.execute(
            "UPDATE audit_event SET hash = sha256(prev_hash || convert_to(body, 'UTF8')) WHERE chain = 'study:1' AND seq = 3"
        )
    assert found() == ["broken_link: study:1 4: the event does not follow the event at 3"]


def test_all_later_hashes_recomputed_are_found_by_the_seal(owner_connection):
    append(1, 5)
    seal(1)
    append(1, 2)
    with triggers_off(owner_connection):
        rewrite(owner_connection, "study:1", 3, "2.40", "9.40")
        rehash(owner_connection, "study:1", 3)
    assert kinds() == {"rewritten"}
    assert "study:1 5" in found()[0]


def test_recomputed_and_the_seals_of_the_database_removed_is_found_by_the_copy(owner_connection):
    append(1, 5)
    seal(1)
    with triggers_off(owner_connection), triggers_off(owner_connection, "audit_seal"):
        rewrite(owner_connection, "study:1", 3, "2.40", "9.40")
        rehash(owner_connection, "study:1", 3)
        owner_connection.execute("DELETE FROM audit_seal")
    assert kinds() == {"rewritten", "seal_removed"}
    assert "study-1.jsonl:1" in " ".join(found())


def test_without_any_seal_a_full_rewrite_holds_which_is_why_seals_leave_the_machine(owner_connection):
    append(1, 5)
    with triggers_off(owner_connection):
        rewrite(owner_connection, "study:1", 3, "2.40", "9.40")
        rehash(owner_connection, "study:1", 3)
    assert kinds() == set()
    assert "No seal is kept outside the database" in command("verify_audit")[1]


def cut(owner, chain: str, after: int) -> None:
    owner.execute("DELETE FROM audit_event WHERE chain = %s AND seq > %s", [chain, after])
    owner.execute(
        "UPDATE audit_chain SET seq = %s, head_hash = (SELECT hash FROM audit_event WHERE chain = %s AND seq = %s)"
        " WHERE key = %s",
        [after, chain, after, chain],
    )


def test_a_tail_cut_before_a_seal_is_found(owner_connection):
    append(1, 5)
    seal(1)
    with triggers_off(owner_connection), triggers_off(owner_connection, "audit_seal"):
        cut(owner_connection, "study:1", 3)
        owner_connection.execute("DELETE FROM audit_seal")
    assert kinds() == {"tail_cut", "seal_removed"}
    assert any("ends at 3, and position 5 was sealed" in line for line in found())


def test_a_tail_cut_and_written_over_is_found(owner_connection):
    append(1, 5)
    seal(1)
    with triggers_off(owner_connection):
        cut(owner_connection, "study:1", 3)
    append(1, 4)
    assert kinds() == {"rewritten"}


def test_a_tail_cut_without_its_head_is_found(owner_connection):
    append(1, 5)
    with triggers_off(owner_connection):
        owner_connection.execute("DELETE FROM audit_event WHERE seq = 5")
    assert kinds() == {"head_differs"}


def test_a_dropped_chain_is_found(owner_connection):
    append(1, 5)
    append(2, 2)
    seal_chains()
    with triggers_off(owner_connection), triggers_off(owner_connection, "audit_seal"):
        owner_connection.execute("DELETE FROM audit_event WHERE chain = 'study:2'")
        owner_connection.execute("DELETE FROM audit_chain WHERE key = 'study:2'")
        owner_connection.execute("DELETE FROM audit_seal WHERE chain = 'study:2'")
    assert kinds() == {"chain_dropped", "seal_removed"}
    assert kinds(study_id=1) == set()
    assert kinds(study_id=2) == {"chain_dropped", "seal_removed"}


def test_a_dropped_chain_whose_head_stayed_is_found_without_a_seal(owner_connection):
    append(2, 2)
    with triggers_off(owner_connection):
        owner_connection.execute("DELETE FROM audit_event")
    assert found() == ["chain_dropped: study:2: its head says that there were events, and none is left"]


def test_a_missing_head_is_found(owner_connection):
    append(1)
    owner_connection.execute("DELETE FROM audit_chain")
    assert kinds() == {"head_missing"}


def test_an_event_taken_out_of_the_middle_is_named(owner_connection):
    append(1, 5)
    with triggers_off(owner_connection):
        owner_connection.execute("DELETE FROM audit_event WHERE seq IN (2, 3)")
    assert found() == ["missing: study:1 2 to 3: the chain goes from 1 to 4"]


def test_two_swapped_events_are_found(owner_connection):
    append(1, 5)
    with triggers_off(owner_connection):
        owner_connection.execute("UPDATE audit_event SET seq = 100 WHERE seq = 2")
        owner_connection.execute("UPDATE audit_event SET seq = 2 WHERE seq = 3")
        owner_connection.execute("UPDATE audit_event SET seq = 3 WHERE seq = 100")
    assert [line.partition(":")[0] for line in found()] == ["broken_link"] * 3
    assert {line.split(": ")[1] for line in found()} == {"study:1 2", "study:1 3", "study:1 4"}


COLUMNS = {
    "at": "'2020-01-01T00:00:00Z'",
    "actor_id": "8",
    "actor_name": "'Li'",
    "study_id": "2",
    "site_id": "NULL",
    "subject_id": "5",
    "object_type": "'nowhere.other'",
    "object_id": "'2'",
    "action": "'nowhere.thing.seen'",
    "audience": "'unblinded'",
    "id": "'00000000-0000-0000-0000-000000000000'",
}


def test_every_column_beside_the_body_is_held_against_it(owner_connection):
    append(1, len(COLUMNS) + 1)
    with triggers_off(owner_connection):
        for seq, (column, value) in enumerate(COLUMNS.items(), start=1):
            owner_connection.execute(f"UPDATE audit_event SET {column} = {value} WHERE chain = 'study:1' AND seq = {seq}")
    assert found() == [
        f"column_differs: study:1 {seq}: beside the event's text, {column} says something else"
        for seq, column in enumerate(COLUMNS, start=1)
    ]


def test_an_event_moved_to_another_study_with_all_hashes_recomputed_is_found(owner_connection):
    append(1, 2)
    with triggers_off(owner_connection):
        owner_connection.execute("UPDATE audit_event SET chain = 'study:2'")
        owner_connection.execute("UPDATE audit_chain SET key = 'study:2'")
    assert kinds() == {"broken_link", "wrong_chain"}


def test_a_body_that_is_no_event_is_found_and_the_walk_goes_on(owner_connection):
    append(1, 5)
    with triggers_off(owner_connection):
        owner_connection.execute("UPDATE audit_event SET body = '{' WHERE seq = 1")
        owner_connection.execute("UPDATE audit_event SET body = '[]' WHERE seq = 2")
        rewrite(owner_connection, "study:1", 5, "4.40", "9.40")
    assert [line.split(":")[0] for line in found()] == ["altered", "unreadable"] * 2 + ["altered"]


def test_a_trigger_left_off_is_found(owner_connection):
    owner_connection.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
    owner_connection.execute("ALTER TABLE capture_recordrevision DISABLE TRIGGER capture_recordrevision_no_truncate")
    owner_connection.execute("DROP TRIGGER audit_seal_insert_only ON audit_seal")
    assert {line.split(": ")[1] for line in found()} == {"audit_event", "capture_recordrevision", "audit_seal"}


def test_a_right_given_to_the_web_role_is_found(owner_connection):
    owner_connection.execute("GRANT INSERT ON audit_event TO trialcapture_web")
    owner_connection.execute("GRANT UPDATE ON studies_studyversion TO trialcapture_web")
    assert kinds() == {"right_too_wide"} and len(found()) == 2


def test_a_seal_forged_with_another_key_is_found(owner_connection, settings):
    append(1, 3)
    seal(1)
    settings.SEAL_KEY, own, folder = "QQ" * 21 + "Q=", settings.SEAL_KEY, settings.SEAL_DIR
    settings.SEAL_DIR = folder / "elsewhere"
    append(1)
    seal(1)
    settings.SEAL_KEY, settings.SEAL_DIR = own, folder
    assert kinds() == {"seal_unknown_key"}


def test_a_changed_seal_is_found(owner_connection):
    append(1, 3)
    seal(1)
    with triggers_off(owner_connection, "audit_seal"):
        owner_connection.execute("UPDATE audit_seal SET seq = 2")
    assert {"seal_forged", "rewritten"} <= kinds()


def test_a_changed_published_version_is_found(owner_connection, small_trial):
    assert kinds() == set()
    with triggers_off(owner_connection, "studies_studyversion"):
        owner_connection.execute("UPDATE studies_studyversion SET definition = jsonb_set(definition, '{target}', '99')")
    assert found() == ["version_altered: small-trial v1: the definition does not give the version's sha256"]
    definition = owner_connection.execute("SELECT definition FROM studies_studyversion").fetchone()[0]
    sha256 = hashlib.sha256(canonical(definition).encode()).hexdigest()
    with triggers_off(owner_connection, "studies_studyversion"):
        owner_connection.execute("UPDATE studies_studyversion SET sha256 = %s", [sha256])
    assert found() == ["version_altered: small-trial v1: the sha256 is not the one that the ledger recorded"]


def test_the_walk_holds_while_others_write():
    """Heads, seals and events are read in one snapshot: an event that is committed meanwhile accuses nobody."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            append(1)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(8):
            assert kinds() == set()
            seal(1)
    finally:
        stop.set()
        writer.join()
    assert Chain.objects.get().seq == Event.objects.count()
