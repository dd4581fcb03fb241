"""The page of a form: typed, saved, refused with everything still there, evaluated as it is typed, asked about."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.capture.models import Draft, FormRecord, Query
from apps.capture.selectors import record_for
from apps.capture.services import save_record
from apps.casebook.record_names import values_of
from apps.casebook.record_page import RecordPage
from tests.capture.capture_study import FORMS, SmallStudy, build

VITALS = {"VSDAT": "2024-05-01", "HEIGHT": "100.0", "HEIGHT.unit": "cm", "WEIGHT": "16.00"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 200


@pytest.fixture
def small(db) -> SmallStudy:
    return build()


def client_of(small: SmallStudy, who: str = "coordinator") -> Client:
    client = Client()
    client.force_login(small.people[who], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def url_of(small: SmallStudy, form: str = "VS", visit: str = "SCR", repeat: int = 1) -> str:
    where = [small.study.slug, small.subject.number, small.visit(visit).pk, form, repeat]
    return reverse("casebook:form", args=where)


def log_url(small: SmallStudy, repeat: int = 1) -> str:
    return reverse("casebook:log_form", args=[small.study.slug, small.subject.number, "AE", repeat])


def text_of(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def test_it_works(small):
    client = client_of(small)
    page = client.get(url_of(small))
    assert page.status_code == 200
    for name in ("VSDAT", "HEIGHT", "HEIGHT.unit", "TEMPDONE", "SIGNS.codes", "REMARK", "IMAGE.upload", "POS"):
        assert f'name="{name}"' in page.content.decode()
    response = client.post(url_of(small), {**VITALS, "SIGNS.codes": ["", "PAIN"], "revision": "0", "action": "save"})
    assert response.status_code == 302
    assert FormRecord.objects.get().data == {
        "VSDAT": "2024-05-01",
        "HEIGHT": "100.0",
        "WEIGHT": "16.00",
        "SIGNS": ["PAIN"],
        "BSA": "0.6667",
        "TOTAL": "0.0",
    }
    page = client.get(response["Location"])
    assert 'value="16.00"' in page.content.decode()
    assert "0.6667" in page.content.decode()


def test_a_stored_form_shows_no_refusal(small):
    values = {"HEIGHT": {"value": "40", "unit": "in"}, "WEIGHT": "16", "TEMPDONE": "Y", "TEMP": "39", "SIGNS": ["PAIN"]}
    lines = [{"LESLOC": "skin", "LENGTH": "2", "WIDTH": "1"}, {"LESLOC": "liver", "_inactive": "Seen twice"}]
    save_record(small.actor(), small.ref("VS"), {**values, "LESION": lines, "PULSE": {"missing": "ND"}}, 0)
    save_record(small.actor(), small.ref("VS"), {"TEMPDONE": "N"}, 1)
    page = client_of(small).get(url_of(small)).content.decode()
    assert "is-invalid" not in page
    assert 'class="item__note ' not in page
    for shown in ('value="40"', '<option value="in" selected>', 'value="Seen twice"', "kept, does not count"):
        assert shown in page


def test_opening_and_saving_again_changes_nothing(small):
    """What the page posts back untouched is what is stored."""
    lines = [{"LESLOC": "skin", "LENGTH": "2"}, {"LESLOC": "liver", "_inactive": "Seen twice"}]
    values = {"HEIGHT": {"value": "40", "unit": "in"}, "SIGNS": ["PAIN"], "POS": "LYING", "PULSE": {"missing": "ND"}}
    before = save_record(small.actor(), small.ref("VS"), {**values, "LESION": lines, "ONSET": "2024-05"}, 0)
    place = record_for(small.actor(), small.ref("VS"))
    page = RecordPage(place)
    after = save_record(small.actor(), small.ref("VS"), values_of(page.typed), 1)
    assert (after.revision, after.data) == (1, before.data)


def test_who_may_not_enter_reads_and_who_may_not_see_gets_404(small):
    save_record(small.actor(), small.ref("VS"), {"WEIGHT": "16"}, 0)
    page = client_of(small, "monitor").get(url_of(small))
    assert page.status_code == 200
    assert "data-save" not in page.content.decode()
    assert client_of(small, "monitor").post(url_of(small), {"revision": "1", "WEIGHT": "17"}).status_code == 403
    for who in ("other_site", "outsider"):
        assert client_of(small, who).get(url_of(small)).status_code == 404
        assert client_of(small, who).post(url_of(small), {"revision": "1"}).status_code == 404
    assert FormRecord.objects.get().revision == 1


def test_the_blinded_get_neither_form_nor_item(small):
    assessor = client_of(small, "outcome_assessor")
    assert assessor.get(url_of(small, "PC", "W2")).status_code == 404
    page = assessor.get(url_of(small, "HEM", "W2"))
    assert "Dose at sample" not in page.content.decode()
    assert assessor.get(url_of(small, "HEM", "W2") + "item/DOSEHINT/").status_code == 404
    assert "Dose at sample" in client_of(small).get(url_of(small, "HEM", "W2")).content.decode()


def test_a_refused_save_keeps_what_was_typed_and_points_at_it(small):
    posted = {**VITALS, "WEIGHT": "heavy", "REMARK": "kept words", "VSDAT": "2024-02-30", "revision": "0", "action": "save"}
    response = client_of(small).post(url_of(small), posted)
    assert response.status_code == 422
    page = response.content.decode()
    for typed in ('value="heavy"', 'value="kept words"', 'value="2024-02-30"'):
        assert typed in page
    assert '<a href="#f-WEIGHT">' in page
    assert "data-focus" in page
    assert 'aria-invalid="true"' in page
    assert not FormRecord.objects.exists()


def test_a_hard_check_is_listed_and_nothing_typed_is_lost(small):
    posted = {**VITALS, "HEIGHT": "260", "REMARK": "tall", "revision": "0", "action": "complete"}
    response = client_of(small).post(url_of(small), posted)
    assert response.status_code == 409
    assert '<a href="#f-HEIGHT">' in response.content.decode()
    assert 'value="tall"' in response.content.decode()


def test_a_lock_says_which_level_and_keeps_what_was_typed(small):
    type(small.subject).objects.filter(pk=small.subject.pk).update(hold="locked")
    response = client_of(small).post(url_of(small), {**VITALS, "revision": "0"})
    assert response.status_code == 409
    assert "the subject is locked" in text_of(response)
    assert 'value="16.00"' in response.content.decode()


def test_lines_come_back_and_an_empty_one_waits(small):
    posted = {**VITALS, "LESION.aaaa.LESLOC": "skin", "LESION.aaaa._line": "1", "LESION.bbbb._line": "1", "revision": "0"}
    client = client_of(small)
    assert client.post(url_of(small), posted).status_code == 302
    assert [line["LESLOC"] for line in FormRecord.objects.get().data["LESION"]] == ["skin"]
    page = client.get(url_of(small)).content.decode()
    assert len(re.findall(r'data-line="LESION\.', page)) == 2
    line = client.post(url_of(small) + "lines/LESION/")
    assert re.search(r'name="LESION\.[0-9a-f]{10}\.LESLOC"', line.content.decode())
    assert client.post(url_of(small) + "lines/NOPE/").status_code == 404


def evaluate(client, small, **typed):
    page = client.get(url_of(small)).content.decode()
    signatures = re.search(r'name="_signatures" value="([^"]*)"', page)[1].replace("&quot;", '"')
    return client.post(url_of(small) + "evaluate/", {**typed, "_signatures": signatures}).content.decode()


def test_only_what_changes_is_sent_while_typing(small):
    answer = evaluate(client_of(small), small, TEMPDONE="Y")
    assert 'id="item-TEMP"' in answer
    assert 'name="TEMP"' in answer
    assert "item-HEIGHT" not in answer
    answer = evaluate(client_of(small), small, HEIGHT="100", WEIGHT="16")
    assert 'id="val-BSA"' in answer
    assert "0.6667" in answer
    assert 'name="WEIGHT"' not in answer
    answer = evaluate(client_of(small), small, HEIGHT="300")
    assert "20 to 250 cm" in answer
    answer = evaluate(client_of(small), small, HEIGHT="3o0")
    assert "is not a number" in answer
    save_record(small.actor(), small.ref("VS"), {"HEIGHT": "100", "WEIGHT": "16"}, 0)
    answer = evaluate(client_of(small), small, HEIGHT="100", WEIGHT="heavy")
    assert "0.6667" not in answer  # nothing is computed from a value that is no longer there
    assert FormRecord.objects.get().data["WEIGHT"] == "16"


def test_a_draft_is_kept_shown_with_its_time_and_thrown_away(small):
    client = client_of(small)
    kept = client.post(url_of(small) + "draft/", {"WEIGHT": "1x", "revision": "0"})
    assert re.fullmatch(r"\d\d:\d\d:\d\d", kept.json()["at"])
    page = text_of(client.get(url_of(small)))
    assert "Recovered: what you typed until" in page
    assert 'value="1x"' in page
    assert 'value="1x"' not in text_of(client_of(small, "monitor").get(url_of(small)))
    client.post(url_of(small) + "draft/", {"discard": "1"})
    assert not Draft.objects.exists()


def test_a_conflict_shows_three_versions_and_merges(small):
    client = client_of(small)
    save_record(small.actor(), small.ref("VS"), {"WEIGHT": "16.00", "PULSE": "80", "REMARK": "calm"}, 0)
    save_record(small.actor(), small.ref("VS"), {"WEIGHT": "17.00", "PULSE": "90"}, 1)
    mine = {"WEIGHT": "18.00", "PULSE": "80", "REMARK": "crying", "revision": "1", "action": "save"}
    response = client.post(url_of(small), mine)
    assert response.status_code == 409
    page = text_of(response)
    for said in ("16.00", "17.00", "18.00", "Coordinator saved this form"):
        assert said in page
    assert re.search(r'name="merge.PULSE" value="theirs" checked', page)
    assert re.search(r'name="merge.REMARK" value="mine" checked', page)
    assert not re.search(r'name="merge.WEIGHT" value="\w+" checked', page)
    chosen = {"merge.WEIGHT": "mine", "merge.PULSE": "theirs", "merge.REMARK": "mine"}
    response = client.post(url_of(small), {**mine, **chosen, "revision": "2"})
    assert response.status_code == 302
    data = FormRecord.objects.get().data
    assert (data["WEIGHT"], data["PULSE"], data["REMARK"]) == ("18.00", "90", "crying")


def test_two_new_lines_of_a_log_at_once_are_two_records(small):
    client = client_of(small)
    for term in ("Rash", "Fever"):
        response = client.post(log_url(small), {"AETERM": term, "revision": "0", "action": "save"})
        assert response.status_code == 302
    assert list(FormRecord.objects.order_by("repeat").values_list("data__AETERM", flat=True)) == ["Rash", "Fever"]


def test_the_log_lists_its_lines(small):
    client = client_of(small)
    url = reverse("casebook:log", args=[small.study.slug, small.subject.number, "AE"])
    assert "Nothing recorded yet" in text_of(client.get(url))
    save_record(small.actor(), small.ref("AE", None), {"AETERM": "Rash"}, 0)
    page = text_of(client.get(url))
    assert "Rash" in page
    assert log_url(small, 2) in page


def test_a_complete_form_asks_why(small):
    client = client_of(small)
    save_record(small.actor(), small.ref("VS"), {"VSDAT": "2024-05-01", "HEIGHT": "100"}, 0, complete=True)
    assert 'id="reason-dialog"' in client.get(url_of(small)).content.decode()
    posted = {"HEIGHT": "101", "HEIGHT.unit": "cm", "revision": "1", "action": "save"}
    assert client.post(url_of(small), posted).status_code == 409
    response = client.post(url_of(small), {**posted, "reason_code": "Typing error", "reason": "read wrongly"})
    assert response.status_code == 302
    panel = text_of(client.get(url_of(small) + "item/HEIGHT/"))
    assert "Typing error: read wrongly" in panel
    assert "<del>100</del> → <strong>101</strong>" in panel


def test_a_query_is_asked_and_answered_in_the_panel(small):
    save_record(small.actor(), small.ref("VS"), {"PULSE": "80"}, 0)
    monitor, site = client_of(small, "monitor"), client_of(small)
    panel = monitor.post(url_of(small) + "item/PULSE/", {"text": "At rest?"}, headers={"HX-Request": "true"})
    assert "At rest?" in text_of(panel)
    query = Query.objects.get()
    step = reverse("casebook:query_step", args=[small.study.slug, query.pk, "answer"])
    assert "Say it in words" in text_of(site.post(step, {"text": " "}, headers={"HX-Request": "true"}))
    assert "Yes, at rest." in text_of(site.post(step, {"text": "Yes, at rest."}, headers={"HX-Request": "true"}))
    assert client_of(small, "other_site").post(step, {"text": "I"}).status_code == 404
    assert site.post(url_of(small) + "item/PULSE/", {"text": "May I?"}).status_code == 403


def test_not_done_and_out_of_the_data(small):
    client = client_of(small)
    client.post(url_of(small, "HEM") + "not-done/", {"reason": "No blood drawn", "revision": "0"})
    assert FormRecord.objects.get(form_oid="HEM").status == "not_done"
    save_record(small.actor(), small.ref("AE", None), {"AETERM": "Rash"}, 0)
    client.post(log_url(small) + "inactive/", {"reason": "Wrong subject", "revision": "1"})
    assert FormRecord.objects.get(form_oid="AE").inactive
    assert "Take back into the data" in text_of(client.get(log_url(small)))
    client.post(log_url(small) + "inactive/", {"reason": "It was right", "revision": "2"})
    assert not FormRecord.objects.get(form_oid="AE").inactive


def test_a_file_is_kept_and_served_to_readers_of_the_form_only(small):
    client = client_of(small)
    upload = SimpleUploadedFile("scan.png", PNG, content_type="text/html")
    client.post(url_of(small), {**VITALS, "IMAGE.upload": upload, "revision": "0"})
    key = FormRecord.objects.get().data["IMAGE"]
    served = client.get(url_of(small) + f"files/{key}/")
    assert b"".join(served.streaming_content) == PNG
    assert served["Content-Type"] == "image/png"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert client_of(small, "other_site").get(url_of(small) + f"files/{key}/").status_code == 404
    assert client.get(url_of(small, "VS", "W2") + f"files/{key}/").status_code == 200  # the same subject and form
    lying = SimpleUploadedFile("scan.pdf", PNG)
    response = client.post(url_of(small), {"REMARK": "kept", "IMAGE.upload": lying, "revision": "1"})
    assert response.status_code == 409
    assert 'value="kept"' in response.content.decode()


def test_forged_names_and_revisions_change_nothing(small):
    client = client_of(small)
    for posted in ({"FORGED": "1"}, {"PLT": "100"}, {"TEMP": "37"}, {"BSA": "1"}, {"LESION.aaaa.PLT": "1"}):
        assert client.post(url_of(small), {**posted, "revision": "0"}).status_code == 422
    for revision in ("", "-1", "1e3", "９", "99999999999999"):
        assert client.post(url_of(small), {**VITALS, "revision": revision}).status_code == 409
    assert not FormRecord.objects.exists()


def test_a_save_over_http_takes_at_most_six_statements(small):
    client, url = client_of(small), url_of(small)
    client.post(url, {**VITALS, "revision": "0", "action": "save"})
    with CaptureQueriesContext(connection) as statements:
        response = client.post(url, {**VITALS, "WEIGHT": "17.00", "revision": "1", "action": "save"})
    assert response.status_code == 302
    assert len(statements) <= 6, [query["sql"][:90] for query in statements]


def test_the_page_has_no_inline_script_or_style(small):
    page = client_of(small).get(url_of(small)).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\sstyle=|<style|\son\w+=", page)


def test_the_page_in_chinese(small):
    client = client_of(small)
    client.cookies["django_language"] = "zh-hans"
    page = client.get(url_of(small), headers={"accept-language": "zh-hans"}).content.decode()
    assert "生命体征" in page
    assert "身高" in page


def test_what_a_rule_reads_of_a_hidden_item_is_not_told_to_the_blinded(db, monkeypatch):
    (group,) = next(form for form in FORMS if form["oid"] == "HEM")["groups"]
    computed = {
        "oid": "PLTX",
        "type": "computed",
        "label": "Adjusted",
        "compute": "PLT * (2 if DOSEHINT == 'HIGH' else 1)",
        "checks": [{"oid": "PLTX_LOW", "rule": "PLTX > 0 or DOSEHINT == 'LOW'", "message": {"en": "Low.", "zh": "低。"}}],
    }
    monkeypatch.setitem(group, "items", [*group["items"], computed])
    small = build()
    save_record(small.actor(), small.ref("HEM"), {"PLT": "90", "DOSEHINT": "HIGH"}, 0)
    open_page, blinded_page = (
        client_of(small, who).get(url_of(small, "HEM")).text for who in ("coordinator", "outcome_assessor")
    )
    assert "Dose at sample: HIGH" in open_page
    assert "Dose at sample" not in blinded_page and "HIGH" not in blinded_page
    panel = f"{url_of(small, 'HEM')}item/PLTX/"
    assert "Dose at sample" in client_of(small).get(panel).text
    assert "Dose at sample" not in client_of(small, "outcome_assessor").get(panel).text
