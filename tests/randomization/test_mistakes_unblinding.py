"""A wrong randomization is recorded and stands; in an emergency one person learns one arm, and everybody hears of it."""

import json

import pytest
from django.urls import reverse

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.notifications.models import Notice
from apps.randomization.models import Allocation, Misrandomization, Unblinding
from apps.randomization.selectors import disclosed_arm, unblindings_of, visible_allocation
from apps.randomization.services import randomize_subject, record_misrandomization, unblind_subject
from apps.review.models import Deviation
from apps.studies.models import Hold, Study
from tests import small

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough secret"


def published(*blinded):
    study = small.publish_small(blinding={"blinded": ["outcome_assessor", *blinded], "source": "record"})
    small.live_scheme(study)
    return study


def given(study):
    subject = small.enrolled(small.screened(small.site_of(study)))
    randomize_subject(SYSTEM, subject)
    subject.refresh_from_db()
    return subject


@pytest.fixture
def study():
    """Investigators are blinded, the safety officer is not."""
    return published("investigator")


@pytest.fixture
def subject(study):
    return given(study)


def unblind(actor, subject, category="emergency", reason="Interaction with an antibiotic"):
    return unblind_subject(actor, subject, category=category, reason=reason)


def test_a_mistake_is_recorded_and_the_allocation_stands(study, subject):
    coordinator = small.person(study, Role.COORDINATOR)
    arm = Allocation.objects.get().arm
    record_misrandomization(coordinator, subject, kind="wrong_stratum", reason="KMP was read from the wrong report")
    assert Allocation.objects.get().arm == arm
    deviation = Deviation.objects.get()
    assert (deviation.severity, deviation.kind, deviation.state) == ("major", "procedure", "open")
    assert "KMP was read from the wrong report" in deviation.text["en"]
    body = json.loads(Event.objects.get(action="randomization.mistake.recorded").body)
    assert body["changes"] == [["kind", None, "wrong_stratum"]]
    assert arm not in json.dumps(body)
    record_misrandomization(SYSTEM, subject, kind="ineligible", reason="The diagnosis was revised")
    assert Misrandomization.objects.count() == 2


def test_what_is_refused_of_a_mistake(study, subject):
    other = small.enrolled(small.screened(small.site_of(study)))
    for code, whom, kind, reason in [
        ("not_allocated", other, "other", "x"),
        ("kind", subject, "bad luck", "x"),
        ("reason_missing", subject, "other", " "),
    ]:
        with small.refused(code):
            record_misrandomization(SYSTEM, whom, kind=kind, reason=reason)
    with pytest.raises(Forbidden):
        record_misrandomization(small.person(study, Role.MONITOR), subject, kind="other", reason="x")
    Study.objects.filter(pk=study.pk).update(hold=Hold.LOCKED)
    with small.refused("held"):
        record_misrandomization(SYSTEM, subject, kind="other", reason="x")
    assert not Misrandomization.objects.exists()
    assert not Deviation.objects.exists()


def test_in_an_emergency_one_person_learns_one_arm(study, subject):
    investigator, colleague = small.person(study, Role.INVESTIGATOR), small.person(study, Role.INVESTIGATOR)
    assert visible_allocation(investigator, subject) is None
    unblind(investigator, subject)
    assert disclosed_arm(investigator, subject).code == Allocation.objects.get().arm
    assert visible_allocation(investigator, subject) is None, "elsewhere the person stays blinded"
    assert disclosed_arm(colleague, subject) is None
    assert disclosed_arm(investigator, given(study)) is None


def test_the_sponsor_hears_of_it_without_the_arm(study, subject, run_outbox):
    officer, blinded = small.user(study, Role.SAFETY_OFFICER), small.user(study, Role.OUTCOME_ASSESSOR)
    small.user(study, Role.COORDINATOR)
    unblind(small.person(study, Role.INVESTIGATOR), subject)
    run_outbox()
    notices = Notice.objects.filter(kind="unblinding")
    assert [notice.user for notice in notices] == [officer]
    arm = Allocation.objects.get().arm
    text = notices[0].title + notices[0].body
    assert subject.number in text
    assert not any(word in text for word in (arm, "High", "Low"))
    event = Event.objects.get(action="randomization.arm.unblinded")
    assert (event.audience, json.loads(event.body)["reason"]) == ("unblinded", "Interaction with an antibiotic")
    assert arm not in event.body
    assert [one.category for one in unblindings_of(small.actor_of(officer), subject)] == ["emergency"]
    assert unblindings_of(small.actor_of(blinded), subject) == []


