"""Eligibility: each criterion met, not met or not assessable, with the values; an investigator stands for it."""

import pytest

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.enrolment.models import EligibilityAssessment
from apps.enrolment.selectors import assess_now, confirmed_assessment
from apps.enrolment.services import confirm_eligibility, enrol_subject
from tests import small
from tests.trials.definitions import SLUGS, loaded

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject():
    return small.screened(small.site_of(small.publish_small()))


def verdicts(subject):
    return {result.code: result.verdict for result in assess_now(subject).results}


def test_it_works(subject):
    small.eligible(subject)
    investigator = small.person(subject.study, Role.INVESTIGATOR, subject.site)
    assessment = confirm_eligibility(investigator, subject, "Seen today")
    assert (assessment.verdict, assessment.confirmed, assessment.actor_name) == ("met", True, investigator.name)
    assert assessment.results[1]["used"] == [["SHRINK", "12.5"]]
    event = Event.objects.get(action="enrolment.eligibility.confirmed")
    assert event.subject_id == subject.pk


def test_nothing_entered_is_not_assessable(subject):
    assert set(verdicts(subject).values()) == {"not_assessable"}
    assert assess_now(subject).results[0].missing == ["AGE"]


@pytest.mark.parametrize(
    ("shrink", "i02", "e02", "question"),
    [
        ("29.9", "met", "met", None),
        ("30.0", "not_assessable", "not_assessable", "Q01"),
        ("30.1", "not_met", "not_met", None),
    ],
)
def test_exactly_thirty_per_cent_waits_for_the_sponsor(subject, shrink, i02, e02, question):
    small.eligible(subject, SHRINK=shrink)
    found = {result.code: result for result in assess_now(subject).results}
    assert (found["I02"].verdict, found["E02"].verdict) == (i02, e02)
    assert found["I02"].question == question
    assert dict(found["I02"].used) == {"SHRINK": shrink}
    if question:
        with small.refused("not_eligible") as refused:
            confirm_eligibility(SYSTEM, subject)
        assert "I02 not assessable" in str(refused.value)


def test_an_exclusion_is_met_when_nothing_excludes(subject):
    small.eligible(subject, OTHER="Y")
    assert verdicts(subject)["E01"] == "not_met"
    assert assess_now(subject).verdict == "not_met"


def test_a_missing_code_is_no_answer(subject):
    small.eligible(subject, OTHER={"missing": "ND"})
    assert verdicts(subject)["E01"] == "not_assessable"


def test_not_without_consent(subject):
    small.enter(subject, "DM", AGE="3")
    small.enter(subject, "DX", KMP="Y", SHRINK="1", OTHER="N")
    with small.refused("no_consent"):
        confirm_eligibility(SYSTEM, subject)


def test_a_coordinator_does_not_stand_for_it(subject):
    small.eligible(subject)
    with pytest.raises(Forbidden):
        confirm_eligibility(small.person(subject.study, Role.COORDINATOR, subject.site), subject)
    elsewhere = small.person(subject.study, Role.INVESTIGATOR, small.site_of(subject.study, "02"))
    with pytest.raises(Forbidden):
        confirm_eligibility(elsewhere, subject)
    assert not EligibilityAssessment.objects.exists()


def test_the_newest_confirmation_counts_and_the_old_one_stands(subject):
    small.confirmed(subject)
    small.enter(subject, "DX", SHRINK="10.0")
    newest = confirm_eligibility(SYSTEM, subject, "again")
    assert confirmed_assessment(subject) == newest
    assert EligibilityAssessment.objects.count() == 2


@pytest.fixture
def lenient():
    """A protocol that allows waivers; the five registered ones do not."""
    return small.publish_small(study="lenient", eligibility_waivers=True)


def test_a_failed_criterion_passes_only_where_the_protocol_allows_it(lenient):
    strict = small.eligible(small.screened(small.site_of(small.publish_small())), SHRINK="45")
    with small.refused("no_waivers"):
        confirm_eligibility(SYSTEM, strict, waived={"I02": "Agreed with the sponsor"})
    subject = small.eligible(small.screened(small.site_of(lenient)), SHRINK="45")
    with small.refused("not_eligible") as refused:
        confirm_eligibility(SYSTEM, subject, waived={"I02": "Agreed with the sponsor", "E02": " "})
    assert "E02" in str(refused.value)
    reasons = {"I02": "Agreed with the sponsor", "E02": "The same"}
    assert confirm_eligibility(SYSTEM, subject, waived=reasons).waived == reasons
    assert enrol_subject(SYSTEM, subject).status == "enrolled"


def test_what_is_not_waived_later_still_stops_the_enrolment(lenient):
    subject = small.eligible(small.screened(small.site_of(lenient)), SHRINK="45")
    confirm_eligibility(SYSTEM, subject, waived={"I02": "Agreed", "E02": "Agreed"})
    small.enter(subject, "DX", OTHER="Y")
    with small.refused("no_longer_eligible"):
        enrol_subject(SYSTEM, subject)


def test_a_question_of_the_sponsor_is_not_waived(lenient):
    subject = small.eligible(small.screened(small.site_of(lenient)), SHRINK="30")
    for code in ("I02", "I01"):
        with small.refused("not_waivable"):
            confirm_eligibility(SYSTEM, subject, waived={code: "Agreed"})


def test_no_registered_trial_allows_waivers():
    assert not any(loaded(slug).definition.eligibility_waivers for slug in SLUGS)
