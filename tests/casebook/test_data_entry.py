"""Two people on one form, late entry, the order of lines, thumbnails; and input that is refused, over HTTP."""

import io
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from apps.audit.models import Event
from apps.capture.evaluation import RecordEvaluator
from apps.capture.models import Draft, FormRecord, Opening
from apps.capture.places import RecordRef
from apps.capture.replay import drifts
from apps.capture.services import store_file
from apps.common.actors import SYSTEM
from apps.subjects.selectors import today_at
from apps.visits.services import record_visit_date
from tests.capture.capture_study import build
from tests.journeys import enter, locked, screened


@pytest.fixture
def subject(site):
    return screened(site)


def form(subject, oid="VS", visit="SCR"):
    return reverse("casebook:form", args=[subject.study.slug, subject.number, subject.visits.get(code=visit).pk, oid, 1])


def log(subject, oid, repeat=1):
    return reverse("casebook:log_form", args=[subject.study.slug, subject.number, oid, repeat])


# -- two people on one form


def test_it_works(subject, personas):
    first, second = personas["coordinator"], personas["investigator"]
    assert "Take over" not in first.client.get(form(subject)).text
    page = second.client.get(form(subject)).text
    assert f"{first.user.full_name} has this form open since" in page
    assert '<fieldset class="record__items" disabled>' in page
    assert second.client.post(f"{form(subject)}take-over/").status_code == 302
    assert "disabled>" not in second.client.get(form(subject)).text.split("record__items")[1][:40]
    answer = first.client.post(f"{form(subject)}draft/", {"revision": "0", "HEIGHT": "80"}).json()
    assert second.user.full_name in answer["taken"] and "kept as your draft" in answer["taken"]
    assert Draft.objects.get(user=first.user).data["HEIGHT"] == ["80"]
    assert first.client.post(f"{form(subject)}ping/").json()["taken"]
    event = Event.objects.get(action="capture.form.taken_over")
    assert event.actor_name == second.user.full_name


def test_a_page_that_is_long_silent_holds_nothing(subject, personas):
    personas["coordinator"].client.get(form(subject))
    Opening.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    assert "Take over" not in personas["investigator"].client.get(form(subject)).text


def test_taking_back(subject, personas):
    first, second = personas["coordinator"], personas["investigator"]
    first.client.get(form(subject))
    second.client.post(f"{form(subject)}take-over/")
    assert "Take over" in first.client.get(form(subject)).text
    first.client.post(f"{form(subject)}take-over/")
    assert "Take over" not in first.client.get(form(subject)).text
    assert "Take over" in second.client.get(form(subject)).text


def test_a_reader_holds_nothing(subject, personas):
    personas["monitor"].client.get(form(subject))
    assert not Opening.objects.exists()


def test_both_may_save_and_the_second_is_asked_to_merge(subject, personas):
    personas["coordinator"].client.get(form(subject))
    personas["investigator"].client.post(f"{form(subject)}take-over/")
    assert personas["investigator"].client.post(form(subject), {"revision": "0", "HEIGHT": "81"}).status_code == 302
    page = personas["coordinator"].client.post(form(subject), {"revision": "0", "HEIGHT": "80"})
    assert page.status_code == 409 and "81" in page.text and "80" in page.text


# -- late entry


@pytest.mark.parametrize(("days", "words"), [(20, "Entered 20 days after the visit"), (7, None), (0, None)])
def test_late_entry_is_marked(site, personas, days, words):
    subject = screened(site, days_ago=60)
    visit = subject.visits.get(code="SCR")
    record_visit_date(SYSTEM, visit, today_at(site) - timedelta(days=days), reason="source")
    enter(subject, "VS", "SCR", HEIGHT="80")
    page = personas["monitor"].client.get(form(subject)).text
    assert (words in page) if words else ("days after the visit" not in page)
    list_of_forms = reverse("casebook:visit", args=[subject.study.slug, subject.number, visit.pk])
    page = personas["monitor"].client.get(list_of_forms).text
    assert (words in page) if words else ("days after the visit" not in page)


# -- lines


def lines(*keys):
    return {f"AETREAT.{key}.AETRT": f"Medicine {key}" for key in keys} | {f"AETREAT.{key}._line": "1" for key in keys}


