"""Saving a form: what is stored, what is refused, what follows."""

import datetime as dt
import json
import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from apps.audit.models import Event
from apps.capture.entering import Refused
from apps.capture.models import FormRecord, Query, RecordRevision
from apps.capture.places import RecordRef
from apps.capture.services import answer_query, record_not_done, save_draft, save_record
from apps.common.errors import Conflict, DomainError, Forbidden, NotVisible
from apps.studies.models import Hold
from apps.subjects.selectors import milestones_of
from tests.capture.capture_study import build

VITALS = {"VSDAT": "2024-05-01", "HEIGHT": "100.0", "WEIGHT": "16.00"}


def events(record) -> list[dict]:
    rows = Event.objects.filter(object_type="capture.formrecord", object_id=str(record.pk)).order_by("seq")
    return [json.loads(event.body) for event in rows]


def test_it_works(small):
    record = save_record(small.actor(), small.ref("VS"), VITALS, 0)
    stored = FormRecord.objects.get(pk=record.pk)
    assert stored.data == {**VITALS, "BSA": "0.6667", "TOTAL": "0.0"}
    assert (stored.status, stored.revision) == ("incomplete", 1)
    assert stored.irrelevant == ["TEMP", "FEVER"]
    (event,) = events(record)
    assert event["action"] == "capture.record.saved"
    assert ["HEIGHT", None, "100.0"] in event["changes"]
    assert RecordRevision.objects.get(record=record).data == stored.data


def test_a_second_save_names_only_what_changed(small):
    save_record(small.actor(), small.ref("VS"), VITALS, 0)
    record = save_record(small.actor(), small.ref("VS"), {"WEIGHT": "17"}, 1)
    assert events(record)[1]["changes"] == [["WEIGHT", "16.00", "17"], ["BSA", "0.6667", "0.6872"]]
    assert FormRecord.objects.get(pk=record.pk).changed["WEIGHT"] == 2


def test_the_same_values_again_write_nothing(small):
    save_record(small.actor(), small.ref("VS"), VITALS, 0)
    record = save_record(small.actor(), small.ref("VS"), VITALS, 1)
    assert record.revision == 1
    assert len(events(record)) == 1


def test_the_wrong_person_may_not_save(small):
    with pytest.raises(Forbidden):
        save_record(small.actor("monitor"), small.ref("VS"), VITALS, 0)
    with pytest.raises(NotVisible):
        save_record(small.actor("outsider"), small.ref("VS"), VITALS, 0)
    assert not FormRecord.objects.exists()


def test_another_site_does_not_see_the_form(small):
    with pytest.raises(NotVisible):
        save_record(small.actor("other_site"), small.ref("VS"), VITALS, 0)


def test_a_form_that_the_visit_does_not_have_does_not_exist(small):
    for ref in (small.ref("PC"), small.ref("AE"), small.ref("VS", None), small.ref("VS", repeat=2), small.ref("NOPE")):
        with pytest.raises(NotVisible):
            save_record(small.actor(), ref, {}, 0)


def test_a_visit_of_another_subject_does_not_exist(small):
    other = small.subject.__class__.objects.create(
        study=small.study, site=small.site, number="01-002", screened_on=dt.date(2024, 5, 1)
    )
    with pytest.raises(NotVisible):
        save_record(small.actor(), RecordRef(other.pk, "VS", small.visit("SCR").pk), VITALS, 0)


@pytest.mark.parametrize("level", ["study", "site", "subject", "visit", "record"])
@pytest.mark.parametrize("hold", [Hold.FROZEN, Hold.LOCKED])
def test_a_hold_at_any_level_stops_the_save_and_is_named(small, level, hold):
    record = save_record(small.actor(), small.ref("VS"), VITALS, 0)
    holder = {
        "study": small.study,
        "site": small.site,
        "subject": small.subject,
        "visit": small.visit("SCR"),
        "record": record,
    }[level]
    type(holder).objects.filter(pk=holder.pk).update(hold=hold)
    with pytest.raises(DomainError) as refusal:
        save_record(small.actor(), small.ref("VS"), {"WEIGHT": "17"}, 1)
    assert refusal.value.code == "held"
    assert refusal.value.details == {"level": level, "hold": hold}


