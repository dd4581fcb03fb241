"""Consent forms by site, re-consent, assent by age, what is refused without a consent and what never is."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.audit.models import Event
from apps.casebook.selectors.consents import due_list
from apps.common.actors import SYSTEM
from apps.common.dates import add_months
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.enrolment.services import depart, enrol_subject, screen
from apps.randomization.services import randomize_subject
from apps.review.models import Deviation
from apps.studies.models import ConsentVersion, Site
from apps.studies.services import add_consent_version, withdraw_consent_version
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of, today_at
from apps.visits.services import record_visit_date
from tests import small
from tests.journeys import enter

pytestmark = pytest.mark.django_db
PLAN = {"birth_date": "BRTHDAT", "versions": ["ICVER", "RICVER"], "assent_from": 8, "own_from": 18, "source": "assumption"}


def definition():
    forms = {
        "IC": small.form("IC", small.item("RFICDAT", "date", milestone="consent"), small.item("ICVER")),
        "RIC": small.form("RIC", small.item("RICDAT", "date", milestone="reconsent"), small.item("RICVER"), repeating=True),
        "AE": small.form("AE", small.item("AETERM"), small.item("AESTDAT", "date", partial=True), repeating=True),
    }
    whole = small.small_definition(consent=PLAN, log_forms=["AE", "RIC"])
    whole["forms"] = [one for one in whole["forms"] if one["oid"] not in forms] + list(forms.values())
    return whole


@pytest.fixture
def study():
    return small.publish_small(definition())


@pytest.fixture
def site(study):
    return small.site_of(study)


def day(site, days):
    return today_at(site) + timedelta(days=days)


def version(site, label, since, again=True, actor=SYSTEM):
    return add_consent_version(
        actor, site, label=label, language="zh-hans", approved_on=since, valid_from=since, again=again
    )


def consented(site, days_ago=60, signed="1.0", born=None):
    on = day(site, -days_ago)
    subject = screen(SYSTEM, site, on)
    record_visit_date(SYSTEM, subject.visits.get(code="SCR"), on)
    enter(subject, "IC", "SCR", RFICDAT=on.isoformat(), ICVER=signed)
    enter(subject, "DM", "SCR", BRTHDAT=(born or day(site, -3 * 365)).isoformat())
    return subject


def visited(subject, code, days):
    visit = subject.visits.get(code=code)
    record_visit_date(SYSTEM, visit, day(subject.site, days))


def proposals(kind="consent"):
    return Deviation.objects.filter(kind=kind, state="proposed")


def test_it_works(study, site):
    manager = small.person(study, Role.DATA_MANAGER)
    version(site, "1.0", day(site, -100), actor=manager)
    version(site, "2.0", day(site, -10), actor=manager)
    fresh = Site.objects.get(pk=site.pk)
    assert [form["label"] for form in fresh.consent_forms] == ["1.0", "2.0"]
    event = Event.objects.filter(action="studies.consent_version.added").last()
    assert event.site_id == site.pk
    subject = consented(site)
    (due,) = due_list(manager, study)
    assert due[0] == subject
    assert [(line.what, line.since) for line in due[1]] == [("again", day(site, -10))]
    enter(subject, "RIC", RICDAT=day(site, -2).isoformat(), RICVER="2.0")
    assert due_list(manager, study) == []
    assert milestones_of(subject).all("reconsent") == [(1, day(site, -2))]


def test_a_scheduled_visit_of_the_period_is_refused_until_the_consent_is_given_again(site):
    version(site, "2.0", day(site, -10))
    subject = consented(site)
    visited(subject, "D0", -3)
    with small.refused("consent_outdated") as refused:
        enter(subject, "VS", "D0", WEIGHT="12.5")
    assert "re-consent" in str(refused.value)
    enter(subject, "RIC", RICDAT=day(site, -3).isoformat(), RICVER="2.0")
    assert enter(subject, "VS", "D0", WEIGHT="12.5").revision == 1


def test_a_visit_before_the_new_version_and_a_correction_are_not_refused(site):
    subject = consented(site)
    visited(subject, "D0", -20)
    visited(subject, "M1", -5)
    enter(subject, "VS", "M1", WEIGHT="12.5")
    version(site, "2.0", day(site, -10))
    assert enter(subject, "VS", "D0", WEIGHT="12.1").revision == 1
    assert enter(subject, "VS", "M1", WEIGHT="12.6").revision == 2, "what was collected stays and is corrected"


def test_an_adverse_event_is_never_refused_but_marked_and_proposed(client, study, site, run_outbox):
    version(site, "2.0", day(site, -10))
    subject = consented(site)
    enter(subject, "AE", AETERM="Fever", AESTDAT=day(site, -5).isoformat())
    enter(subject, "AE", repeat=2, AETERM="Rash", AESTDAT=day(site, -15).isoformat())
    run_outbox()
    deviation = proposals().get()
    assert "without the re-consent that is due since" in deviation.text["en"]
    assert deviation.happened_on == day(site, -5)
    client.force_login(small.user(study, Role.COORDINATOR, site))
    page = reverse("casebook:log_form", args=["small", subject.number, "AE", 1])
    html = client.get(page).content.decode()
    assert "Consent invalid: a new version applies since" in html
    assert "Consent form in force: 2.0" in html
    assert "Consent invalid" not in client.get(page.replace("/1/", "/2/")).content.decode()
    enter(subject, "RIC", RICDAT=day(site, -6).isoformat(), RICVER="2.0")
    run_outbox()
    assert not proposals().exists(), "a consent that was entered late takes the proposal back"


def test_a_death_without_any_consent_is_saved(site, run_outbox):
    subject = screen(SYSTEM, site, day(site, -9))
    assert enter(subject, "AE", AETERM="Death", AESTDAT=day(site, -8).isoformat()).revision == 1
    run_outbox()
    assert "without a consent" in proposals().get().text["en"]


def test_after_withdrawal_no_visit_but_an_adverse_event(site, run_outbox):
    subject = consented(site)
    depart(SYSTEM, subject, "withdrawal", day(site, -10), reason="Moved", scope="follow_up")
    visited(subject, "D0", -3)
    with small.refused("consent_withdrawn"):
        enter(subject, "VS", "D0", WEIGHT="12.5")
    depart(SYSTEM, subject, "death", day(site, -4), reason="Of the disease")
    enter(subject, "AE", AETERM="Fever", AESTDAT=day(site, -5).isoformat())
    run_outbox()
    assert any("after consent was withdrawn" in one.text["en"] for one in proposals()), "a death does not undo it"


def test_a_withdrawal_from_treatment_alone_goes_on(site):
    subject = small.enrolled(small.screened(site))
    depart(SYSTEM, subject, "withdrawal", today_at(site), reason="Side effects", scope="treatment")
    subject.refresh_from_db()
    assert subject.status == "off_treatment"
    assert milestones_of(subject).first("withdrawal") is None
    assert enter(subject, "VS", "D0", WEIGHT="12.5").revision == 1


def test_another_version_than_the_one_in_force_was_signed(site, run_outbox):
    version(site, "1.0", day(site, -100))
    version(site, "2.0", day(site, -70), again=False)
    consented(site, signed="版本 1.0")
    consented(site, signed="2.0, 中文版")
    run_outbox()
    (deviation,) = proposals()
    assert "Version 版本 1.0 of the consent form was signed" in deviation.text["en"]
    assert "in force was 2.0" in deviation.text["en"]


def test_a_child_who_reaches_the_age_shows_up_as_due(study, site):
    today = today_at(site)
    near = consented(site, born=add_months(today, -12 * 8) - timedelta(days=5))
    consented(site, born=add_months(today, -12 * 8) + timedelta(days=5))
    grown = consented(site, born=add_months(today, -12 * 18) - timedelta(days=5))
    found = {subject.number: [(line.what, line.since) for line in due] for subject, due in due_list(SYSTEM, study)}
    assert found == {
        near.number: [("assent", day(site, -5))],
        grown.number: [("own", day(site, -5))],
    }
    enter(near, "RIC", RICDAT=today.isoformat(), RICVER="1.0")
    enter(grown, "RIC", RICDAT=today.isoformat(), RICVER="1.0")
    assert due_list(SYSTEM, study) == []


def test_no_step_into_the_trial_without_the_new_consent(study, site):
    small.live_scheme(study)
    ready, enrolled = small.confirmed(small.screened(site)), small.enrolled(small.screened(site))
    version(site, "2.0", day(site, -1))
    for step, subject in ((enrol_subject, ready), (randomize_subject, enrolled)):
        subject = Subject.objects.select_related("site").get(pk=subject.pk)
        with small.refused("consent_outdated"):
            step(SYSTEM, subject)
    enter(enrolled, "RIC", RICDAT=day(site, 0).isoformat(), RICVER="2.0")
    assert randomize_subject(SYSTEM, Subject.objects.select_related("site").get(pk=enrolled.pk)).arm


def test_versions_have_validity_by_site(study, site):
    version(site, "2.0", day(site, -10))
    elsewhere = consented(small.site_of(study, "02"))
    assert [subject for subject, _ in due_list(SYSTEM, study)] == []
    visited(elsewhere, "D0", -3)
    assert enter(elsewhere, "VS", "D0", WEIGHT="12.5").revision == 1


def test_what_is_refused_of_a_version(study, site):
    add = {"label": "2.0", "language": "zh-hans", "approved_on": day(site, -9), "valid_from": day(site, -8), "again": True}
    for code, change in [
        ("label", {"label": " "}),
        ("label", {"label": "x" * 41}),
        ("language", {"language": "fr"}),
        ("before_approval", {"valid_from": day(site, -10)}),
    ]:
        with small.refused(code):
            add_consent_version(SYSTEM, site, **(add | change))
    with pytest.raises(Forbidden):
        add_consent_version(small.person(study, Role.COORDINATOR, site), site, **add)
    first = add_consent_version(SYSTEM, site, **add)
    with small.refused("known"):
        add_consent_version(SYSTEM, site, **add)
    with small.refused("reason_missing"):
        withdraw_consent_version(SYSTEM, first, reason="")
    withdraw_consent_version(SYSTEM, first, reason="Typed at the wrong site")
    assert Site.objects.get(pk=site.pk).consent_forms == []
    with small.refused("nothing"):
        withdraw_consent_version(SYSTEM, first, reason="Again")
    assert add_consent_version(SYSTEM, site, **add).pk


def test_a_version_taken_back_takes_its_proposals_back(site, run_outbox):
    second = version(site, "2.0", day(site, -10))
    subject = consented(site)
    enter(subject, "AE", AETERM="Fever", AESTDAT=day(site, -5).isoformat())
    run_outbox()
    assert proposals().count() == 1
    withdraw_consent_version(SYSTEM, second, reason="Wrong site")
    run_outbox()
    assert not proposals().exists()


def test_on_the_page(client, study, site, django_assert_max_num_queries):
    client.force_login(small.user(study, Role.DATA_MANAGER))
    address = reverse("casebook:consents", args=["small"])
    typed = {"site": site.pk, "label": "2.0", "language": "zh-hans", "approved_on": "2026-01-05", "valid_from": "2026-01-01"}
    refused = client.post(address, typed)
    assert refused.status_code == 422
    assert "before its approval" in refused.content.decode()
    assert 'value="2.0"' in refused.content.decode()
    client.post(address, typed | {"valid_from": "2026-01-06", "again": "on"})
    found = ConsentVersion.objects.get()
    assert found.again
    for _ in range(3):
        consented(site, days_ago=600)
    with django_assert_max_num_queries(20):
        html = client.get(address).content.decode()
    assert html.count("Consent on the new version") == 3
    subject = reverse("casebook:subject", args=["small", "01-001"])
    assert "Consent on the new version" in client.get(subject).content.decode()
    client.post(reverse("casebook:consent_withdraw", args=["small", found.pk]), {"reason": ""}, follow=True)
    assert ConsentVersion.objects.get().withdrawn_at is None
    client.post(reverse("casebook:consent_withdraw", args=["small", found.pk]), {"reason": "Wrong"})
    assert ConsentVersion.objects.get().withdrawn_at is not None