def test_what_is_refused_of_an_unblinding(study, subject):
    investigator = small.person(study, Role.INVESTIGATOR)
    with small.refused("category"):
        unblind(investigator, subject, category="curiosity")
    with small.refused("reason_missing"):
        unblind(investigator, subject, reason="")
    with small.refused("not_blinded"):
        unblind(small.person(study, Role.SAFETY_OFFICER), subject)
    with small.refused("not_allocated"):
        unblind(investigator, small.enrolled(small.screened(small.site_of(study))))
    for role in (Role.COORDINATOR, Role.OUTCOME_ASSESSOR, Role.STUDY_ADMIN):
        with pytest.raises(Forbidden):
            unblind(small.person(study, role), subject)
    assert not Unblinding.objects.exists()


def test_a_lock_stands_not_in_the_way_of_an_emergency(study, subject):
    Study.objects.filter(pk=study.pk).update(hold=Hold.LOCKED)
    assert unblind(small.person(study, Role.INVESTIGATOR), subject).pk


def sign_in(client, study, role, site=None):
    user = small.user(study, role, site)
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    return user


def page(name, subject):
    return reverse(f"casebook:{name}", args=[subject.study.slug, subject.number])


def learn(client, subject, **typed):
    values = {"category": "emergency", "reason": "Seizure", "password": PASSWORD} | typed
    return client.post(page("unblind", subject), {f"unblind-{name}": value for name, value in values.items()}, follow=True)


def test_on_the_page_who_is_blinded_sees_the_arm_only_after_the_password(client, study, subject):
    sign_in(client, study, Role.INVESTIGATOR, small.site_of(study))
    words = "High dose" if Allocation.objects.get().arm == "HIGH" else "Low dose"
    before = client.get(page("allocation", subject)).content.decode()
    assert "Show me the arm" in before
    assert words not in before
    refused = learn(client, subject, password="wrong")
    assert refused.status_code == 422
    assert "Seizure" in refused.content.decode(), "what was typed is still there"
    assert words not in refused.content.decode()
    assert not Unblinding.objects.exists()
    after = learn(client, subject)
    assert words in after.content.decode()
    assert after["Cache-Control"] == "private, no-store"
    assert words not in client.get(reverse("casebook:subject", args=["small", subject.number])).content.decode()


def test_on_the_page_a_mistake_is_recorded(client, study, subject):
    sign_in(client, study, Role.COORDINATOR, small.site_of(study))
    assert "Show me the arm" not in client.get(page("allocation", subject)).content.decode()
    bad = client.post(page("misrandomization", subject), {"mistake-kind": "", "mistake-reason": "It was late"})
    assert bad.status_code == 422
    assert "It was late" in bad.content.decode()
    typed = {"mistake-kind": "wrong_subject", "mistake-reason": "Two of one family"}
    html = client.post(page("misrandomization", subject), typed, follow=True).content.decode()
    assert "Another subject was meant: Two of one family" in html


def test_before_the_allocation_there_is_nothing_to_learn(client, study):
    waiting = small.enrolled(small.screened(small.site_of(study)))
    sign_in(client, study, Role.INVESTIGATOR, small.site_of(study))
    html = client.get(page("allocation", waiting)).content.decode()
    assert "has not been allocated" in html
    assert "Show me the arm" not in html


def test_two_pages_of_other_arms_are_one_for_the_blinded(client, study):
    sign_in(client, study, Role.OUTCOME_ASSESSOR)
    pages = {}
    while len(pages) < 2:
        subject = given(study)
        html = client.get(page("allocation", subject)).content.decode()
        pages[Allocation.objects.get(subject=subject).arm] = html.replace(subject.number, "NUMBER")
    assert "High" not in pages["HIGH"] + pages["LOW"]


def test_the_sites_people_hear_of_a_randomization_without_the_arm(study, run_outbox):
    site = small.site_of(study)
    there = [small.user(study, role, site) for role in (Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST)]
    small.user(study, Role.COORDINATOR, small.site_of(study, "02"))
    small.user(study, Role.OUTCOME_ASSESSOR)
    subject = given(study)
    run_outbox()
    notices = Notice.objects.filter(kind="randomization")
    assert {notice.user for notice in notices} == set(there)
    assert all(subject.number in notice.title for notice in notices)
    assert not any(word in notice.title + notice.body for notice in notices for word in ("HIGH", "LOW", "高", "低"))
    run_outbox()
    assert notices.count() == 3


def test_a_stratum_that_was_corrected_since_is_pointed_out(client, study, subject):
    sign_in(client, study, Role.COORDINATOR, small.site_of(study))
    words = "when the subject was allocated"
    assert words not in client.get(page("allocation", subject)).content.decode()
    small.enter(subject, "DX", KMP="N")
    html = client.get(page("allocation", subject)).content.decode()
    assert "was yes when the subject was allocated and is no now" in html
