"""Into the trial and out of it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from apps.audit.models import Event, Outbox
from apps.capture.places import RecordRef
from apps.capture.services import save_record
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.common.permissions import Role
from apps.enrolment.models import Departure
from apps.enrolment.selectors import room_for
from apps.enrolment.services import confirm_eligibility, depart, enrol_subject, open_due_branches
from apps.studies.models import Site
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of, today_at
from apps.subjects.services import set_milestone
from apps.visits.models import SubjectVisit
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject():
    return small.screened(small.site_of(small.publish_small()))


def test_it_works(subject):
    small.confirmed(subject)
    coordinator = small.person(subject.study, Role.COORDINATOR, subject.site)
    assert enrol_subject(coordinator, subject).status == "enrolled"
    assert milestones_of(subject).first("enrolment") == today_at(subject.site)
    event = Event.objects.get(action="enrolment.subject.enrolled")
    assert Outbox.objects.filter(event_id=event.pk).exists()


def test_who_may_not(subject):
    small.confirmed(subject)
    for role in (Role.MONITOR, Role.SITE_STAFF, Role.OUTCOME_ASSESSOR):
        with pytest.raises(Forbidden):
            enrol_subject(small.person(subject.study, role), subject)


def test_not_without_a_consent_in_force(subject):
    small.confirmed(subject)
    set_milestone(SYSTEM, subject, "consent", None, reason="The form was of another child")
    with small.refused("no_consent"):
        enrol_subject(SYSTEM, subject)


def test_not_before_the_consent(subject):
    small.confirmed(subject)
    with small.refused("before_consent"):
        enrol_subject(SYSTEM, subject, today_at(subject.site) - timedelta(days=6))


def test_not_unconfirmed(subject):
    small.eligible(subject)
    with small.refused("not_confirmed"):
        enrol_subject(SYSTEM, subject)


def test_not_when_data_changed_since(subject):
    small.confirmed(subject)
    small.enter(subject, "DX", OTHER="Y")
    with small.refused("no_longer_eligible") as refused:
        enrol_subject(SYSTEM, subject)
    assert "E01 not met" in str(refused.value)
    assert not Event.objects.filter(action="enrolment.subject.enrolled").exists()


def test_not_confirmed_by_an_older_version(subject):
    small.confirmed(subject)
    small.publish_small(small.small_definition(target=50))
    newest = subject.study.versions.latest("number")
    subject.site.versions.create(version=newest, active_from=small.LONG_AGO)
    with small.refused("confirmed_by_other_version"):
        enrol_subject(SYSTEM, subject)
    confirm_eligibility(SYSTEM, subject)
    assert enrol_subject(SYSTEM, subject).status == "enrolled"


def test_not_twice_and_not_held(subject):
    small.confirmed(subject)
    Subject.objects.filter(pk=subject.pk).update(hold="frozen")
    with small.refused("held"):
        enrol_subject(SYSTEM, subject)
    Subject.objects.filter(pk=subject.pk).update(hold="")
    enrol_subject(SYSTEM, subject)
    with small.refused("status"):
        enrol_subject(SYSTEM, subject)


def test_not_beyond_the_cap_of_the_site_and_those_who_left_count(subject):
    Site.objects.filter(pk=subject.site_id).update(cap=1)
    small.enrolled(subject)
    depart(SYSTEM, subject, "withdrawal", today_at(subject.site), reason="Moved", scope="treatment")
    second = small.confirmed(small.screened(small.site_of(subject.study)))
    with small.refused("cap_reached"):
        enrol_subject(SYSTEM, second)
    third = small.confirmed(small.screened(small.site_of(subject.study, "02")))
    assert enrol_subject(SYSTEM, third).status == "enrolled"
    room = room_for(third.study, third.site)
    assert (room.enrolled, room.site_enrolled, room.is_study_full) == (2, 1, False)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_share_the_last_place():
    site = small.site_of(small.publish_small(target=1))
    subjects = [small.confirmed(small.screened(site)) for _ in range(2)]
    ends = []

    def enrol(subject):
        try:
            ends.append(enrol_subject(SYSTEM, subject).status)
        except DomainError as refused:
            ends.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=enrol, args=[subject]) for subject in subjects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["enrolled", "target_reached"]


@pytest.mark.parametrize(
    ("kind", "status"), [("withdrawal", "withdrawn"), ("lost", "lost"), ("death", "died"), ("completion", "completed")]
)
def test_leaving_the_trial(subject, kind, status):
    small.enrolled(subject)
    investigator = small.person(subject.study, Role.INVESTIGATOR, subject.site)
    departure = depart(investigator, subject, kind, today_at(subject.site), reason="Because", scope="follow_up")
    subject.refresh_from_db()
    assert subject.status == status
    assert departure.scope == ("follow_up" if kind == "withdrawal" else "")
    assert milestones_of(subject).first(kind) == today_at(subject.site)
    assert Event.objects.filter(action=f"enrolment.{kind}.recorded").count() == 1


def test_a_screen_failure_only_in_screening(subject):
    small.enrolled(subject)
    with small.refused("status"):
        depart(SYSTEM, subject, "screen_failure", today_at(subject.site), reason="x")
    assert not Departure.objects.exists()


def test_departures_say_why_when_and_how_far(subject):
    today = today_at(subject.site)
    with small.refused("reason_required"):
        depart(SYSTEM, subject, "lost", today, reason=" ")
    with small.refused("scope_required"):
        depart(SYSTEM, subject, "withdrawal", today, reason="x")
    with small.refused("kind"):
        depart(SYSTEM, subject, "fled", today, reason="x")
    with small.refused("future"):
        depart(SYSTEM, subject, "lost", today + timedelta(days=1), reason="x")
    with pytest.raises(Forbidden):
        depart(small.person(subject.study, Role.MONITOR), subject, "lost", today, reason="x")


def test_a_conditional_visit_opens_when_its_condition_holds(subject):
    small.eligible(subject, KMP="N")
    assert open_due_branches(SYSTEM, subject) == 0
    small.enter(subject, "DX", KMP="Y")
    assert open_due_branches(SYSTEM, subject) == 0  # opened, but without a date before randomization
    assert SubjectVisit.objects.filter(subject=subject, code="KM").exists()
    assert not SubjectVisit.objects.filter(subject=subject, code="H1").exists()
    assert open_due_branches(SYSTEM, subject) == 0
    assert Event.objects.filter(action="visits.branch.opened").count() == 1


def test_a_saved_record_opens_what_it_makes_due(subject, run_outbox):
    small.consent(subject)
    visit = subject.visits.get(code="SCR")
    save_record(SYSTEM, RecordRef(subject.pk, "DX", visit.pk), {"KMP": "Y"}, 0)
    run_outbox()
    assert SubjectVisit.objects.filter(subject=subject, code="KM").exists()
