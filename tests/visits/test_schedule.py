"""A subject's schedule in the database: planned, moved, dated, missed; what happened never moves."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden, NotVisible
from apps.common.permissions import Role
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.subjects.services import set_milestone
from apps.visits.models import SubjectVisit
from apps.visits.selectors import days_out_of_window, get_visit_for, is_due, is_overdue, next_visit, visits_of
from apps.visits.services import (
    add_unscheduled,
    book_visit,
    mark_missed,
    mark_not_applicable,
    mark_skipped,
    open_branch,
    record_visit_date,
    reopen_visit,
    replan,
    set_progress,
)
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject():
    return small.screened(small.site_of(small.publish_small()))


def visit(subject, code):
    return SubjectVisit.objects.select_related("subject__site", "subject__study").get(subject=subject, code=code)


def test_it_works(subject):
    set_milestone(SYSTEM, subject, "consent", date(2024, 5, 17))
    assert replan(SYSTEM, subject) == 1
    screening = visit(subject, "SCR")
    assert (screening.target, screening.latest) == (date(2024, 5, 17), date(2024, 6, 14))
    event = Event.objects.filter(action="visits.schedule.replanned").latest("seq")
    assert '["SCR","","2024-05-17 [2024-05-17, 2024-06-14]"]' in event.body


def test_planning_again_changes_and_records_nothing(subject):
    small.consent(subject)
    before = Event.objects.count()
    assert replan(SYSTEM, subject) == 0
    assert Event.objects.count() == before


def test_a_corrected_anchor_moves_forecasts_and_never_what_happened(subject):
    set_milestone(SYSTEM, subject, "randomization", date(2024, 5, 1))
    replan(SYSTEM, subject)
    record_visit_date(SYSTEM, visit(subject, "D0"), date(2024, 5, 2))
    book_visit(SYSTEM, visit(subject, "M1"), date(2024, 6, 3))
    set_milestone(SYSTEM, subject, "randomization", date(2024, 5, 8), reason="typing error")
    replan(SYSTEM, subject)
    day0, month1 = visit(subject, "D0"), visit(subject, "M1")
    assert (day0.actual, day0.target) == (date(2024, 5, 2), date(2024, 5, 8))
    assert (month1.booked_on, month1.target) == (date(2024, 6, 3), date(2024, 6, 8))
    assert days_out_of_window(day0) == -6


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.dates(date(2023, 1, 1), date(2025, 12, 31)), min_size=1, max_size=5))
def test_any_sequence_of_corrections_ends_at_the_last_and_leaves_actual_dates(subject, days):
    if not visit(subject, "D0").actual:
        record_visit_date(SYSTEM, visit(subject, "D0"), date(2024, 5, 2))
    for day in days:
        set_milestone(SYSTEM, subject, "randomization", day, reason="again")
        replan(SYSTEM, subject)
        assert replan(SYSTEM, subject) == 0
    day0 = visit(subject, "D0")
    assert (day0.actual, day0.target, day0.latest) == (date(2024, 5, 2), days[-1], days[-1] + timedelta(days=3))


def test_a_locked_visit_keeps_its_forecast(subject):
    set_milestone(SYSTEM, subject, "randomization", date(2024, 5, 1))
    replan(SYSTEM, subject)
    SubjectVisit.objects.filter(subject=subject, code="M1").update(hold="locked")
    set_milestone(SYSTEM, subject, "randomization", date(2024, 5, 8))
    replan(SYSTEM, subject)
    assert visit(subject, "M1").target == date(2024, 6, 1)


def test_a_withdrawn_anchor_takes_the_forecast_back(subject):
    set_milestone(SYSTEM, subject, "randomization", date(2024, 5, 1))
    replan(SYSTEM, subject)
    set_milestone(SYSTEM, subject, "randomization", None)
    replan(SYSTEM, subject)
    assert visit(subject, "M1").target is None


def test_a_date_is_corrected_with_a_reason_only(subject):
    record_visit_date(SYSTEM, visit(subject, "SCR"), date(2024, 5, 2))
    with small.refused("reason_required"):
        record_visit_date(SYSTEM, visit(subject, "SCR"), date(2024, 5, 3))
    corrected = record_visit_date(SYSTEM, visit(subject, "SCR"), date(2024, 5, 3), reason="wrong day")
    assert (corrected.actual, corrected.status) == (date(2024, 5, 3), "in_progress")
    undone = record_visit_date(SYSTEM, corrected, None, reason="another child")
    assert (undone.actual, undone.status) == (None, "planned")


def test_not_tomorrow_and_not_at_a_frozen_visit(subject):
    with small.refused("future"):
        record_visit_date(SYSTEM, visit(subject, "SCR"), today_at(subject.site) + timedelta(days=1))
    Subject.objects.filter(pk=subject.pk).update(hold="locked")
    with small.refused("held"):
        record_visit_date(SYSTEM, visit(subject, "SCR"), date(2024, 5, 2))


def test_who_may_not(subject):
    monitor = small.person(subject.study, Role.MONITOR)
    other_site = small.person(subject.study, Role.COORDINATOR, small.site_of(subject.study, "02"))
    for actor in (monitor, other_site):
        with pytest.raises(Forbidden):
            record_visit_date(actor, visit(subject, "SCR"), date(2024, 5, 2))


@pytest.mark.parametrize(
    ("close", "status"), [(mark_missed, "missed"), (mark_skipped, "skipped"), (mark_not_applicable, "not_applicable")]
)
def test_a_visit_is_closed_with_its_reason_and_reopened(subject, close, status):
    with small.refused("reason_required"):
        close(SYSTEM, visit(subject, "SCR"), reason=" ")
    closed = close(SYSTEM, visit(subject, "SCR"), reason="Family abroad")
    assert (closed.status, closed.status_reason) == (status, "Family abroad")
    assert Event.objects.filter(action=f"visits.visit.{status}").count() == 1
    with small.refused("visit_status"):
        book_visit(SYSTEM, closed, date(2024, 5, 2))
    assert reopen_visit(SYSTEM, closed, reason="They came back").status == "planned"


def test_a_visit_that_took_place_is_not_missed(subject):
    dated = record_visit_date(SYSTEM, visit(subject, "SCR"), date(2024, 5, 2))
    with small.refused("visit_status"):
        mark_missed(SYSTEM, dated, reason="x")


def test_progress_follows_the_forms(subject):
    dated = record_visit_date(SYSTEM, visit(subject, "SCR"), date(2024, 5, 2))
    done = set_progress(SYSTEM, dated, is_complete=True)
    assert done.status == "done"
    events = Event.objects.count()
    assert set_progress(SYSTEM, done, is_complete=True).status == "done"
    assert Event.objects.count() == events
    assert set_progress(SYSTEM, done, is_complete=False).status == "in_progress"


def test_unscheduled_visits_are_numbered_and_stand_in_time(subject):
    set_milestone(SYSTEM, subject, "consent", date(2024, 5, 17))
    replan(SYSTEM, subject)
    first = add_unscheduled(SYSTEM, subject, "UNS", date(2024, 5, 20), reason="Fever")
    second = add_unscheduled(SYSTEM, subject, "UNS", date(2024, 5, 25), reason="Fever again")
    assert (first.occurrence, second.occurrence) == (1, 2)
    assert [v.code for v in visits_of(SYSTEM, subject)] == ["SCR", "UNS", "UNS", "D0", "M1"]
    with small.refused("visit_code"):
        add_unscheduled(SYSTEM, subject, "M1", date(2024, 5, 20), reason="x")
    with small.refused("reason_required"):
        add_unscheduled(SYSTEM, subject, "UNS", date(2024, 5, 20), reason="")


def test_a_branch_opens_once_and_only_a_branch(subject):
    set_milestone(SYSTEM, subject, "randomization", date(2024, 5, 1))
    replan(SYSTEM, subject)
    open_branch(SYSTEM, subject, ["KM"])
    assert visit(subject, "KM").target == date(2024, 5, 15)
    assert open_branch(SYSTEM, subject, ["KM", "M1"]) == 0
    assert Event.objects.filter(action="visits.branch.opened").count() == 1


def test_visits_of_one_arm_are_absent_for_the_blinded(subject):
    set_milestone(SYSTEM, subject, "randomization", date(2024, 5, 1))
    open_branch(SYSTEM, subject, ["H1"])
    assessor = small.person(subject.study, Role.OUTCOME_ASSESSOR)
    coordinator = small.person(subject.study, Role.COORDINATOR, subject.site)
    assert "H1" in [v.code for v in visits_of(coordinator, subject)]
    assert "H1" not in [v.code for v in visits_of(assessor, subject)]
    assert get_visit_for(coordinator, subject, visit(subject, "H1").pk)
    with pytest.raises(NotVisible):
        get_visit_for(assessor, subject, visit(subject, "H1").pk)
    told = Event.objects.filter(subject_id=subject.pk, audience="", body__contains="H1")
    assert not told.exists()


def test_what_is_next_due_and_overdue(subject):
    set_milestone(SYSTEM, subject, "randomization", date(2024, 5, 1))
    replan(SYSTEM, subject)
    visits = list(visits_of(SYSTEM, subject))
    assert next_visit(visits).code == "D0"
    day0 = visit(subject, "D0")
    assert is_due(day0, date(2024, 5, 4))
    assert not is_overdue(day0, date(2024, 5, 4))
    assert is_overdue(day0, date(2024, 5, 5))
    record_visit_date(SYSTEM, day0, date(2024, 5, 1))
    assert next_visit(list(visits_of(SYSTEM, subject))).code == "M1"
    assert not is_overdue(visit(subject, "D0"), date(2024, 5, 5))
