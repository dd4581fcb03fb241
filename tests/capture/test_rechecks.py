"""Checks run again when what they read changes, and in batch: each record by its own version."""

import copy
import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import Event
from apps.capture.models import FormRecord, Query
from apps.capture.places import RecordRef
from apps.capture.replay import drifts
from apps.capture.services import answer_query, inactivate_record, recheck_record, record_not_done, run_checks
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.review.models import Signature
from apps.review.selectors.signatures import signed_records
from apps.review.services import freeze, sign_data
from apps.studies.definition import StudyDefinition
from apps.studies.services import publish
from apps.subjects.selectors import today_at
from tests.factories import small_definition
from tests.journeys import enter, locked, screened


@pytest.fixture
def subject(site):
    subject = screened(site)
    enter(subject, "HEM", "SCR", HEMDAT=today_at(site).isoformat(), PLT="200")
    return subject


def open_checks(subject):
    rows = Query.objects.filter(subject=subject, kind="system").exclude(status="closed")
    return sorted(rows.values_list("check_oid", flat=True))


def born(subject, day: dt.date):
    return enter(subject, "DM", "SCR", BRTHDAT=day.isoformat())


def test_it_works(subject, run_outbox):
    record = subject.records.get(form_oid="HEM")
    late = (today_at(subject.site) - dt.timedelta(days=1)).isoformat()
    enter(subject, "HEM", "SCR", HEMDAT="2020-01-01")
    run_outbox()
    assert open_checks(subject) == ["HEM_AFTER_BIRTH"]
    enter(subject, "DM", "SCR", BRTHDAT="2019-05-01")
    revision = subject.records.get(form_oid="HEM").revision
    run_outbox()
    assert open_checks(subject) == []
    enter(subject, "DM", "SCR", BRTHDAT=late)
    run_outbox()
    assert open_checks(subject) == ["HEM_AFTER_BIRTH"]
    again = subject.records.get(form_oid="HEM")
    assert (again.pk, again.revision) == (record.pk, revision)  # queries alone make no revision
    assert list(drifts(subject.study_id)) == []


def test_a_signature_stays_when_only_queries_follow(subject, personas, run_outbox):
    for form in ("IC", "DM", "HEM"):
        enter(subject, form, "SCR", complete=True)
    record = subject.records.get(form_oid="HEM")
    sign_data(personas["investigator"].actor, record, {record.pk: record.revision})
    born(subject, today_at(subject.site) + dt.timedelta(days=1))
    run_outbox()
    assert open_checks(subject) == ["HEM_AFTER_BIRTH"]
    assert Signature.objects.count() == 1
    assert record.pk in signed_records([subject.pk])


def test_the_thread_says_what_the_system_did(subject, run_outbox):
    enter(subject, "HEM", "SCR", HEMDAT="2020-01-01")
    query = Query.objects.get(check_oid="HEM_AFTER_BIRTH")
    answer_query(SYSTEM, query, "It is as in the source.")
    enter(subject, "DM", "SCR", BRTHDAT="2019-05-01")
    run_outbox()
    assert list(query.messages.values_list("step", flat=True)) == ["opened", "answered", "closed"]
    event = Event.objects.get(action="capture.checks.run")
    assert event.actor_name == SYSTEM.name


def test_frozen_queries_go_on_locked_ones_do_not(subject, run_outbox):
    freeze(SYSTEM, subject.records.get(form_oid="HEM"), reason="cleaning")
    born(subject, today_at(subject.site))
    enter(subject, "DM", "SCR", BRTHDAT="2019-05-01")
    run_outbox()
    assert open_checks(subject) == []
    Query.objects.all().delete()
    record = subject.records.get(form_oid="HEM")
    FormRecord.objects.filter(pk=record.pk).update(hold="locked")
    FormRecord.objects.filter(subject=subject, form_oid="DM").update(data={"BRTHDAT": "2999-01-01", "SEX": "F"})
    assert recheck_record(SYSTEM, record) is None
    FormRecord.objects.filter(pk=record.pk).update(hold="frozen")
    assert recheck_record(SYSTEM, record) is not None
    assert open_checks(subject) == ["HEM_AFTER_BIRTH"]


def test_taking_out_what_was_read_runs_the_checks(subject, run_outbox):
    enter(subject, "HEM", "SCR", HEMDAT="2020-01-01")
    run_outbox()
    assert open_checks(subject) == ["HEM_AFTER_BIRTH"]
    record = subject.records.get(form_oid="DM")
    inactivate_record(SYSTEM, RecordRef.of(record), record.revision, reason="another child's")
    run_outbox()
    assert open_checks(subject) == []  # without a birth date nothing is said of it


