"""Flags of who may be one person, and of eligibility that says something else than was confirmed."""

import pytest

from apps.common.actors import SYSTEM
from apps.enrolment.services import confirm_eligibility, depart, screen
from apps.safety.models import Flag
from apps.subjects.selectors import today_at
from tests import small
from tests.journeys import enter

pytestmark = pytest.mark.django_db


def definition():
    whole = small.small_definition(duplicates=["BRTHDAT", "SEX", "INITIALS"])
    whole["forms"][0] = small.form(
        "DM", small.item("BRTHDAT", "date"), small.item("AGE", "integer"), small.item("SEX"), small.item("INITIALS")
    )
    return whole


@pytest.fixture
def study():
    return small.publish_small(definition())


@pytest.fixture
def site(study):
    return small.site_of(study)


def born(site, previous=None, **values):
    subject = screen(SYSTEM, site, today_at(site), previous=previous)
    small.consent(subject)
    enter(subject, "DM", "SCR", **({"BRTHDAT": "2023-04-05", "SEX": "F", "INITIALS": "ZXM"} | values))
    return subject


def flags(kind="duplicate"):
    return Flag.objects.filter(kind=kind)


def test_the_same_values_at_one_site_are_asked_about(site, run_outbox):
    first, second = born(site), born(site)
    run_outbox()
    flag = flags().get()
    assert flag.subject == second
    assert first.number in flag.text["en"]
    assert flag.text["zh"]
    enter(second, "DM", "SCR", AGE="3")
    run_outbox()
    assert flags().count() == 1


@pytest.mark.parametrize("change", [{"BRTHDAT": "2023-04-06"}, {"SEX": "M"}, {"INITIALS": "LXM"}, {"INITIALS": ""}])
def test_one_value_that_differs_or_is_missing_is_enough(site, run_outbox, change):
    born(site)
    born(site, **change)
    run_outbox()
    assert not flags().exists()


def test_neither_another_site_nor_who_is_screened_again(study, site, run_outbox):
    failed = born(site)
    depart(SYSTEM, failed, "screen_failure", today_at(site), reason="Too ill")
    failed.refresh_from_db()
    born(site, previous=failed)
    born(small.site_of(study, "02"))
    run_outbox()
    assert not flags().exists()


def test_a_study_that_collects_nothing_of_it_is_not_asked(run_outbox):
    site = small.site_of(small.publish_small())
    for _ in range(2):
        subject = small.screened(site)
        small.consent(subject)
        enter(subject, "DM", "SCR", BRTHDAT="2023-04-05")
    run_outbox()
    assert not flags().exists()


@pytest.fixture
def confirmed(site):
    subject = small.screened(site)
    small.consent(subject)
    enter(subject, "DM", "SCR", AGE="3")
    enter(subject, "DX", "SCR", KMP="Y", SHRINK="12.5", OTHER="N")
    confirm_eligibility(SYSTEM, subject)
    return subject


def test_a_change_that_turns_a_criterion_is_flagged_once(confirmed, run_outbox):
    enter(confirmed, "DX", "SCR", SHRINK="30.5")
    run_outbox()
    flag = flags("eligibility").get()
    assert "I02 met → not met" in flag.text["en"]
    assert "E02" in flag.text["en"]
    enter(confirmed, "DX", "SCR", SHRINK="31.5")
    run_outbox()
    assert flags("eligibility").count() == 1, "the same outcome is one flag"
    enter(confirmed, "DX", "SCR", SHRINK="30")
    run_outbox()
    assert flags("eligibility").count() == 2


def test_a_change_that_turns_nothing_is_not(confirmed, run_outbox):
    enter(confirmed, "DX", "SCR", SHRINK="13.5")
    run_outbox()
    assert not flags("eligibility").exists()


def test_before_it_was_confirmed_nothing_is_flagged(site, run_outbox):
    subject = small.screened(site)
    small.consent(subject)
    enter(subject, "DX", "SCR", SHRINK="40")
    run_outbox()
    assert not flags("eligibility").exists()
