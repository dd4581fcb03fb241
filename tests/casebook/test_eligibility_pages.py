"""Eligibility, enrolment and randomization, clicked through."""

import pytest
from django.urls import reverse

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.enrolment.models import EligibilityAssessment
from apps.enrolment.services import depart
from apps.randomization.models import Allocation, Slot
from apps.randomization.services import randomize_subject
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.subjects.services import set_milestone
from tests import small

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough secret"


@pytest.fixture
def study():
    study = small.publish_small()
    small.live_scheme(study)
    return study


@pytest.fixture
def site(study):
    return small.site_of(study)


def sign_in(client, study, role, site=None):
    user = small.user(study, role, site)
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    return user


def page(name, subject):
    return reverse(f"casebook:{name}", kwargs={"slug": subject.study.slug, "number": subject.number})


def test_it_works(client, study, site):
    subject = small.eligible(small.screened(site))
    investigator = sign_in(client, study, Role.INVESTIGATOR, site)
    html = client.get(page("eligibility", subject)).content.decode()
    assert "Shrink: <strong>12.5</strong>" in html
    assert "Every criterion is met" in html
    assert "does not exclude" in html
    answer = client.post(page("eligibility", subject), {"password": PASSWORD, "note": "Seen"}, follow=True)
    assert "Eligibility is confirmed and signed." in answer.content.decode()
    assert EligibilityAssessment.objects.get().actor_name == investigator.full_name
    client.post(page("enrol", subject))
    answer = client.post(page("randomize", subject), follow=True)
    arm = Allocation.objects.get().arm
    assert f"is allocated: {'High' if arm == 'HIGH' else 'Low'} dose." in answer.content.decode()


def test_a_wrong_password_signs_nothing_and_keeps_the_note(client, study, site):
    subject = small.eligible(small.screened(site))
    sign_in(client, study, Role.INVESTIGATOR, site)
    html = client.post(page("eligibility", subject), {"password": "wrong", "note": "Seen today"}).content.decode()
    assert "The password is not right." in html
    assert "Seen today" in html
    assert "wrong" not in html.replace("wrong attempts", "")
    assert not EligibilityAssessment.objects.exists()


def test_who_may_not(client, study, site):
    subject = small.eligible(small.screened(site))
    sign_in(client, study, Role.COORDINATOR, site)
    assert "An investigator confirms eligibility" in client.get(page("eligibility", subject)).content.decode()
    assert client.post(page("eligibility", subject), {"password": PASSWORD}).status_code == 403
    sign_in(client, study, Role.MONITOR)
    assert client.get(page("eligibility", subject)).status_code == 200
    for name in ("enrol", "randomize"):
        assert client.get(page(name, subject)).status_code == 403
        assert client.post(page(name, subject)).status_code == 403
    sign_in(client, study, Role.COORDINATOR, small.site_of(study, "02"))
    for name in ("eligibility", "enrol", "randomize"):
        assert client.get(page(name, subject)).status_code == 404


def test_exactly_thirty_says_why(client, study, site):
    subject = small.eligible(small.screened(site), SHRINK="30.0")
    sign_in(client, study, Role.INVESTIGATOR, site)
    html = client.get(page("eligibility", subject)).content.decode()
    assert "Exactly 30 % is neither included nor excluded." in html
    assert "Until the sponsor decides" in html
    assert 'name="password"' not in html
    answer = client.post(page("eligibility", subject), {"password": PASSWORD})
    assert "Eligibility cannot be confirmed: I02 not assessable" in answer.content.decode()


def test_what_is_not_recorded_is_said(client, study, site):
    subject = small.screened(site)
    sign_in(client, study, Role.INVESTIGATOR, site)
    assert "<em>not recorded</em>" in client.get(page("eligibility", subject)).content.decode()


def test_an_enrolment_that_is_refused_says_why(client, study, site):
    subject = small.eligible(small.screened(site))
    sign_in(client, study, Role.COORDINATOR, site)
    answer = client.post(page("enrol", subject))
    assert answer.status_code == 409
    assert "An investigator has not confirmed eligibility yet." in answer.content.decode()
    assert "Nothing was changed." in answer.content.decode()


def test_a_change_after_the_confirmation_is_shown_and_stops_the_randomization(client, study, site):
    subject = small.enrolled(small.screened(site))
    small.enter(subject, "DX", OTHER="Y")
    sign_in(client, study, Role.COORDINATOR, site)
    assert "No longer true by the data" in client.get(page("randomize", subject)).content.decode()
    answer = client.post(page("randomize", subject))
    assert answer.status_code == 409
    assert "E01 not met" in answer.content.decode()
    assert not Allocation.objects.exists()


