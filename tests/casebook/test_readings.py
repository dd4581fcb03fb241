"""The masked assessor's work list: images by a random code, scored without learning whose they are."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.audit.models import Event
from apps.capture.places import RecordRef
from apps.capture.services import save_record, store_file
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.review.models import Reading
from apps.review.selectors.readings import readings_for
from apps.studies.protocol import get_protocol
from tests import small
from tests.journeys import enter
from tests.trials.definitions import T1, loaded

pytestmark = pytest.mark.django_db
PLAN = {"images": ["TUMFILE"], "score": "REM", "source": "assumption"}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 200


def definition():
    whole = small.small_definition(reading=PLAN)
    whole["forms"] += [
        small.form("TUM", small.item("TUMDAT", "date"), small.item("TUMFILE", "file")),
        small.form(
            "REM",
            small.item("REMDAT", "date", required=True, label="Date of reading"),
            small.item("REMYN", "yesno", required=True, label="In remission"),
            small.item("REMTX", label="Grounds"),
        ),
    ]
    for visit in whole["visits"]:
        if visit["code"] in ("D0", "M1"):
            visit["forms"] = ["VS", "TUM", "REM"]
    return whole


@pytest.fixture
def study():
    return small.publish_small(definition())


@pytest.fixture
def assessor(client, study):
    user = small.user(study, Role.OUTCOME_ASSESSOR)
    client.force_login(user)
    client.user = user
    return client


def imaged(study, run_outbox, code="D0", **more):
    """A subject whose imaging of a visit is recorded, with a file that is named after the child."""
    subject = more.get("subject") or small.eligible(small.screened(small.site_of(study)))
    visit = subject.visits.get(code=code)
    upload = SimpleUploadedFile(f"{subject.number} Zhang LOW.png", PNG)
    file = store_file(SYSTEM, RecordRef(subject.pk, "TUM", visit.pk), "TUMFILE", upload)
    enter(subject, "TUM", code, TUMDAT="2026-01-02", TUMFILE=str(file.pk))
    run_outbox()
    return subject, Reading.objects.get(visit=visit)


def page(name="readings", *more):
    return reverse(f"casebook:{name}", args=["small", *more])


def score(client, code, **typed):
    values = {"revision": "0", "REMDAT": "2026-02-01", "REMYN": "Y", "REMTX": "No residue", "reason": ""} | typed
    return client.post(page("reading", code), values, follow=True)


def test_it_works(assessor, study, run_outbox):
    subject, reading = imaged(study, run_outbox)
    html = assessor.get(page()).content.decode()
    assert reading.code in html
    assert "waits" in html
    shown = assessor.get(page("reading", reading.code)).content.decode()
    assert f"{reading.code}-1" in shown
    assert "In remission" in shown
    answer = score(assessor, reading.code)
    assert f"{reading.code} is scored." in answer.content.decode()
    record = subject.records.get(form_oid="REM")
    assert (record.visit.code, record.status, record.data["REMYN"]) == ("D0", "complete", "Y")
    assert record.updated_by_id == assessor.user.pk
    assert "scored" in assessor.get(page()).content.decode()


def test_no_page_says_whose_images_they_are(assessor, study, run_outbox):
    subject, reading = imaged(study, run_outbox)
    pages = [page(), page("reading", reading.code)]
    for address in pages:
        html = assessor.get(address).content.decode()
        assert not any(word in html for word in (subject.number, "Visit D0", "Zhang", "2026-01-02"))
    image = assessor.get(page("reading_image", reading.code, 1))
    assert image["Content-Disposition"] == f'inline; filename="{reading.code}-1.png"'
    assert b"".join(image.streaming_content) == PNG
    assert assessor.get(page("reading_image", reading.code, 2)).status_code == 404
    assert assessor.get(page("reading", "R-NOBODY")).status_code == 404
    refused = score(assessor, reading.code, REMDAT="2026-02-31").content.decode()
    assert subject.number not in refused


def test_codes_have_an_order_of_their_own(study, run_outbox):
    subject, first = imaged(study, run_outbox)
    _, second = imaged(study, run_outbox, "M1", subject=subject)
    _, third = imaged(study, run_outbox)
    codes = [one.code for one in readings_for(SYSTEM, study)]
    assert codes == sorted([first.code, second.code, third.code])
    assert len(set(codes)) == 3
    event = Event.objects.filter(action="review.reading.opened").first()
    assert event.audience == "unblinded"


def test_saving_the_imaging_again_opens_nothing_anew(study, run_outbox):
    subject, reading = imaged(study, run_outbox)
    enter(subject, "TUM", "D0", TUMDAT="2026-01-03")
    run_outbox()
    assert Reading.objects.get() == reading
    enter(subject, "VS", "M1", WEIGHT="12.5")
    run_outbox()
    assert Reading.objects.count() == 1


def test_a_visit_that_tells_the_arm_is_not_read(study, run_outbox):
    subject = small.eligible(small.screened(small.site_of(study)))
    subject.visits.filter(code="M1").update(audience="unblinded")
    enter(subject, "TUM", "M1", TUMDAT="2026-01-02")
    run_outbox()
    assert not Reading.objects.exists()


def test_bad_input_keeps_what_was_typed(assessor, study, run_outbox):
    subject, reading = imaged(study, run_outbox)
    for typed in (
        {"REMDAT": "yesterday"},
        {"REMYN": ""},
        {"REMYN": "X"},
        {"REMTX": "a\0b"},
        {"revision": "x"},
        {"revision": "7"},
    ):
        answer = score(assessor, reading.code, **typed)
        assert answer.status_code == 422, typed
    assert "No residue" in score(assessor, reading.code, REMDAT="yesterday").content.decode()
    assert not subject.records.filter(form_oid="REM").exists()


def test_a_score_is_changed_with_a_reason(assessor, study, run_outbox):
    subject, reading = imaged(study, run_outbox)
    score(assessor, reading.code)
    revision = subject.records.get(form_oid="REM").revision
    assert score(assessor, reading.code, revision=str(revision), REMYN="N").status_code == 422
    score(assessor, reading.code, revision=str(revision), REMYN="N", reason="Wrong image read")
    record = subject.records.get(form_oid="REM")
    assert record.data["REMYN"] == "N"
    assert "Wrong image read" in json.dumps([event.body for event in Event.objects.filter(object_id=str(record.pk))])


def test_only_the_assessor_scores(study, run_outbox):
    subject, _reading = imaged(study, run_outbox)
    ref = RecordRef(subject.pk, "REM", subject.visits.get(code="D0").pk)
    for role in (Role.COORDINATOR, Role.INVESTIGATOR, Role.DATA_MANAGER):
        with pytest.raises(Forbidden):
            save_record(small.person(study, role), ref, {"REMYN": "Y"}, 0)
    with pytest.raises(Forbidden):  # and nothing else
        vs = RecordRef(subject.pk, "VS", subject.visits.get(code="D0").pk)
        save_record(small.person(study, Role.OUTCOME_ASSESSOR), vs, {"WEIGHT": "12"}, 0)


def test_pages_take_as_many_statements_at_any_size(assessor, study, run_outbox, django_assert_max_num_queries):
    for _ in range(3):
        imaged(study, run_outbox)
    with django_assert_max_num_queries(12):
        assert assessor.get(page()).content.decode().count("R-") >= 3
    with django_assert_max_num_queries(20):
        assessor.get(page("reading", Reading.objects.first().code))


def test_the_trial_that_has_images_read():
    definition = loaded(T1).definition
    assert definition.reading.score == "REM"
    assert definition.reading.images == ["TUMFILE"]


def test_without_a_plan_nothing_is_read(client):
    study = small.publish_small()
    client.force_login(small.user(study, Role.OUTCOME_ASSESSOR))
    assert "Nothing to read" in client.get(page()).content.decode()
    assert get_protocol(study.version_id).definition.reading is None
