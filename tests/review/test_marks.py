"""Verification and its kin: who may, what counts, and what a change drops."""

import pytest
from django.db import transaction

from apps.audit.models import Event
from apps.capture.places import RecordRef
from apps.capture.services import inactivate_record
from apps.common.errors import Conflict, DomainError, Forbidden, NotVisible
from apps.review import services
from apps.review.models import Mark
from apps.review.selectors.marks import dropped, is_current, left_to_do, marks_of, progress, verified_records
from tests.factories import MembershipFactory, actor_for, published_study, small_definition
from tests.journeys import enter, locked, randomized, screened

PLAN = {"sdv": {"forms": {"DX": "required", "AE": "required"}, "source": "assumption"}}


@pytest.fixture
def planned(db):
    """The small trial with a plan: all of the diagnosis and of adverse events is verified."""
    return published_study(review=small_definition().review.model_validate(PLAN))


@pytest.fixture
def small_trial(planned):
    return planned


@pytest.fixture
def subject(site, personas):
    assert personas["monitor"]  # made before any block that a test rolls back
    subject = screened(site)
    enter(subject, "DX", "SCR", complete=True)
    return subject


def record_of(subject, form="DX"):
    return subject.records.get(form_oid=form)


def verify(personas, record, **more):
    return services.mark_record(personas["monitor"].actor, record, record.revision, kind="sdv", **more)


def test_it_works(subject, personas, planned):
    monitor = personas["monitor"].actor
    record = record_of(subject)
    assert [one.record_id for one in left_to_do(monitor, planned, "sdv")] == [record.pk]
    marks = verify(personas, record)
    assert {mark.path for mark in marks} == {"KMP", "SHRINK"}
    assert left_to_do(monitor, planned, "sdv") == []
    done = progress(monitor, planned, "sdv")[subject.site_id]
    assert (done.required, done.marked, done.percent) == (2, 2, 100)
    assert verified_records(planned, blinded=False, subject_ids=[subject.pk]) == {record.pk}
    event = Event.objects.get(action="review.mark.given")
    assert event.actor_name == personas["monitor"].user.full_name


def test_a_change_drops_the_mark_even_when_it_is_reverted(subject, personas, planned):
    verify(personas, record_of(subject))
    enter(subject, "DX", "SCR", SHRINK="20.0")
    enter(subject, "DX", "SCR", SHRINK="12.5")
    record = record_of(subject)
    (found,) = dropped(personas["monitor"].actor, planned, "sdv")
    assert (found.mark.path, found.mark.value, found.changed_revision) == ("SHRINK", "12.5", record.revision)
    assert [one.left for one in left_to_do(personas["monitor"].actor, planned, "sdv")] == [1]
    assert verified_records(planned, blinded=False, subject_ids=[subject.pk]) == set()
    verify(personas, record)
    assert dropped(personas["monitor"].actor, planned, "sdv") == []


def test_what_is_verified_stays_whose_it_is(subject, personas):
    verify(personas, record_of(subject), paths=["KMP"])
    before = Mark.objects.get(path="KMP").at
    verify(personas, record_of(subject))
    assert Mark.objects.get(path="KMP").at == before
    assert verify(personas, record_of(subject)) == []


def test_a_reviewer_marks_what_they_saw(subject, personas):
    record = record_of(subject)
    enter(subject, "DX", "SCR", SHRINK="20.0")
    with pytest.raises(Conflict), transaction.atomic():
        verify(personas, record)
    assert not Mark.objects.exists()


def test_a_visit_is_verified_as_a_whole_or_not_at_all(subject, personas):
    visit = subject.visits.get(code="SCR")
    seen = dict(subject.records.filter(visit=visit).values_list("pk", "revision"))
    stale = seen | {record_of(subject).pk: 1}
    with pytest.raises(Conflict), transaction.atomic():
        services.mark_visit(personas["monitor"].actor, visit, stale, kind="sdv")
    assert not Mark.objects.exists()
    services.mark_visit(personas["monitor"].actor, visit, seen, kind="sdv")
    assert set(Mark.objects.values_list("record_id", flat=True)) == set(seen)


def test_lines_are_verified_each(subject, personas, planned):
    lines = [{"_key": "aaaa", "AETRT": "Ibuprofen"}, {"_key": "bbbb", "AETRT": "Paracetamol"}]
    values = {"AETERM": "Fever", "AESTDAT": "2024-05", "AESER": "N", "AETREAT": lines}
    record = enter(subject, "AE", complete=True, **values)
    verify(personas, record, paths=["AETREAT/aaaa/AETRT"])
    left = {one.record_id: (one.left, one.required) for one in left_to_do(personas["monitor"].actor, planned, "sdv")}
    assert left[record.pk] == (4, 5)
    lines[1]["_inactive"] = "entered twice"
    enter(subject, "AE", AETREAT=lines)
    left = {one.record_id: (one.left, one.required) for one in left_to_do(personas["monitor"].actor, planned, "sdv")}
    assert left[record.pk] == (3, 4)


def test_what_is_taken_out_of_the_data_is_not_left_to_do(subject, personas, planned):
    record = enter(subject, "AE", complete=True, AETERM="Fever", AESTDAT="2024-05", AESER="N")
    assert len(left_to_do(personas["monitor"].actor, planned, "sdv")) == 2
    inactivate_record(personas["coordinator"].actor, RecordRef.of(record), record.revision, reason="wrong subject")
    assert [one.record_id for one in left_to_do(personas["monitor"].actor, planned, "sdv")] == [record_of(subject).pk]