def test_lines_keep_the_order_in_which_they_are_posted(subject, personas):
    enter(subject, "AE", AETERM="Fever")
    client = personas["coordinator"].client
    assert client.post(log(subject, "AE"), {"revision": "1", **lines("aaaa", "bbbb", "cccc")}).status_code == 302
    assert client.post(log(subject, "AE"), {"revision": "2", **lines("cccc", "aaaa", "bbbb")}).status_code == 302
    record = subject.records.get(form_oid="AE")
    assert [line["_key"] for line in record.data["AETREAT"]] == ["cccc", "aaaa", "bbbb"]
    page = client.get(log(subject, "AE")).text
    assert page.index("Medicine cccc") < page.index("Medicine aaaa") < page.index("Medicine bbbb")
    assert list(drifts(subject.study_id)) == []


def test_a_line_of_a_long_table_costs_what_one_of_a_short_one_does(subject):
    """As many statements, and each line evaluated once, not once for every other line."""

    def save(repeat, count):
        many = [{"_key": f"l{n:04d}", "AETRT": f"Medicine {n}"} for n in range(count)]
        with CaptureQueriesContext(connection) as captured, count_calls() as calls:
            enter(subject, "AE", repeat=repeat, AETERM="Fever", AETREAT=many)
        return len(captured), calls[0]

    save(1, 50)
    (short, few), (long, many) = save(2, 50), save(3, 500)
    assert long == short
    assert many <= 10 * few


@contextmanager
def count_calls():
    """How often an item of a line is asked whether it is shown."""
    calls = [0]
    asked = RecordEvaluator.is_shown

    def counted(self, place):
        calls[0] += 1
        return asked(self, place)

    with patch.object(RecordEvaluator, "is_shown", counted):
        yield calls


def test_as_many_empty_lines_as_keys_are_named(subject, personas):
    enter(subject, "AE", AETERM="Fever")
    where = reverse("casebook:log_form_new_line", args=[subject.study.slug, subject.number, "AE", 1, "AETREAT"])

    def rows(*keys):
        query = urlencode({"key": keys}, doseq=True)
        return personas["coordinator"].client.post(f"{where}?{query}", {"AETERM": "Fever"}).text

    page = rows("abcd1", "abcd2", "abcd1", "../x", "\0")
    assert page.count("<tr") == 2 and "AETREAT.abcd1.AETRT" in page and "AETREAT.abcd2.AETRT" in page
    assert rows(*(f"k{n:05d}" for n in range(150))).count("<tr") == 100
    assert rows().count("<tr") == 1


# -- files


def stored(subject, content, name="scan.png"):
    return store_file(SYSTEM, RecordRef(subject.pk, "DS"), "DSFILE", SimpleUploadedFile(name, content))


def picture(size=(600, 400)):
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG")
    return file.getvalue()


def thumbnail(subject, attachment):
    return reverse("casebook:log_form_thumbnail", args=[subject.study.slug, subject.number, "DS", 1, attachment.pk])


def test_an_image_has_a_thumbnail_under_the_same_check(subject, personas):
    attachment = stored(subject, picture())
    response = personas["monitor"].client.get(thumbnail(subject, attachment))
    small = Image.open(io.BytesIO(b"".join(response.streaming_content)))
    assert max(small.size) == 240 and response["X-Content-Type-Options"] == "nosniff"
    assert personas["other_site"].client.get(thumbnail(subject, attachment)).status_code == 404


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + b"0" * 300, picture((12000, 6000))])
def test_a_damaged_or_enormous_image_has_none(subject, personas, content):
    assert personas["monitor"].client.get(thumbnail(subject, stored(subject, content))).status_code == 404


# -- input that cannot be taken


def typed(**values):
    return {"revision": "1", **values}


