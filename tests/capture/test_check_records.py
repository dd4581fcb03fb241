"""Any sequence of saves replays from the ledger; whoever changes a table behind its back is found and named."""

import contextlib

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.capture.models import FormRecord, Query
from apps.capture.replay import drifts
from apps.capture.services import inactivate_record, reactivate_record, recheck_record, record_not_done, save_record
from apps.common.actors import SYSTEM
from apps.common.errors import Conflict, DomainError
from tests.capture.capture_study import build


def test_it_works(small, capsys):
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": {"value": "40", "unit": "in"}, "SIGNS": ["PAIN"]}, 0)
    save_record(small.actor(), small.ref("VS"), {"LESION": [{"LESLOC": "skin"}], "HEIGHT": ""}, 1, complete=True)
    inactivate_record(small.actor(), small.ref("VS"), 2, reason="Wrong subject")
    reactivate_record(small.actor(), small.ref("VS"), 3, reason="It was right")
    record_not_done(small.actor(), small.ref("HEM"), 0, reason="No blood drawn")
    call_command("check_records")
    assert "2 records are what the ledger says" in capsys.readouterr().out


step = st.fixed_dictionaries(
    {
        "values": st.fixed_dictionaries(
            {},
            optional={
                "HEIGHT": st.sampled_from(["", "100", "300", "12,5", "abc"]) | st.just({"value": "40", "unit": "in"}),
                "WEIGHT": st.sampled_from(["", "16.00", "16"]) | st.just({"missing": "ND"}),
                "TEMPDONE": st.sampled_from(["Y", "N", ""]),
                "TEMP": st.sampled_from(["37.0", "50", ""]),
                "SIGNS": st.sampled_from([["PAIN"], ["PAIN", "HEAT"], []]),
                "LESION": st.lists(
                    st.fixed_dictionaries(
                        {"_key": st.sampled_from(["aaaa", "bbbb", "cccc"])},
                        optional={
                            "LESLOC": st.sampled_from(["skin", ""]),
                            "LENGTH": st.sampled_from(["1.0", "2"]),
                            "_inactive": st.sampled_from(["twice", ""]),
                        },
                    ),
                    max_size=3,
                    unique_by=lambda line: line["_key"],
                ),
            },
        ),
        "complete": st.booleans(),
        "act": st.sampled_from(
            ["save"] * 8 + ["stale", "merge", "merge", "inactivate", "reactivate", "not done", "recheck"]
        ),
    }
)


def carry_out(small, one):
    """One step by the coordinator; "merge" is a save over what somebody else saved in between."""
    ref, actor = small.ref("VS"), small.actor()
    record = FormRecord.objects.first()
    revision = record.revision if record else 0
    match one["act"]:
        case "inactivate":
            inactivate_record(actor, ref, revision, reason="Wrong subject")
        case "reactivate":
            reactivate_record(actor, ref, revision, reason="It was right")
        case "not done":
            record_not_done(actor, ref, revision, reason="Refused")
        case "recheck" if record is not None:
            recheck_record(SYSTEM, record)
        case "merge":
            save_record(SYSTEM, ref, {"PULSE": str(60 + revision % 40)}, revision, reason="Theirs")
            try:
                save_record(actor, ref, one["values"], revision, reason="Because", complete=one["complete"])
            except Conflict:
                save_record(actor, ref, one["values"], revision + 1, reason="Merged", complete=one["complete"])
        case act:
            save_record(actor, ref, one["values"], revision + (act == "stale"), reason="Because", complete=one["complete"])


def hidden_and_asked(record):
    """Items that are hidden and still asked about by a check."""
    asked = Query.objects.filter(record=record, kind="system").exclude(status="closed").values_list("item_oid", "line_key")
    paths = {f"LESION/{key}/{oid}" if key else oid for oid, key in asked}
    return paths & set(record.irrelevant)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, min_size=1, max_size=8))
def test_any_sequence_of_saves_hides_restores_and_merges_replays(django_db_blocker, django_db_setup, steps):
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        small = build()
        for one in steps:
            with contextlib.suppress(DomainError), transaction.atomic():
                carry_out(small, one)
            assert list(drifts()) == []
            assert not any(hidden_and_asked(record) for record in FormRecord.objects.all())
        transaction.set_rollback(True)


@pytest.fixture
def saved(small):
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": "100"}, 0)
    return save_record(small.actor(), small.ref("VS"), {"HEIGHT": "101"}, 1)


def found() -> list[str]:
    return [str(drift) for drift in drifts()]


def test_a_value_changed_in_the_record_is_named(saved):
    FormRecord.objects.filter(pk=saved.pk).update(data={"HEIGHT": "150"})
    (words,) = found()
    assert "01-001 SCR VS" in words
    assert "data differ" in words
    with pytest.raises(SystemExit):
        call_command("check_records")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "complete"}, "status differ"),
        ({"inactive": True}, "inactive differ"),
        ({"irrelevant": ["HEIGHT"]}, "irrelevant items differ"),
        ({"revision": 7}, "it is at revision 7"),
    ],
)
def test_each_column_is_compared(saved, change, words):
    FormRecord.objects.filter(pk=saved.pk).update(**change)
    assert any(words in line for line in found())


def test_a_record_without_events_is_named(saved):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO capture_formrecord (study_id, subject_id, visit_id, form_oid, form_id, version_id, repeat, status,"
            " revision, data, changed, irrelevant, inactive, hold, created_at, updated_at)"
            " SELECT study_id, subject_id, visit_id, form_oid, form_id, version_id, 2, status, 1, data, changed, irrelevant,"
            " inactive, hold, now(), now() FROM capture_formrecord WHERE id = %s",
            [saved.pk],
        )
    assert any("no event speaks of it" in line for line in found())