def test_nothing_is_entered_at_a_planned_visit_before_consent(small):
    small.subject.milestones.model.objects.create(
        study=small.study, subject=small.subject, kind="consent", on=None, event_id=Event.objects.first().pk
    )
    with pytest.raises(DomainError) as refusal:
        save_record(small.actor(), small.ref("VS"), VITALS, 0)
    assert refusal.value.code == "no_consent"
    save_record(small.actor(), small.ref("AE", None), {"AETERM": "Rash"}, 0)
    save_record(small.actor(), small.ref("VS", "UNS"), {"VSDAT": "2024-05-20"}, 0)
    save_record(small.actor(), small.ref("IC"), {"RFICDAT": "2024-05-02"}, 0)
    assert save_record(small.actor(), small.ref("VS"), VITALS, 0).revision == 1


def test_a_missed_visit_takes_no_form(small):
    visit = small.visit("W2")
    visit.status = "missed"
    visit.save()
    with pytest.raises(DomainError) as refusal:
        save_record(small.actor(), small.ref("VS", "W2"), VITALS, 0)
    assert refusal.value.code == "visit_closed"


def test_a_stale_save_is_refused_with_both_sides(small):
    save_record(small.actor(), small.ref("VS"), {**VITALS, "REMARK": "calm"}, 0)
    save_record(small.actor(), small.ref("VS"), {"WEIGHT": "17"}, 1)
    with pytest.raises(Conflict) as refusal:
        save_record(small.actor(), small.ref("VS"), {"WEIGHT": "18", "REMARK": "crying"}, 1)
    details = refusal.value.details
    assert details["who"] == "Coordinator"
    assert details["revision"] == 2
    fields = {field["path"]: (field["before"], field["theirs"], field["mine"]) for field in details["fields"]}
    assert fields == {"WEIGHT": ("16.00", "17", "18"), "REMARK": ("calm", "calm", "crying")}
    assert FormRecord.objects.get().data["WEIGHT"] == "17"


def test_a_complete_form_changes_only_with_a_reason(small):
    save_record(small.actor(), small.ref("VS"), VITALS, 0, complete=True)
    with pytest.raises(DomainError) as refusal:
        save_record(small.actor(), small.ref("VS"), {"WEIGHT": "17"}, 1)
    assert refusal.value.code == "reason_required"
    record = save_record(small.actor(), small.ref("VS"), {"WEIGHT": "17"}, 1, reason="Read wrongly")
    assert record.status == "complete"
    assert events(record)[1]["reason"] == "Read wrongly"
    assert events(record)[0]["action"] == "capture.record.completed"


def test_a_hard_check_blocks_complete_and_never_a_save(small):
    fever = {**VITALS, "TEMPDONE": "Y", "TEMP": "39.0", "FEVER": "N"}
    with pytest.raises(DomainError) as refusal:
        save_record(small.actor(), small.ref("VS"), fever, 0, complete=True)
    assert (refusal.value.code, refusal.value.item) == ("hard_checks", "FEVER")
    assert not FormRecord.objects.exists()
    save_record(small.actor(), small.ref("VS"), fever, 0)
    query = Query.objects.get()
    assert (query.check_oid, query.status) == ("FEVER_SAID", "open")
    record = save_record(small.actor(), small.ref("VS"), {"FEVER": "Y"}, 1, complete=True)
    assert record.status == "complete"
    query.refresh_from_db()
    assert query.status == "closed"


def test_a_hard_range_is_confirmed_by_answering_its_query(small):
    save_record(small.actor(), small.ref("VS"), {**VITALS, "HEIGHT": "260"}, 0)
    query = Query.objects.get()
    assert query.check_oid == "RANGE_HARD"
    answer_query(small.actor(), query, "Measured twice.")
    record = save_record(small.actor(), small.ref("VS"), {}, 1, complete=True)
    assert record.status == "complete"
    # another value asks again: the answer was about the old one
    record = save_record(small.actor(), small.ref("VS"), {"HEIGHT": "270"}, 2, reason="Measured again")
    query.refresh_from_db()
    assert (query.status, record.status) == ("open", "incomplete")


def test_required_items_are_asked_when_the_form_is_complete(small):
    save_record(small.actor(), small.ref("VS"), {"VSDAT": "2024-05-01"}, 0)
    assert not Query.objects.exists()
    save_record(small.actor(), small.ref("VS"), {}, 1, complete=True)
    query = Query.objects.get()
    assert (query.item_oid, query.check_oid) == ("HEIGHT", "REQUIRED")
    assert set(query.text) == {"en", "zh"}
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": {"missing": "ND"}}, 2, reason="Not measured")
    query.refresh_from_db()
    assert query.status == "closed"