def test_a_mark_is_taken_back_with_a_reason(subject, personas, planned):
    verify(personas, record_of(subject))
    with pytest.raises(DomainError), transaction.atomic():
        services.withdraw_marks(personas["monitor"].actor, record_of(subject), kind="sdv", paths=["KMP"], reason=" ")
    services.withdraw_marks(personas["monitor"].actor, record_of(subject), kind="sdv", paths=["KMP"], reason="wrong page")
    assert set(marks_of(record_of(subject))) == {"SHRINK"}
    assert [one.left for one in left_to_do(personas["monitor"].actor, planned, "sdv")] == [1]


def test_freezing_leaves_it_possible_locking_does_not(subject, personas):
    services.freeze(personas["data_manager"].actor, subject, reason="cleaning")
    verify(personas, record_of(subject), paths=["KMP"])
    subject.refresh_from_db()
    locked(subject, personas["data_manager"].actor)
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        verify(personas, record_of(subject))
    assert refusal.value.code == "held"
    assert personas["data_manager"].user.full_name in str(refusal.value)


@pytest.mark.parametrize(
    ("kind", "who"),
    [("sdv", "data_manager"), ("sdv", "coordinator"), ("sdv", "investigator"), ("medical", "monitor"), ("data", "monitor")],
)
def test_who_may_not(subject, personas, kind, who):
    with pytest.raises(Forbidden):
        services.mark_record(personas[who].actor, record_of(subject), 2, kind=kind)


@pytest.mark.parametrize("who", ["other_site", "outsider", "nobody"])
def test_who_may_not_even_know(subject, personas, who):
    with pytest.raises(NotVisible):
        services.mark_record(personas[who].actor, record_of(subject), 2, kind="sdv")


@pytest.mark.parametrize(("kind", "who"), [("medical", "medical_monitor"), ("data", "data_manager")])
def test_other_reviews_are_kinds_of_the_same(subject, personas, planned, kind, who):
    record = record_of(subject)
    services.mark_record(personas[who].actor, record, record.revision, kind=kind)
    enter(subject, "DX", "SCR", SHRINK="20.0")
    assert [one.mark.path for one in dropped(personas[who].actor, planned, kind)] == ["SHRINK"]
    assert dropped(personas[who].actor, planned, "sdv") == []


def test_bad_paths(subject, personas):
    with pytest.raises(NotVisible), transaction.atomic():
        verify(personas, record_of(subject), paths=["NOSUCH"])
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        verify(personas, record_of(subject), paths=["DXNOTE"])
    assert refusal.value.code == "nothing"
    assert not Mark.objects.exists()


def test_the_blinded_learn_of_no_hidden_form(site, personas, planned):
    subject = randomized(site)
    day = subject.records.get(form_oid="IC").data["RFICDAT"]
    record = enter(subject, "EC", complete=True, ECSTDAT=day, ECDOSE="0.4", ECFREQ="BID")
    verify(personas, record)
    enter(subject, "EC", ECDOSE="0.5")
    assert [one.mark.path for one in dropped(personas["monitor"].actor, planned, "sdv")] == ["ECDOSE"]
    assert dropped(personas["blinded"].actor, planned, "sdv") == []
    assert Event.objects.get(action="review.mark.given").audience == "unblinded"


# -- which subjects and visits


def targeted(plan):
    return published_study(study="targeted", review=small_definition().review.model_validate({"sdv": plan}))


def waiting(study):
    """The records that a monitor of all sites still has to verify."""
    monitor = actor_for(MembershipFactory(study=study, role="monitor").user)
    return {left.record_id for left in left_to_do(monitor, study, "sdv")}


def test_only_the_first_subjects_of_a_site(db):
    plan = {"forms": {"DX": "required"}, "first_subjects": 1, "source": "assumption"}
    study = targeted(plan)
    site = study.sites.get(code="01")
    first, second = screened(site), screened(site)
    for subject in (first, second):
        enter(subject, "DX", "SCR", complete=True)
    assert waiting(study) == {record_of(first).pk}


def test_a_random_share_is_fixed_by_its_seed(db):
    plan = {"forms": {"DX": "required"}, "share": 50, "seed": "a", "source": "assumption"}
    study = targeted(plan)
    site = study.sites.get(code="01")
    subjects = [screened(site) for _ in range(12)]
    for subject in subjects:
        enter(subject, "DX", "SCR", complete=True)
    chosen = waiting(study)
    assert 0 < len(chosen) < 12
    assert waiting(study) == chosen


def test_targeted_by_visit(db):
    plan = {"forms": {"VS": "required", "DX": "required"}, "visits": ["D0"], "source": "assumption"}
    study = targeted(plan)
    subject = screened(study.sites.get(code="01"))
    enter(subject, "DX", "SCR", complete=True)
    assert waiting(study) == set()


def test_is_current_says_the_same_as_the_list(subject, personas, planned):
    verify(personas, record_of(subject))
    enter(subject, "DX", "SCR", SHRINK="20.0")
    record = record_of(subject)
    states = {path: is_current(kinds["sdv"], record) for path, kinds in marks_of(record).items()}
    assert states == {"KMP": True, "SHRINK": False}


def test_the_cost_is_the_same_at_any_size(site, personas, planned, django_assert_num_queries):
    monitor = personas["monitor"].actor
    for _ in range(2):
        enter(screened(site), "DX", "SCR", complete=True)
    left_to_do(monitor, planned, "sdv")  # the plan is kept
    with django_assert_num_queries(3):
        assert len(left_to_do(monitor, planned, "sdv")) == 2
    for _ in range(3):
        enter(screened(site), "DX", "SCR", complete=True)
    with django_assert_num_queries(3):
        assert len(left_to_do(monitor, planned, "sdv")) == 5