def test_running_twice_changes_nothing_more(subject, run_outbox):
    enter(subject, "HEM", "SCR", HEMDAT="2020-01-01")
    run_outbox()
    before = Event.objects.count()
    assert recheck_record(SYSTEM, subject.records.get(form_oid="HEM")) is None
    assert Event.objects.count() == before


# -- in batch


def report_of(study, **more):
    return run_checks(SYSTEM, study, **more)


def test_the_batch_says_and_does_the_same(subject, small_trial):
    FormRecord.objects.filter(subject=subject, form_oid="DM").update(data={"BRTHDAT": "2999-01-01", "SEX": "F"})
    dry = report_of(small_trial, is_dry=True)
    assert dry.of("HEM", "HEMDAT", "HEM_AFTER_BIRTH").opened == 1
    assert open_checks(subject) == []
    assert report_of(small_trial).changed == 1
    assert open_checks(subject) == ["HEM_AFTER_BIRTH"]
    assert report_of(small_trial).changed == 0


def test_what_no_check_concerns_is_counted_with_the_reason(subject, small_trial):
    record = enter(subject, "AE", AETERM="Fever")
    inactivate_record(SYSTEM, RecordRef.of(record), 1, reason="x")
    visit = subject.visits.get(code="SCR")
    record_not_done(SYSTEM, RecordRef(subject.pk, "VS", visit.pk), 0, reason="the child cried")
    report = report_of(small_trial)
    assert dict(report.skipped) == {"inactive": 1, "not_done": 1}
    assert report.records == 7


def test_a_newer_version_with_another_check_is_not_applicable_to_older_records(subject, small_trial):
    """LibreClinica's run of all rules fell over a version that had an item more."""
    definition = small_definition().model_dump(mode="json")
    form = next(form for form in definition["forms"] if form["oid"] == "HEM")
    extra = copy.deepcopy(form["groups"][0]["items"][1])
    extra |= {"oid": "WBC", "range": None, "analyte": None, "required": False}
    extra["checks"] = [{"oid": "WBC_LOW", "rule": "WBC > PLT", "message": {"en": "x", "zh": "x"}, "severity": "soft"}]
    form["groups"][0]["items"].append(extra)
    publish(SYSTEM, StudyDefinition.model_validate(definition), "WBC is asked too")
    small_trial.refresh_from_db()
    report = report_of(small_trial)
    assert dict(report.of("HEM", "WBC", "WBC_LOW").not_applicable) == {"version": 1}
    assert report.of("HEM", "WBC", "WBC_LOW").fired == 0


def test_a_hidden_item_is_never_checked(subject, small_trial):
    enter(subject, "VS", "SCR", FEVER="Y", TEMP="36.0")
    assert open_checks(subject) == ["TEMP_HIGH"]
    enter(subject, "VS", "SCR", FEVER="N")
    report = report_of(small_trial)
    assert open_checks(subject) == []
    assert report.of("VS", "TEMP", "TEMP_HIGH").fired == 0
    assert dict(report.of("VS", "TEMP", "TEMP_HIGH").not_applicable) == {"hidden": 1}


def test_locked_records_are_left_and_said(subject, small_trial):
    locked(subject)
    FormRecord.objects.filter(subject=subject, form_oid="DM").update(data={"BRTHDAT": "2999-01-01", "SEX": "F"})
    report = report_of(small_trial)
    assert set(report.skipped) == {"locked"}
    assert open_checks(subject) == []


@pytest.mark.parametrize("who", ["monitor", "coordinator", "outsider"])
def test_who_may_not(personas, small_trial, who):
    with pytest.raises(Forbidden):
        run_checks(personas[who].actor, small_trial)


def test_the_command(subject, small_trial, capsys):
    FormRecord.objects.filter(subject=subject, form_oid="DM").update(data={"BRTHDAT": "2999-01-01", "SEX": "F"})
    call_command("run_checks", small_trial.slug, "--dry-run")
    said = capsys.readouterr().out
    assert "HEM.HEMDAT HEM_AFTER_BIRTH: fired 1, opened 1, closed 0" in said and "1 would change" in said
    call_command("run_checks", small_trial.slug, "--subject", subject.number)
    assert "1 changed" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["no-such"], ["small-trial", "--site", "99"], ["small-trial", "--form", "ZZ"]])
def test_the_command_says_what_it_does_not_find(subject, arguments):
    with pytest.raises(CommandError):
        call_command("run_checks", *arguments)


def test_one_load_for_a_subject_however_many_records(site, small_trial, django_assert_num_queries):
    first = screened(site)
    run_checks(SYSTEM, small_trial)
    with django_assert_num_queries(4):
        run_checks(SYSTEM, small_trial)
    for number in range(2, 12):
        enter(first, "AE", repeat=number, AETERM="Fever")
    with django_assert_num_queries(4):
        run_checks(SYSTEM, small_trial)
