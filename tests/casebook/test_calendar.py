"""The calendar of the sites: what took place, is booked or planned, by month, week and day."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from apps.casebook.selectors.calendar import span_of
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.enrolment.services import depart
from apps.randomization.services import randomize_subject
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.visits.services import book_visit, mark_missed, record_visit_date
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = small.publish_small()
    small.live_scheme(study)
    return study


@pytest.fixture
def site(study):
    return small.site_of(study)


@pytest.fixture
def subject(site):
    subject = small.enrolled(small.screened(site))
    randomize_subject(SYSTEM, subject)
    return Subject.objects.select_related("site", "study").get(pk=subject.pk)


@pytest.fixture
def coordinator(client, study, site):
    client.force_login(small.user(study, Role.COORDINATOR, site))
    return client


def shown(client, **asked):
    return client.get(reverse("casebook:calendar", args=["small"]), asked)


def entries(answer):
    """Day → (visit, kind) of each entry."""
    days = [day for week in answer.context["weeks"] for day in week]
    return {day.on: [(entry.visit.code, entry.kind) for entry in day.entries] for day in days if day.entries}


def test_it_works(coordinator, subject):
    today = today_at(subject.site)
    visit = subject.visits.get(code="M1")
    assert ("M1", "planned") in entries(shown(coordinator, on=visit.target.isoformat()))[visit.target]
    book_visit(SYSTEM, visit, visit.target + timedelta(days=1))
    found = entries(shown(coordinator, on=visit.target.isoformat(), view="week"))
    assert ("M1", "planned") not in found.get(visit.target, [])
    day = visit.target + timedelta(days=1)
    assert entries(shown(coordinator, on=day.isoformat(), view="day"))[day] == [("M1", "booked")]
    record_visit_date(SYSTEM, subject.visits.get(code="D0"), today)
    answer = shown(coordinator)
    assert ("D0", "took_place") in entries(answer)[today]
    assert subject.number in answer.content.decode()


def test_what_was_missed_and_who_left_wait_for_nobody(coordinator, subject):
    visit = subject.visits.get(code="M1")
    mark_missed(SYSTEM, visit, reason="On holiday")
    assert ("M1", "planned") not in entries(shown(coordinator, on=visit.target.isoformat())).get(visit.target, [])
    later = subject.visits.get(code="D0")
    assert ("D0", "planned") in entries(shown(coordinator, on=later.target.isoformat()))[later.target]
    depart(SYSTEM, subject, "lost", today_at(subject.site), reason="No answer")
    assert later.target not in entries(shown(coordinator, on=later.target.isoformat()))


def test_one_sees_ones_own_sites_and_a_visit_of_an_arm_only_unblinded(client, study, subject):
    visit = subject.visits.get(code="M1")
    client.force_login(small.user(study, Role.COORDINATOR, small.site_of(study, "02")))
    assert entries(shown(client, on=visit.target.isoformat())) == {}
    while not subject.visits.exclude(audience="").exists():
        subject = small.enrolled(small.screened(subject.site))
        randomize_subject(SYSTEM, subject)
    hidden = subject.visits.exclude(audience="").get()
    for role, seen in ((Role.MONITOR, True), (Role.OUTCOME_ASSESSOR, False)):
        client.force_login(small.user(study, role))
        codes = [code for code, _ in entries(shown(client, on=hidden.target.isoformat())).get(hidden.target, [])]
        assert ("H1" in codes) == seen


def test_a_forged_address_shows_the_month_of_today(coordinator, site):
    for asked in ({"on": "yesterday"}, {"on": "9999-12-31"}, {"view": "year"}, {"site": "99"}, {"on": "\0"}):
        answer = shown(coordinator, **asked)
        assert answer.status_code == 200
        assert answer.context["span"].view == "month"
        assert answer.context["span"].on == today_at(site)


def test_weeks_are_whole_and_months_follow_each_other():
    march = span_of("month", date(2026, 3, 31))
    assert (march.first, march.last) == (date(2026, 2, 23), date(2026, 4, 5))
    assert (march.before, march.after) == (date(2026, 2, 1), date(2026, 4, 1))
    assert all(len(week) == 7 and week[0].weekday() == 0 for week in march.weeks)
    leap = span_of("week", date(2028, 2, 29))
    assert (leap.first, leap.last) == (date(2028, 2, 28), date(2028, 3, 5))
    assert span_of("day", date(2026, 1, 1)).before == date(2025, 12, 31)


def test_as_many_statements_at_any_size(coordinator, site, django_assert_max_num_queries):
    for _ in range(5):
        small.consent(small.screened(site))
    with django_assert_max_num_queries(12):
        shown(coordinator)
