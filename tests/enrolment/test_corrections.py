"""Milestones that were wrong, and steps that should not have been taken: corrected with a reason, nothing erased."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.enrolment.models import Departure
from apps.enrolment.selectors import newest_departure
from apps.enrolment.services import correct_departure, correct_enrolment, depart, enrol_subject, take_back_departure
from apps.randomization.services import randomize_subject, take_back_enrolment
from apps.subjects.selectors import milestones_of, today_at
from apps.subjects.services import correct_screening, set_milestone
from tests import small

pytestmark = pytest.mark.django_db
WHY = "Read from the wrong chart"


@pytest.fixture
def study():
    study = small.publish_small()
    small.live_scheme(study)
    return study


@pytest.fixture
def subject(study):
    return small.enrolled(small.screened(small.site_of(study)))


def left(subject, kind="lost", days=0, scope=""):
    return depart(SYSTEM, subject, kind, today_at(subject.site) + timedelta(days=days), reason="Because", scope=scope)


def status(subject):
    subject.refresh_from_db()
    return subject.status


def test_the_day_on_which_a_subject_left(subject):
    left(subject)
    on = today_at(subject.site) - timedelta(days=1)
    correct_departure(small.person(subject.study, Role.INVESTIGATOR), subject, on, reason=WHY)
    assert newest_departure(subject).on == on
    assert milestones_of(subject).first("lost") == on
    assert status(subject) == "lost"
    assert Departure.objects.count() == 2
    assert '"reason":"Read from the wrong chart"' in Event.objects.get(action="enrolment.departure.corrected").body


@pytest.mark.parametrize("stage", ["screened", "enrolled", "randomized", "on_treatment"])
def test_a_subject_who_did_not_leave_is_what_it_was(study, stage):
    site = small.site_of(study)
    subject = small.confirmed(small.screened(site))
    if stage != "screened":
        enrol_subject(SYSTEM, subject)
    if stage in ("randomized", "on_treatment"):
        randomize_subject(SYSTEM, subject)
    if stage == "on_treatment":
        set_milestone(SYSTEM, subject, "first_dose", today_at(site))
    assert status(subject) == stage
    left(subject)
    take_back_departure(SYSTEM, subject, reason=WHY)
    assert status(subject) == stage
    assert newest_departure(subject) is None
    assert milestones_of(subject).first("lost") is None
    assert Event.objects.filter(action="subjects.status.corrected").count() == 1


def test_of_two_steps_the_last_is_taken_back(subject):
    left(subject, "withdrawal", scope="follow_up")
    left(subject, "death")
    assert status(subject) == "died"
    take_back_departure(SYSTEM, subject, reason=WHY)
    assert status(subject) == "withdrawn"
    take_back_departure(SYSTEM, subject, reason=WHY)
    assert status(subject) == "enrolled"
    with small.refused("not_departed"):
        take_back_departure(SYSTEM, subject, reason=WHY)


def test_a_step_that_was_taken_back_may_be_taken_again(subject):
    left(subject)
    take_back_departure(SYSTEM, subject, reason=WHY)
    left(subject)
    assert status(subject) == "lost"
    assert newest_departure(subject).kind == "lost"


def test_the_day_of_enrolment(subject):
    on = today_at(subject.site) - timedelta(days=2)
    correct_enrolment(SYSTEM, subject, on, reason=WHY)
    assert milestones_of(subject).first("enrolment") == on
    with small.refused("before_consent"):
        correct_enrolment(SYSTEM, subject, on - timedelta(days=30), reason=WHY)
    with small.refused("future"):
        correct_enrolment(SYSTEM, subject, on + timedelta(days=30), reason=WHY)
    with small.refused("not_enrolled"):
        correct_enrolment(SYSTEM, small.screened(subject.site), on, reason=WHY)


def test_an_enrolment_by_mistake(subject):
    take_back_enrolment(SYSTEM, subject, reason=WHY)
    assert status(subject) == "screened"
    assert milestones_of(subject).first("enrolment") is None
    enrol_subject(SYSTEM, subject)
    randomize_subject(SYSTEM, subject)
    with small.refused("status"):
        take_back_enrolment(SYSTEM, subject, reason=WHY)


def test_whoever_has_the_only_arm_stays_enrolled():
    study = small.publish_small(small.single_arm())
    subject = small.enrolled(small.screened(small.site_of(study)))
    randomize_subject(SYSTEM, subject)
    with small.refused("allocated"):
        take_back_enrolment(SYSTEM, subject, reason=WHY)


def test_the_day_of_screening(subject):
    on = subject.screened_on - timedelta(days=3)
    correct_screening(SYSTEM, subject, on, reason=WHY)
    subject.refresh_from_db()
    assert subject.screened_on == on
    with small.refused("future"):
        correct_screening(SYSTEM, subject, today_at(subject.site) + timedelta(days=1), reason=WHY)


def test_each_needs_a_reason_and_the_right(subject):
    left(subject)
    today = today_at(subject.site)
    monitor = small.person(subject.study, Role.MONITOR)
    for service, *more in (
        (correct_departure, today),
        (take_back_departure,),
        (correct_enrolment, today),
        (take_back_enrolment,),
        (correct_screening, today),
    ):
        with small.refused("reason_missing"):
            service(SYSTEM, subject, *more, reason=" ")
        with pytest.raises(Forbidden):
            service(monitor, subject, *more, reason=WHY)


def test_on_the_page(client, subject):
    client.force_login(small.user(subject.study, Role.COORDINATOR, subject.site))
    address = reverse("casebook:correct", args=["small", subject.number])
    html = client.get(address).content.decode()
    assert "The subject should not have been enrolled" in html
    assert "did not leave" not in html
    refused = client.post(address, {"what": "enrolment", "on": "", "reason": WHY})
    assert refused.status_code == 422
    assert "Enter the right day." in refused.content.decode()
    assert WHY in refused.content.decode()
    left(subject)
    answer = client.post(address, {"what": "take_back_departure", "on": "", "reason": WHY}, follow=True)
    assert "Corrected." in answer.content.decode()
    assert status(subject) == "enrolled"
    assert client.post(address, {"what": "departure", "on": "2026-01-01", "reason": WHY}).status_code == 422
