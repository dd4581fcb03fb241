"""Dated facts: the newest row is in force; the status follows the first dose."""

from datetime import date

import pytest

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.subjects.models import Milestone, Subject
from apps.subjects.selectors import milestones_of
from apps.subjects.services import change_status, set_milestone
from apps.subjects.status import TRANSITIONS, may_become
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject():
    return small.screened(small.site_of(small.publish_small()))


def test_it_works(subject):
    set_milestone(SYSTEM, subject, "consent", date(2024, 5, 17))
    assert milestones_of(subject).first("consent") == date(2024, 5, 17)
    assert Event.objects.filter(action="subjects.milestone.set", subject_id=subject.pk).count() == 1


def test_not_by_a_monitor(subject):
    with pytest.raises(Forbidden):
        set_milestone(small.person(subject.study, Role.MONITOR), subject, "consent", date(2024, 5, 17))


def test_saying_it_again_changes_nothing(subject):
    set_milestone(SYSTEM, subject, "consent", date(2024, 5, 17))
    assert set_milestone(SYSTEM, subject, "consent", date(2024, 5, 17)) is None
    assert set_milestone(SYSTEM, subject, "relapse", None) is None
    assert Milestone.objects.filter(subject=subject).count() == 1


def test_a_correction_adds_a_row_and_a_withdrawal_too(subject):
    for on in (date(2024, 5, 17), date(2024, 5, 18), None):
        set_milestone(SYSTEM, subject, "consent", on, reason="typing error")
    assert milestones_of(subject).first("consent") is None
    days = Milestone.objects.filter(subject=subject).order_by("id").values_list("on", flat=True)
    assert list(days) == [date(2024, 5, 17), date(2024, 5, 18), None]


def test_occurrences_stand_side_by_side(subject):
    set_milestone(SYSTEM, subject, "course_start", date(2024, 1, 1))
    set_milestone(SYSTEM, subject, "course_start", date(2024, 3, 25), occurrence=2)
    assert milestones_of(subject).all("course_start") == [(1, date(2024, 1, 1)), (2, date(2024, 3, 25))]


def test_a_name_that_is_none_is_refused(subject):
    for kind, occurrence in [("First dose", 1), ("", 1), ("x; drop", 1), ("consent", 0)]:
        with small.refused("milestone_kind"):
            set_milestone(SYSTEM, subject, kind, date(2024, 1, 1), occurrence=occurrence)


def test_the_first_dose_puts_an_enrolled_subject_on_treatment_and_its_withdrawal_takes_it_back(subject):
    small.enrolled(subject)
    set_milestone(SYSTEM, subject, "first_dose", date(2024, 5, 20))
    subject.refresh_from_db()
    assert subject.status == "on_treatment"
    set_milestone(SYSTEM, subject, "first_dose", None, reason="The parents did not give it")
    subject.refresh_from_db()
    assert subject.status == "enrolled"


def test_a_first_dose_in_screening_enrols_nobody(subject):
    set_milestone(SYSTEM, subject, "first_dose", date(2024, 5, 20))
    subject.refresh_from_db()
    assert subject.status == "screened"


def test_the_status_machine_refuses_every_step_that_it_does_not_have(subject):
    for current in Subject.Status.values:
        for wanted in Subject.Status.values:
            if wanted == current:
                continue
            Subject.objects.filter(pk=subject.pk).update(status=current)
            if may_become(current, wanted):
                assert change_status(SYSTEM, subject, wanted).status == wanted
            else:
                with small.refused("status"):
                    change_status(SYSTEM, subject, wanted)


def test_nobody_comes_back_from_the_end():
    assert TRANSITIONS["died"] == TRANSITIONS["screen_failed"] == frozenset()