REFUSED = {
    "a text in a number": ({"HEIGHT": "tall"}, 422, "is not a number"),
    "two readings of a comma": ({"HEIGHT": "1,234"}, 422, "can be read in two ways"),
    "a date that does not exist": ({"VSDAT": "2024-02-30"}, 422, ""),
    "300,000 characters": ({"HEIGHT": "9" * 300_000}, 422, "at most 100 fit"),
    "an emoji": ({"HEIGHT": "😀"}, 422, "is not a number"),
    "neither yes nor no": ({"FEVER": "maybe"}, 422, "neither yes nor no"),
    "a unit that is none": ({"WEIGHT": "9", "WEIGHT.unit": "stone"}, 422, "is no unit of this item"),
    "a missing code that is none": ({"HEIGHT.missing": "XX"}, 422, "takes one of the codes"),
    "a forged name": ({"NOSUCH": "1"}, 422, "no such item"),
    "an item of another form": ({"SHRINK": "1"}, 422, "stands on another form"),
    "a computed item": ({"BSA": "1"}, 422, "computed, not entered"),
    "a hidden item by hand": ({"TEMP": "38.5"}, 422, "hidden by other answers"),
    "an invisible character": ({"HEIGHT": "8\x000"}, 422, "invisible control character"),
    "a stale revision": ({"revision": "7", "HEIGHT": "81"}, 409, ""),
    "a revision that is none": ({"revision": "x", "HEIGHT": "81"}, 409, ""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_taken_is_said_and_changes_nothing(subject, personas, what):
    enter(subject, "VS", "SCR", HEIGHT="80", FEVER="N")
    before = FormRecord.objects.get(subject=subject, form_oid="VS")
    values, status, words = REFUSED[what]
    page = personas["coordinator"].client.post(form(subject), typed() | values)
    assert page.status_code == status
    assert words in page.text
    after = FormRecord.objects.get(pk=before.pk)
    assert (after.revision, after.data) == (before.revision, before.data)


def test_an_emoji_where_a_text_has_a_form(db):
    small = build()
    client = Client()
    client.force_login(small.people["coordinator"], backend="allauth.account.auth_backends.AuthenticationBackend")
    where = reverse("casebook:form", args=[small.study.slug, small.subject.number, small.visit("SCR").pk, "VS", 1])
    page = client.post(where, {"revision": "0", "BATCH": "AB12😀"})
    assert page.status_code == 422 and "does not have the form that is asked for" in page.text and "AB12😀" in page.text
    assert not FormRecord.objects.filter(subject=small.subject, form_oid="VS").exists()


def test_other_is_a_reason_only_with_words(subject, personas):
    client = personas["coordinator"].client
    enter(subject, "VS", "SCR", complete=True, VSDAT="2024-05-01", HEIGHT="80", WEIGHT="9.0", FEVER="N")
    page = client.post(form(subject), typed(HEIGHT="81", reason_code="Other"))
    assert page.status_code == 409 and "Say why this is changed." in page.text
    assert subject.records.get(form_oid="VS").data["HEIGHT"] == "80"
    assert client.post(form(subject), typed(HEIGHT="81", reason_code="Other", reason="Scale replaced")).status_code == 302


@pytest.mark.parametrize(("text", "stored_as"), [("８０．５", "80.5"), ("80,5", "80.5"), ("+80.5", "80.5"), ("80", "80")])
def test_what_is_unambiguous_is_read(subject, personas, text, stored_as):
    assert personas["coordinator"].client.post(form(subject), {"revision": "0", "HEIGHT": text}).status_code == 302
    assert subject.records.get(form_oid="VS").data["HEIGHT"] == stored_as


def test_a_value_outside_its_hard_range_is_saved_queried_and_blocks_complete(subject, personas):
    client = personas["coordinator"].client
    values = {"revision": "0", "HEIGHT": "300", "VSDAT": "2024-05-01", "FEVER": "N"}
    assert client.post(form(subject), values).status_code == 302
    record = subject.records.get(form_oid="VS")
    query = record.queries.get()
    assert (record.data["HEIGHT"], query.status, query.check_oid) == ("300", "open", "RANGE_HARD")
    complete = {"revision": "1", "action": "complete", **{k: v for k, v in values.items() if k != "revision"}}
    assert client.post(form(subject), complete).status_code == 409
    step = reverse("casebook:query_step", args=[subject.study.slug, query.pk, "answer"])
    assert client.post(step, {"text": "Measured twice."}).status_code == 302
    assert client.post(form(subject), complete).status_code == 302
    record.refresh_from_db()
    assert record.status == "complete"


def test_a_file_that_lies_about_its_type(subject, personas):
    enter(subject, "DS", DSSTDAT="2024-05-01")
    upload = SimpleUploadedFile("letter.pdf", b"MZ this is a program", content_type="application/pdf")
    page = personas["coordinator"].client.post(log(subject, "DS"), {"revision": "1", "DSFILE.upload": upload})
    assert page.status_code in {409, 422} and "Only PDF" in page.text
    assert "DSFILE" not in subject.records.get(form_oid="DS").data


def test_after_the_lock_nothing_is_taken(subject, personas):
    enter(subject, "VS", "SCR", HEIGHT="80")
    locked(subject, personas["data_manager"].actor)
    page = personas["coordinator"].client.post(form(subject), typed(HEIGHT="81"))
    assert page.status_code == 409 and "is locked" in page.text
    assert personas["data_manager"].user.full_name in page.text
    assert subject.records.get(form_oid="VS").data["HEIGHT"] == "80"
