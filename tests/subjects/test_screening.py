"""Screening: numbers that are never given twice."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from apps.audit.models import Event, Outbox
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.enrolment.services import depart
from apps.studies.models import Site
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.subjects.services import screen_subject
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return small.site_of(small.publish_small())


def test_it_works(site):
    coordinator = small.person(site.study, Role.COORDINATOR, site)
    subject = screen_subject(coordinator, site, today_at(site))
    assert (subject.number, subject.status) == ("01-001", "screened")
    event = Event.objects.get(action="subjects.subject.screened")
    assert (event.subject_id, event.site_id, event.actor_id) == (subject.pk, site.pk, coordinator.user_id)
    assert Outbox.objects.filter(event_id=event.pk).exists()
    assert screen_subject(coordinator, site, today_at(site)).number == "01-002"


def test_a_monitor_does_not_screen(site):
    with pytest.raises(Forbidden):
        screen_subject(small.person(site.study, Role.MONITOR), site, today_at(site))


def test_nobody_screens_at_another_site(site):
    elsewhere = small.person(site.study, Role.COORDINATOR, small.site_of(site.study, "02"))
    with pytest.raises(Forbidden):
        screen_subject(elsewhere, site, today_at(site))


def test_not_in_the_future(site):
    with small.refused("future"):
        screen_subject(SYSTEM, site, today_at(site) + timedelta(days=1))


def test_not_at_a_frozen_site(site):
    Site.objects.filter(pk=site.pk).update(hold="frozen")
    with small.refused("held"):
        screen_subject(SYSTEM, site, today_at(site))


def test_not_before_the_site_has_a_version(site):
    site.versions.all().delete()
    with small.refused("no_version"):
        screen_subject(SYSTEM, site, today_at(site))


def test_a_pattern_that_would_give_a_number_twice_is_refused(site):
    Site.objects.filter(study=site.study).update(subject_pattern="S{seq:03d}")
    screen_subject(SYSTEM, site, today_at(site))
    second = small.site_of(site.study, "02")
    with small.refused("number_taken"):
        screen_subject(SYSTEM, second, today_at(second))


def test_a_screen_failure_is_screened_again_once_under_a_new_number(site):
    first = small.screened(site)
    with small.refused("rescreen_status"):
        screen_subject(SYSTEM, site, today_at(site), previous=first)
    depart(SYSTEM, first, "screen_failure", today_at(site), reason="Platelets too high")
    first.refresh_from_db()
    again = screen_subject(SYSTEM, site, today_at(site), previous=first)
    assert (again.number, again.previous) == ("01-002", first)
    with small.refused("rescreen_twice"):
        screen_subject(SYSTEM, site, today_at(site), previous=first)


def test_a_screening_has_its_visits_without_dates(site):
    subject = small.screened(site)
    visits = {visit.code: visit.target for visit in subject.visits.all()}
    assert visits == {"SCR": None, "D0": None, "M1": None}


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_have_eight_numbers():
    site = small.site_of(small.publish_small())
    failures = []

    def screen():
        try:
            small.screened(site)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=screen) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(Subject.objects.values_list("number", flat=True)) == [f"01-{n:03d}" for n in range(1, 9)]