def test_the_page_shows_the_strata_and_takes_none_from_the_browser(client, study, site):
    subject = small.enrolled(small.screened(site), KMP="Y")
    sign_in(client, study, Role.COORDINATOR, site)
    assert ("Kmp", "yes") in [
        (label, value.lower()) for label, value in client.get(page("randomize", subject)).context["strata"]
    ]
    client.post(page("randomize", subject), {"KMP": "N", "stratum": "KMP=N"})
    assert Allocation.objects.get().stratum == "KMP=Y"


def test_a_second_click_lands_on_the_first_result(client, study, site):
    subject = small.enrolled(small.screened(site))
    sign_in(client, study, Role.COORDINATOR, site)
    for _ in range(2):
        answer = client.post(page("randomize", subject), follow=True)
        assert answer.redirect_chain[-1][0] == page("subject", subject)
    assert "was allocated already" in answer.content.decode()
    assert Slot.objects.exclude(used_at=None).count() == 1


def test_the_only_arm_comes_with_the_enrolment(client):
    study = small.publish_small(small.single_arm())
    site = small.site_of(study)
    subject = small.confirmed(small.screened(site))
    sign_in(client, study, Role.COORDINATOR, site)
    answer = client.post(page("enrol", subject), follow=True)
    assert "is enrolled." in answer.content.decode()
    assert Allocation.objects.get().arm == "HIGH"
    assert Subject.objects.get().status == "enrolled"


def test_the_blinded_see_the_same_pages_for_both_arms(client, study, site):
    """Two subjects that differ only in arm: the same bytes, but for numbers, tokens and dates of the ledger."""
    subjects = {}
    while len(subjects) < 2:
        subject = small.enrolled(small.screened(site))
        subjects.setdefault(randomize_subject(SYSTEM, subject).arm, subject)
    sign_in(client, study, Role.OUTCOME_ASSESSOR)

    def seen(subject):
        html = client.get(page("subject", subject)).content.decode()
        for visit in subject.visits.all():
            html = html.replace(f"/visits/{visit.pk}/", f"/visits/{visit.code}/")
        return html.replace(subject.number, "NUMBER")

    def without_token(html):
        return "\n".join(line for line in html.splitlines() if "csrf" not in line.lower())

    high, low = subjects["HIGH"], subjects["LOW"]
    # only one of them was treated and stopped, as only one arm might
    set_milestone(SYSTEM, high, "first_dose", today_at(site))
    depart(SYSTEM, high, "off_treatment", today_at(site), reason="Remission")
    assert without_token(seen(high)) == without_token(seen(low))


def test_the_blinded_cannot_filter_by_treatment(client, study, site):
    subject = small.enrolled(small.screened(site))
    randomize_subject(SYSTEM, subject)
    set_milestone(SYSTEM, subject, "first_dose", today_at(site))
    sign_in(client, study, Role.OUTCOME_ASSESSOR)
    address = reverse("casebook:subjects", args=[study.slug])
    assert "on_treatment" not in dict(client.get(address).context["statuses"])
    rows = client.get(address, {"status": "randomized"}).context["rows"]
    assert [(row.subject.number, row.status) for row in rows] == [(subject.number, "randomized")]
    events = Event.objects.filter(subject_id=subject.pk, audience="")
    assert not events.filter(body__contains="on_treatment").exists()


def test_a_waiver_is_given_where_the_protocol_allows_it(client):
    study = small.publish_small(study="lenient", eligibility_waivers=True)
    subject = small.eligible(small.screened(small.site_of(study)), SHRINK="45")
    sign_in(client, study, Role.INVESTIGATOR, subject.site)
    address = page("eligibility", subject)
    assert "Why I02 may pass" in client.get(address).content.decode()
    typed = {"password": PASSWORD, "waive_I02": "Agreed with the sponsor"}
    refused = client.post(address, typed)
    assert "Agreed with the sponsor" in refused.content.decode()
    assert not EligibilityAssessment.objects.exists()
    client.post(address, typed | {"waive_E02": "The same"})
    assert EligibilityAssessment.objects.get().waived == {"I02": "Agreed with the sponsor", "E02": "The same"}
    assert "E02 was waived: The same" in client.get(address).content.decode()


def test_no_waiver_is_offered_else(client, study, site):
    subject = small.eligible(small.screened(site), SHRINK="45")
    sign_in(client, study, Role.INVESTIGATOR, site)
    assert "may pass" not in client.get(page("eligibility", subject)).content.decode()
    client.post(page("eligibility", subject), {"password": PASSWORD, "waive_I02": "x", "waive_E02": "x"})
    assert not EligibilityAssessment.objects.exists()