def test_a_check_reads_the_visit_before(small):
    save_record(small.actor(), small.ref("VS"), VITALS, 0)
    save_record(small.actor(), small.ref("VS", "W2"), {"VSDAT": "2024-05-15", "WEIGHT": "25.00"}, 0)
    assert Query.objects.get().check_oid == "WEIGHT_CHANGE"


def test_a_value_that_becomes_hidden_is_kept_and_not_checked(small):
    save_record(small.actor(), small.ref("VS"), {**VITALS, "TEMPDONE": "Y", "TEMP": "50"}, 0)
    assert Query.objects.get().check_oid == "RANGE_HARD"
    record = save_record(small.actor(), small.ref("VS"), {"TEMPDONE": "N"}, 1, complete=True)
    assert record.data["TEMP"] == "50"
    assert record.irrelevant == ["TEMP", "FEVER"]
    assert Query.objects.get().status == "closed"


def test_lines_are_computed_checked_and_never_deleted(small):
    lines = [{"LESLOC": "liver", "LENGTH": "2.0", "WIDTH": "3.0"}, {"LESLOC": "skin", "LENGTH": "1.0"}]
    record = save_record(small.actor(), small.ref("VS"), {**VITALS, "LESION": lines}, 0)
    first, second = record.data["LESION"]
    assert (first["AREA"], record.data["TOTAL"]) == ("6.00", "3.0")
    assert Query.objects.get().line_key == first["_key"]
    record = save_record(small.actor(), small.ref("VS"), {"LESION": [{"_key": first["_key"], "_inactive": "Double"}]}, 1)
    assert record.data["TOTAL"] == "1.0"
    assert [line["_key"] for line in record.data["LESION"]] == [first["_key"], second["_key"]]
    assert Query.objects.get().status == "closed"
    record = save_record(small.actor(), small.ref("VS"), {"LESION": [{"_key": first["_key"], "_inactive": ""}]}, 2)
    assert record.data["TOTAL"] == "3.0"


def test_another_unit_is_converted_exactly_and_kept(small):
    record = save_record(small.actor(), small.ref("VS"), {"HEIGHT": {"value": "40", "unit": "in"}}, 0)
    assert record.data["HEIGHT"] == "101.6"
    assert record.data["_entered"] == {"HEIGHT": {"value": "40", "unit": "in"}}
    record = save_record(small.actor(), small.ref("VS"), {"HEIGHT": "101.6"}, 1)
    assert "_entered" not in record.data


def test_a_whole_form_is_not_done_with_a_reason(small):
    with pytest.raises(DomainError):
        record_not_done(small.actor(), small.ref("VS"), 0, reason=" ")
    record = record_not_done(small.actor(), small.ref("VS"), 0, reason="Device broken")
    assert record.status == "not_done"
    assert events(record)[0]["action"] == "capture.record.not_done"


def test_a_date_that_is_a_milestone_moves_the_schedule(small):
    save_record(small.actor(), small.ref("IC"), {"RFICDAT": "2024-05-03"}, 0)
    assert milestones_of(small.subject).get("consent") == dt.date(2024, 5, 3)
    assert small.visit("W2").target == dt.date(2024, 5, 17)


def test_a_fact_that_repeats_counts_by_record(small):
    save_record(small.actor(), small.ref("AE", None), {"AERELAPSE": "2024-06-01"}, 0)
    save_record(small.actor(), small.ref("AE", None, 2), {"AERELAPSE": "2024-08-01"}, 0)
    save_record(small.actor(), small.ref("AE", None), {"AERELAPSE": ""}, 1)
    assert milestones_of(small.subject).all("relapse") == [(2, dt.date(2024, 8, 1))]


def test_the_visit_is_done_when_its_forms_are(small):
    save_record(small.actor(), small.ref("IC"), {"RFICDAT": "2024-05-01"}, 0, complete=True)
    save_record(small.actor(), small.ref("VS"), VITALS, 0, complete=True)
    assert small.visit("SCR").status != "done"
    save_record(small.actor(), small.ref("HEM"), {"PLT": "200"}, 0, complete=True)
    assert small.visit("SCR").status == "done"


