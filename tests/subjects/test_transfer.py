"""A subject that goes on at another site keeps its casebook, and each site sees its part, never more."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from pypdf import PdfReader

from apps.audit.models import Event
from apps.casebook import services as printing
from apps.casebook.models import Printout
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden, NotVisible
from apps.review.services import freeze
from apps.subjects.models import Subject, SubjectTransfer
from apps.subjects.selectors import today_at
from apps.subjects.services import transfer_subject
from tests.journeys import enter, screened


@pytest.fixture
def subject(site, personas):
    assert personas["data_manager"]
    return screened(site)


def transferred(subject, to, personas=None, who="data_manager", **more):
    actor = personas[who].actor if personas else SYSTEM
    asked = {"on": today_at(to), "reason": "The family moved."} | more
    return transfer_subject(actor, subject, to, asked["on"], reason=asked["reason"])


def page(personas, who, subject, view="subject", **more):
    address = reverse(f"casebook:{view}", kwargs={"slug": subject.study.slug, "number": subject.number, **more})
    return personas[who].client.get(address)


def test_it_works(subject, second_site, personas):
    assert page(personas, "other_site", subject).status_code == 404
    transferred(subject, second_site, personas)
    shown = page(personas, "other_site", subject)
    assert shown.status_code == 200 and "Transferred from 01" in shown.text
    visit = subject.visits.get(code="SCR")
    assert page(personas, "other_site", subject, "visit", visit_id=visit.pk).status_code == 200
    form = {"visit_id": visit.pk, "form_oid": "DX", "repeat": 1}
    assert "12.5" in page(personas, "other_site", subject, "form", **form).text
    assert Subject.objects.get(pk=subject.pk).number == subject.number
    enter(subject, "VS", "SCR", actor=personas["other_site"].actor, HEIGHT="80.0")


@pytest.mark.parametrize("view", ["subject", "visit", "form", "eligibility", "signatures", "close_out"])
def test_the_former_site_sees_no_page_of_it(subject, second_site, personas, view):
    visit = subject.visits.get(code="SCR").pk
    more = {"visit": {"visit_id": visit}, "form": {"visit_id": visit, "form_oid": "DX", "repeat": 1}}.get(view, {})
    assert page(personas, "coordinator", subject, view, **more).status_code == 200
    transferred(subject, second_site)
    assert page(personas, "coordinator", subject, view, **more).status_code == 404
    with pytest.raises(NotVisible), transaction.atomic():
        enter(subject, "VS", "SCR", actor=personas["coordinator"].actor, HEIGHT="80.0")


def part(personas, subject, who="coordinator"):
    client, address = personas[who].client, reverse("casebook:transferred", args=[subject.study.slug])
    assert subject.number in client.get(address).text
    assert client.post(address, {"transfer": SubjectTransfer.objects.get().pk}).status_code == 302
    printout = printing.make_printout(SYSTEM, printing.claim_printout(Printout.objects.latest("pk").pk))
    return "\n".join(one.extract_text() for one in PdfReader(printing.path_of(printout)).pages)


def test_the_former_site_keeps_its_part_as_it_stood(subject, site, second_site, personas):
    enter(subject, "AE", AETERM="Fever")
    transferred(subject, second_site)
    enter(subject, "AE", AETERM="Pneumonia")
    enter(subject, "AE", repeat=2, AETERM="Rash")
    text = part(personas, subject)
    assert "Fever" in text and "12.5" in text
    for later in ("Pneumonia", "Rash"):
        assert later not in text


def test_the_new_sites_people_have_no_part_to_print(subject, second_site, personas):
    transferred(subject, second_site)
    address = reverse("casebook:transferred", args=[subject.study.slug])
    assert subject.number not in personas["other_site"].client.get(address).text
    for forged in (SubjectTransfer.objects.get().pk, "x", "9" * 30, ""):
        assert personas["other_site"].client.post(address, {"transfer": forged}).status_code == 404


def test_each_site_reads_its_own_trail(subject, site, second_site, personas):
    transferred(subject, second_site)
    enter(subject, "AE", AETERM="Rash")
    sites = set(Event.objects.filter(action="subjects.subject.transferred").values_list("site_id", flat=True))
    assert sites == {site.pk, second_site.pk}
    address = reverse("casebook:audit", args=[subject.study.slug])
    trail = personas["investigator"].client.get(address, {"subject": subject.number}).text
    assert "Subject transferred" in trail and "12.5" in trail and "Rash" not in trail


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"reason": " "}, "reason_missing"),
        ({"on": timedelta(days=2)}, "future"),
        ({"on": timedelta(days=-900)}, "before_screening"),
    ],
)
def test_bad_input_is_refused(subject, second_site, more, code):
    if isinstance(more.get("on"), timedelta):
        more = {"on": today_at(second_site) + more["on"]}
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        transferred(subject, second_site, **more)
    assert refusal.value.code == code
    assert not SubjectTransfer.objects.exists()


def test_the_same_site_another_study_and_a_hold_are_refused(subject, site, second_site, other_trial):
    for to, code in ((site, "site"), (other_trial.sites.get(code="02"), "site")):
        with pytest.raises(DomainError) as refusal, transaction.atomic():
            transferred(subject, to)
        assert refusal.value.code == code
    freeze(SYSTEM, second_site, reason="closed")
    second_site.refresh_from_db()
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        transferred(subject, second_site)
    assert refusal.value.code == "held"


@pytest.mark.parametrize("who", ["coordinator", "monitor", "investigator", "outsider"])
def test_who_may_not(subject, second_site, personas, who):
    with pytest.raises(Forbidden):
        transferred(subject, second_site, personas, who)


def test_the_page_keeps_what_was_typed(subject, second_site, personas, small_trial):
    client, address = personas["data_manager"].client, reverse("casebook:transfer", args=[small_trial.slug, subject.number])
    typed = {"site": second_site.pk, "on": "soon", "reason": "The family moved."}
    refused = client.post(address, typed)
    assert refused.status_code == 422 and "The family moved." in refused.text
    assert client.post(address, typed | {"on": today_at(second_site).isoformat()}).status_code == 302
