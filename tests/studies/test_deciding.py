"""A sponsor's decision makes a new version, active per site from a day; what was assessed before stands."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.enrolment.models import EligibilityAssessment
from apps.enrolment.selectors import assess_now
from apps.enrolment.services import confirm_eligibility
from apps.studies.definition import StudyDefinition
from apps.studies.models import Study, StudyVersion
from apps.studies.protocol import get_protocol, site_today
from apps.studies.services import activate_version, decide_question, publish
from tests import small

pytestmark = pytest.mark.django_db
ANSWER = {
    "answer": {"en": "Exactly 30 % is included.", "zh": "恰好30%可纳入。"},
    "document": "Letter 2026-04",
    "decided_on": dt.date(2026, 4, 1),
}
AMENDED = ANSWER | {"amends": True, "ethics_document": "EC 2026-17", "ethics_on": dt.date(2026, 5, 2)}
RULES = {"I02": "SHRINK <= 30", "E02": "SHRINK > 30"}


@pytest.fixture
def study():
    return small.publish_small()


@pytest.fixture
def site(study):
    return small.site_of(study)


def in_force(site, version):
    return activate_version(SYSTEM, site, version, None, site_today(site))


def test_it_works(study, site):
    subject = small.eligible(small.screened(site), SHRINK="30")
    assert {result.code for result in assess_now(subject).results if result.question} == {"I02", "E02"}
    admin = small.person(study, Role.STUDY_ADMIN)
    version = decide_question(admin, study, "Q01", **AMENDED, rules=RULES)
    assert version.number == 2
    assert version.note == "Q01: Letter 2026-04"
    question = get_protocol(version.pk).definition.questions[0]
    assert question.decided.text.zh == "恰好30%可纳入。"
    assert not assess_now(subject).is_eligible, "the site works by the first version until it is put into force"
    in_force(site, version)
    assert assess_now(subject).is_eligible
    assert confirm_eligibility(SYSTEM, subject).version_id == version.pk


def test_assessments_that_were_made_stand(study, site):
    subject = small.confirmed(small.screened(site))
    before = EligibilityAssessment.objects.values("results", "version_id", "verdict").get()
    in_force(site, decide_question(SYSTEM, study, "Q01", **AMENDED, rules=RULES))
    assert EligibilityAssessment.objects.filter(subject=subject).values("results", "version_id", "verdict").get() == before


def test_a_decision_that_amends_nothing(study, site):
    version = decide_question(SYSTEM, study, "Q01", **ANSWER)
    decided = get_protocol(version.pk).definition
    assert [criterion.rule for criterion in decided.eligibility] == [
        criterion.rule for criterion in get_protocol(study.version_id).definition.eligibility
    ]
    assert decided.questions[0].decided.ethics_on is None


def test_what_is_refused(study):
    future = timezone.localdate() + dt.timedelta(days=3)
    for code, change in [
        ("incomplete", {"document": " "}),
        ("incomplete", {"answer": {"en": "", "zh": "可"}}),
        ("future", {"decided_on": future}),
        ("ethics", {"ethics_on": None}),
        ("ethics", {"ethics_document": ""}),
        ("rule", {"rules": RULES | {"I02": "SHRIMP <= 30"}}),
        ("rule", {"rules": RULES | {"I02": "SHRINK <="}}),
        ("other_criterion", {"rules": {"I01": "AGE < 18"}}),
    ]:
        with small.refused(code):
            decide_question(SYSTEM, study, "Q01", **(AMENDED | {"rules": RULES} | change))
    with small.refused("amends"):
        decide_question(SYSTEM, study, "Q01", **ANSWER, rules=RULES)
    with small.refused("no_question"):
        decide_question(SYSTEM, study, "Q09", **ANSWER)
    with pytest.raises(Forbidden):
        decide_question(small.person(study, Role.DATA_MANAGER), study, "Q01", **ANSWER)
    assert StudyVersion.objects.count() == 1
    decide_question(SYSTEM, study, "Q01", **ANSWER)
    with small.refused("no_question"):
        decide_question(SYSTEM, Study.objects.get(pk=study.pk), "Q01", **ANSWER)


def test_a_file_without_the_decision_does_not_undo_it(study):
    decide_question(SYSTEM, study, "Q01", **ANSWER)
    with small.refused("undoes_decision"):
        publish(SYSTEM, StudyDefinition.model_validate(small.small_definition(target=50)))


def test_the_demonstration_leaves_a_decided_study_alone(capsys):
    call_command("load_study", "fixtures/studies/ihhe-sirolimus.yaml")
    study = Study.objects.get(slug="ihhe-sirolimus")
    question = get_protocol(study.version_id).definition.questions[0]
    version = decide_question(SYSTEM, study, question.code, **ANSWER)
    with pytest.raises(CommandError):
        call_command("load_study", "fixtures/studies/ihhe-sirolimus.yaml")
    call_command("load_study", "fixtures/studies/ihhe-sirolimus.yaml", "--unless-decided")
    assert "left as it is" in capsys.readouterr().out
    assert Study.objects.get(slug="ihhe-sirolimus").version_id == version.pk


def test_on_the_pages(client, study, site):
    admin = small.user(study, Role.STUDY_ADMIN)
    client.force_login(admin)
    overview = client.get(reverse("studies:detail", args=["small"])).content.decode()
    address = reverse("studies:decide", args=["small", "Q01"])
    assert address in overview
    assert "SHRINK &lt; 30" in client.get(address).content.decode()
    typed = {
        "answer_en": "Exactly 30 % is included.",
        "document": "Letter 2026-04",
        "decided_on": "2026-04-01",
        "rule_I02": "SHRINK <= 30",
        "rule_E02": "SHRINK > 30",
    }
    refused = client.post(address, typed)
    assert refused.status_code == 422
    assert "Letter 2026-04" in refused.content.decode()
    assert client.post(address, typed | {"amends": "on"}).status_code == 422
    approved = {"amends": "on", "ethics_document": "EC 17", "ethics_on": "2026-05-02"}
    answer = client.post(address, typed | approved, follow=True)
    assert "The decision is published." in answer.content.decode()
    assert client.get(address).status_code == 404
    version = StudyVersion.objects.get(number=2)
    values = {
        "site": site.pk,
        "version": version.pk,
        "approved_on": "2026-05-02",
        "active_from": site_today(site).isoformat(),
    }
    assert (
        client.post(reverse("studies:versions", args=["small"]), values | {"active_from": "2020-01-01"}).status_code == 422
    )
    assert (
        "comes into force" in client.post(reverse("studies:versions", args=["small"]), values, follow=True).content.decode()
    )
    html = client.get(reverse("studies:detail", args=["small"])).content.decode()
    assert "Letter 2026-04" in html
    assert "EC 17" in html


def test_the_last_places_are_warned_of(client):
    definition = small.small_definition(target=3)
    study = small.publish_small(definition)
    site = small.site_of(study)
    subject = small.confirmed(small.screened(site))
    client.force_login(small.user(study, Role.COORDINATOR, site))
    address = reverse("casebook:enrol", args=["small", subject.number])
    assert "left." not in client.get(address).content.decode()
    small.enrolled(small.screened(site))
    assert "2 places are left." in client.get(address).content.decode()
    for _ in range(2):
        small.enrolled(small.screened(site))
    assert "No place is left" in client.get(address).content.decode()