def test_the_blinded_know_nothing_of_blinded_forms_and_items(small):
    with pytest.raises(NotVisible):
        save_record(small.actor("outcome_assessor"), small.ref("PC", "W2"), {"SIROTR": "9"}, 0)
    record = save_record(small.actor(), small.ref("PC", "W2"), {"SIROTR": "9"}, 0)
    assert events(record)[0]["audience"] == "unblinded"


def test_saving_takes_at_most_four_statements(small):
    save_record(small.actor(), small.ref("VS"), VITALS, 0)
    actor, ref = small.actor(), small.ref("VS")
    with CaptureQueriesContext(
        connection,
    ) as first:
        save_record(actor, ref, {"WEIGHT": "17", "HEIGHT": "300"}, 1)
    assert len(first) <= 4, [query["sql"][:80] for query in first]


def test_a_save_ends_the_persons_draft(small):
    save_draft(small.actor(), small.ref("VS"), {"WEIGHT": "1x"}, 0)
    save_record(small.actor(), small.ref("VS"), VITALS, 0)
    from apps.capture.models import Draft

    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"WEIGHT": "heavy"}, "number"),
        ({"WEIGHT": "1,234"}, "ambiguous"),
        ({"WEIGHT": "7.123"}, "decimals"),
        ({"WEIGHT": "1" * 300_000}, "too_long"),
        ({"REMARK": "x" * 300_000}, "too_long"),
        ({"REMARK": "a\0b"}, "characters"),
        ({"REMARK": "\ud800"}, "characters"),
        ({"BATCH": "AB12😀"}, "pattern"),
        ({"PULSE": "80.5"}, "whole"),
        ({"VSDAT": "2024-02-30"}, "no_such_date"),
        ({"VSDAT": "2024-05"}, "partial"),
        ({"VSDAT": "05/06/2024"}, "ambiguous"),
        ({"VSTIME": "25:00"}, "no_such_time"),
        ({"POS": "STANDING"}, "code"),
        ({"SIGNS": ["PAIN", "FORGED"]}, "code"),
        ({"TEMPDONE": "maybe"}, "yesno"),
        ({"WEIGHT": {"missing": "XX"}}, "missing_code"),
        ({"WEIGHT": ["1"]}, "shape"),
        ({"HEIGHT": {"value": "1", "unit": "mile"}}, "unit"),
        ({"FORGED": "1"}, "unknown_item"),
        ({"PLT": "100"}, "other_form"),
        ({"BSA": "1"}, "computed"),
        ({"TEMP": "37.0"}, "hidden"),
        ({"IMAGE": "00000000-0000-4000-8000-000000000000"}, "file"),
        ({"LESION": "many"}, "shape"),
        ({"LESION": [{"LENGTH": "long"}]}, "number"),
        ({"LESION": [{"PLT": "1"}]}, "other_form"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(small, values, code):
    save_record(small.actor(), small.ref("VS"), VITALS, 0)
    with pytest.raises(Refused) as refusal:
        save_record(small.actor(), small.ref("VS"), {**values, "REMARK": values.get("REMARK", "new")}, 1)
    assert [problem.code for problem in refusal.value.problems] == [code]
    assert FormRecord.objects.get().data == {**VITALS, "BSA": "0.6667", "TOTAL": "0.0"}


@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_is_saved_and_one_is_told():
    small = build()
    save_record(small.actor(), small.ref("VS"), VITALS, 0)
    ref, actor, start = small.ref("VS"), small.actor(), threading.Barrier(4)
    outcomes: list[str] = []

    def save(weight: str) -> None:
        start.wait()
        try:
            save_record(actor, ref, {"WEIGHT": weight}, 1)
            outcomes.append("saved")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=(f"{17 + n}.00",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "conflict", "conflict", "saved"]
    assert FormRecord.objects.get().revision == 2
    assert RecordRevision.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_on_a_new_form_make_one_record():
    small = build()
    ref, actor, start = small.ref("VS"), small.actor(), threading.Barrier(2)
    outcomes: list[str] = []

    def save() -> None:
        start.wait()
        try:
            save_record(actor, ref, VITALS, 0)
            outcomes.append("saved")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "saved"]
    assert FormRecord.objects.count() == 1
