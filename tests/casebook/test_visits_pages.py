"""One visit's page: dates, booking, missing; what is refused keeps what was typed."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.randomization.services import randomize_subject
from apps.subjects.selectors import today_at
from apps.visits.models import SubjectVisit
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject():
    subject = small.screened(small.site_of(small.publish_small()))
    small.consent(subject)
    return subject


@pytest.fixture
def coordinator(client, subject):
    client.force_login(small.user(subject.study, Role.COORDINATOR, subject.site))


def address(subject, code="SCR", name="visit"):
    visit = SubjectVisit.objects.get(subject=subject, code=code)
    return reverse(f"casebook:{name}", args=[subject.study.slug, subject.number, visit.pk])


def visit(subject, code="SCR"):
    return SubjectVisit.objects.get(subject=subject, code=code)


def test_it_works(client, subject, coordinator):
    html = client.get(address(subject)).content.decode()
    assert "Form DM" in html
    assert reverse("casebook:form", args=["small", subject.number, visit(subject).pk, "DM", 1]) in html
    today = today_at(subject.site).isoformat()
    answer = client.post(address(subject, name="visit_date"), {"date-on": today}, follow=True)
    assert "The date is saved." in answer.content.decode()
    assert visit(subject).actual == today_at(subject.site)


def test_a_correction_without_a_reason_keeps_what_was_typed(client, subject, coordinator):
    today = today_at(subject.site)
    client.post(address(subject, name="visit_date"), {"date-on": today.isoformat()})
    earlier = (today - timedelta(days=1)).isoformat()
    answer = client.post(address(subject, name="visit_date"), {"date-on": earlier})
    assert answer.status_code == 409
    assert "Say why." in answer.content.decode()
    assert earlier in answer.content.decode()
    client.post(address(subject, name="visit_date"), {"date-on": earlier, "date-reason": "typing error"})
    assert visit(subject).actual == today - timedelta(days=1)


def test_a_day_outside_the_window_is_taken_and_said(client, subject, coordinator):
    early = (today_at(subject.site) - timedelta(days=6)).isoformat()
    answer = client.post(address(subject, name="visit_date"), {"date-on": early}, follow=True)
    assert "1 day before the window" in answer.content.decode()


def test_booking_missing_and_opening_again(client, subject, coordinator):
    soon = today_at(subject.site) + timedelta(days=40)
    answer = client.post(address(subject, name="visit_book"), {"book-on": soon.isoformat()}, follow=True)
    assert visit(subject).booked_on == soon
    assert "days after the window" in answer.content.decode()
    client.post(address(subject, name="visit_close"), {"close-how": "missed", "close-reason": "Family abroad"})
    assert visit(subject).status == "missed"
    assert "Family abroad" in client.get(address(subject)).content.decode()
    client.post(address(subject, name="visit_reopen"), {"reopen-reason": "They came"})
    assert visit(subject).status == "planned"


def test_who_may_not(client, subject):
    client.force_login(small.user(subject.study, Role.MONITOR))
    html = client.get(address(subject)).content.decode()
    assert "Save the date" not in html
    for name in ("visit_date", "visit_book", "visit_close", "visit_reopen"):
        assert client.post(address(subject, name=name), {}).status_code == 403
        assert client.get(address(subject, name=name)).status_code == 405
    client.force_login(small.user(subject.study, Role.COORDINATOR, small.site_of(subject.study, "02")))
    assert client.get(address(subject)).status_code == 404


def test_a_visit_of_another_subject_does_not_exist_here(client, subject, coordinator):
    other = small.screened(subject.site)
    wrong = reverse("casebook:visit", args=["small", other.number, visit(subject).pk])
    assert client.get(wrong).status_code == 404


def test_a_visit_of_one_arm_does_not_exist_for_the_blinded(client, subject):
    small.live_scheme(subject.study)
    while not SubjectVisit.objects.filter(code="H1").exists():
        randomize_subject(SYSTEM, small.enrolled(small.screened(subject.site)))
    own = SubjectVisit.objects.select_related("subject__study").get(code="H1")
    client.force_login(small.user(subject.study, Role.COORDINATOR, subject.site))
    assert client.get(address(own.subject, "H1")).status_code == 200
    client.force_login(small.user(subject.study, Role.OUTCOME_ASSESSOR))
    assert client.get(address(own.subject, "H1")).status_code == 404


def test_an_unscheduled_visit_is_added(client, subject, coordinator):
    new = reverse("casebook:unscheduled", args=["small", subject.number])
    today = today_at(subject.site).isoformat()
    answer = client.post(new, {"code": "UNS", "on": today, "reason": "Fever"}, follow=True)
    assert "Visit UNS" in answer.content.decode()
    answer = client.post(new, {"code": "M1", "on": today, "reason": "x"})
    assert answer.status_code == 200
    assert SubjectVisit.objects.filter(subject=subject, code="M1").count() == 1
