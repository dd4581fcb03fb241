"""The pages on which data are verified, signed, held and closed out."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.review.models import Mark, Signature, Waiver
from apps.review.selectors.closing import check_list, standing
from tests.factories import PASSWORD, published_study, small_definition
from tests.journeys import enter, screened, waived

PLAN = {"sdv": {"forms": {"DX": "required"}, "source": "assumption"}}


@pytest.fixture
def small_trial(db):
    return published_study(review=small_definition().review.model_validate(PLAN))


@pytest.fixture
def subject(site, personas):
    subject = screened(site)
    enter(subject, "DX", "SCR", complete=True)
    return subject


def record_of(subject, form="DX"):
    return subject.records.get(form_oid=form)


def at(subject, view, **more):
    return reverse(f"casebook:{view}", kwargs={"slug": subject.study.slug, "number": subject.number, **more})


def at_form(subject, view="form", **more):
    record = record_of(subject)
    return at(subject, view, visit_id=record.visit_id, form_oid="DX", repeat=1, **more)


def post(personas, who, address, **data):
    return personas[who].client.post(address, data, follow=True)


# -- verification


def test_it_works(subject, personas):
    monitor = personas["monitor"].client
    page = monitor.get(reverse("casebook:verification", args=[subject.study.slug]))
    assert at_form(subject) in page.text
    form = monitor.get(at_form(subject)).text
    assert "Verify the form" in form and "0 of 2 items" in form
    page = post(personas, "monitor", at_form(subject, "form_mark", kind="sdv"), revision=record_of(subject).revision)
    assert "2 items are marked." in page.text
    assert 'data-state="verified"' in page.text
    page = monitor.get(reverse("casebook:verification", args=[subject.study.slug]))
    assert at_form(subject) not in page.text and "100 %" in page.text


def test_what_changed_since_is_listed_with_both_values(subject, personas):
    post(personas, "monitor", at_form(subject, "form_mark", kind="sdv"), revision=record_of(subject).revision)
    enter(subject, "DX", "SCR", SHRINK="20.0", actor=personas["coordinator"].actor)
    page = personas["monitor"].client.get(reverse("casebook:verification_changed", args=[subject.study.slug])).text
    assert "<del>12.5</del>" in page and "<strong>20.0</strong>" in page
    assert personas["coordinator"].user.full_name in page and "Typing error" in page
    form = personas["monitor"].client.get(at_form(subject)).text
    assert "1 changed since" in form and "<del>12.5</del>" in form


def test_an_item_is_verified_in_its_panel_and_taken_back(subject, personas):
    address = at_form(subject, "form_item_mark", name="KMP", kind="sdv")
    headers = {"HX-Request": "true"}
    client = personas["monitor"].client
    panel = client.post(address, {"revision": record_of(subject).revision}, headers=headers)
    assert panel.status_code == 200 and "Take it back" in panel.text
    assert client.post(address, {"withdraw": "1", "reason": ""}, headers=headers).status_code == 422
    panel = client.post(address, {"withdraw": "1", "reason": "wrong page"}, headers=headers)
    assert panel.status_code == 200 and "Take it back" not in panel.text
    assert Mark.objects.get().withdrawn


def test_a_visit_is_verified_at_once(subject, personas):
    client = personas["monitor"].client
    address = at(subject, "visit", visit_id=record_of(subject).visit_id)
    seen = client.get(address).context["review"].seen
    page = client.post(f"{address}marks/sdv/", {"seen": seen}, follow=True)
    assert page.status_code == 200 and Mark.objects.count() == 6


@pytest.mark.parametrize("seen", ["", "x", "[]", '{"a": 1}', '{"1": "x"}', "null", '{"1": null}', "9" * 5000])
def test_a_forged_list_of_what_was_seen_marks_nothing(subject, personas, seen):
    address = at(subject, "visit", visit_id=record_of(subject).visit_id)
    page = personas["monitor"].client.post(f"{address}marks/sdv/", {"seen": seen})
    assert page.status_code in {302, 409}
    assert not Mark.objects.exists()


def test_a_stale_page_marks_nothing(subject, personas):
    page = post(personas, "monitor", at_form(subject, "form_mark", kind="sdv"), revision=1)
    assert page.status_code == 409 and not Mark.objects.exists()


@pytest.mark.parametrize("query", ["?kind=x&after=x&site=x&visit=x", "?after=" + "9" * 40, "?site=%00", "?visit=%00"])
@pytest.mark.parametrize("name", ["verification", "verification_changed"])
def test_strange_filters_show_a_page(subject, personas, name, query):
    page = personas["monitor"].client.get(reverse(f"casebook:{name}", args=[subject.study.slug]) + query)
    assert page.status_code == 200


def test_the_lists_cost_the_same_at_any_size(site, personas, small_trial):
    client = personas["monitor"].client
    addresses = [reverse(f"casebook:{name}", args=[small_trial.slug]) for name in ("verification", "verification_changed")]

    def made(number):
        for _ in range(number):
            subject = screened(site)
            record = enter(subject, "DX", "SCR", complete=True)
            client.post(f"{at_form(subject)}marks/sdv/", {"revision": record.revision})
            enter(subject, "DX", "SCR", SHRINK="20.0")

    def costs():
        counts = []
        for address in addresses:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    made(1)
    costs()
    first = costs()
    made(4)
    assert costs() == first


# -- signatures


def sign(personas, subject, address, who="investigator", **typed):
    client = personas[who].client
    seen = client.get(address).context["seen"]
    return client.post(address, {"seen": seen, "password": PASSWORD, **typed}, follow=True)


@pytest.mark.parametrize("level", ["form", "visit", "casebook"])
def test_21_cfr_11_50_a_signature_shows_name_time_with_zone_and_meaning(subject, personas, level):
    for form in ("IC", "DM", "ELIG"):
        enter(subject, form, "SCR", complete=True)
    visit = record_of(subject).visit_id
    address = {
        "form": at_form(subject, "form_sign"),
        "visit": at(subject, "visit_sign", visit_id=visit),
        "casebook": at(subject, "sign"),
    }[level]
    page = sign(personas, subject, address)
    assert page.status_code == 200
    assert personas["investigator"].user.full_name in page.text
    assert "Asia/Shanghai" in page.text and "UTC" in page.text
    assert f"I have reviewed this {level}" in page.text
    assert "holds" in page.text


def test_21_cfr_11_70_the_page_says_that_it_was_broken_and_by_what(subject, personas):
    sign(personas, subject, at_form(subject, "form_sign"))
    enter(subject, "DX", "SCR", SHRINK="20.0")
    page = personas["monitor"].client.get(at(subject, "signatures")).text
    assert "changed since" in page and "12.5" in page and "20.0" in page


def test_21_cfr_11_200_nobody_signs_without_proving_who_they_are(subject, personas):
    address = at_form(subject, "form_sign")
    for typed in ({"password": "wrong"}, {"password": ""}):
        page = sign(personas, subject, address, **typed)
        assert page.status_code == 422
    assert not Signature.objects.exists()


def test_it_is_said_beforehand_what_will_break_it(subject, personas):
    page = personas["investigator"].client.get(at_form(subject, "form_sign")).text
    assert "also when it is changed back" in page and "Open queries" in page


def test_what_was_saved_in_between_is_not_signed(subject, personas):
    client = personas["investigator"].client
    address = at_form(subject, "form_sign")
    seen = client.get(address).context["seen"]
    enter(subject, "DX", "SCR", SHRINK="20.0")
    page = client.post(address, {"seen": seen, "password": PASSWORD})
    assert page.status_code == 422 and "since you opened this page" in page.text
    assert json.loads(page.context["seen"]) != json.loads(seen)
    assert not Signature.objects.exists()


def test_a_form_in_progress_is_not_offered_for_signing(subject, personas):
    page = personas["investigator"].client.get(at(subject, "sign"))
    assert "still in progress" in page.text and 'name="password"' not in page.text


# -- holds


@pytest.mark.parametrize("level", ["form", "visit", "subject"])
def test_each_level_is_held_from_its_page_and_the_refusal_says_who(subject, personas, level):
    visit = record_of(subject).visit_id
    address = {
        "form": at_form(subject, "form_hold"),
        "visit": at(subject, "visit_hold", visit_id=visit),
        "subject": at(subject, "hold"),
    }[level]
    done = personas["data_manager"].client.post(address, {"step": "freeze", "reason": "Data cleaning"})
    assert done.status_code == 302
    page = personas["coordinator"].client.post(at_form(subject), {"revision": "2", "SHRINK": "20", "reason": "x"})
    assert page.status_code == 409
    assert personas["data_manager"].user.full_name in page.text and "Data cleaning" in page.text
    assert personas["data_manager"].client.post(address, {"step": "release", "reason": "Correction"}).status_code == 302
    page = personas["coordinator"].client.post(at_form(subject), {"revision": "2", "SHRINK": "20", "reason": "x"})
    assert page.status_code == 302


@pytest.mark.parametrize(
    "typed", [{"step": "melt", "reason": "x"}, {"step": "freeze"}, {"step": "freeze", "reason": "x" * 5000}]
)
def test_a_hold_that_is_none(subject, personas, typed):
    page = personas["data_manager"].client.post(at_form(subject, "form_hold"), typed)
    assert page.status_code in {404, 409}
    assert record_of(subject).hold == ""


# -- close-out


def test_the_list_leads_to_its_work_and_waits_for_reasons(subject, personas):
    client = personas["data_manager"].client
    address = at(subject, "close_out")
    page = client.get(address)
    assert at(subject, "signatures") in page.text and "stands" in page.text
    assert client.post(at(subject, "hold"), {"step": "lock", "reason": "Database lock"}).status_code == 409
    for line in standing(check_list(subject)):
        assert client.post(address, {"line": line.code, "reason": "Agreed with the sponsor"}).status_code == 302
    assert "Nothing stands in the way" in client.get(address).text
    assert client.post(at(subject, "hold"), {"step": "lock", "reason": "Database lock"}).status_code == 302
    subject.refresh_from_db()
    assert subject.hold == "locked"


@pytest.mark.parametrize(("line", "reason"), [("unsigned", ""), ("x", "x"), ("deviations", "x")])
def test_a_waiver_that_is_none_keeps_what_was_typed(subject, personas, line, reason):
    page = personas["data_manager"].client.post(at(subject, "close_out"), {"line": line, "reason": reason})
    assert page.status_code == 422 and not Waiver.objects.exists()


def test_the_study_has_a_list_too(subject, personas, small_trial):
    client = personas["data_manager"].client
    address = reverse("casebook:study_close_out", args=[small_trial.slug])
    assert reverse("casebook:matrix", args=[small_trial.slug]) + "?show=unsigned" in client.get(address).text
    waived(small_trial)
    assert "Nothing stands in the way" in client.get(address).text


# -- the matrix by what waits


def shown(personas, subject, what, who="monitor"):
    page = personas[who].client.get(reverse("casebook:matrix", args=[subject.study.slug]), {"show": what})
    assert page.status_code == 200
    return {row.subject.number for row in page.context["matrix"].rows}


def test_the_matrix_shows_who_has_something_waiting(subject, site, personas):
    other = screened(site)
    for form in ("IC", "DM", "DX", "ELIG"):
        enter(other, form, "SCR", complete=True)
    post(personas, "monitor", f"{at_form(other)}marks/sdv/", revision=record_of(other).revision)
    sign(personas, other, at(other, "sign"))
    assert shown(personas, subject, "unverified") == {subject.number}
    assert shown(personas, subject, "unsigned") == {subject.number}
    assert shown(personas, subject, "incomplete") == {subject.number}
    assert shown(personas, subject, "queried") == set()
    enter(other, "VS", "SCR", HEIGHT="30.0")  # outside its soft range
    assert shown(personas, subject, "queried") == {other.number}
    assert shown(personas, subject, "overdue") == set()
    assert shown(personas, subject, "no-such") == {subject.number, other.number}


def test_a_verified_and_a_signed_visit_say_so(subject, personas):
    for form in ("IC", "DM", "DX", "ELIG"):
        enter(subject, form, "SCR", complete=True)
    day = record_of(subject, "IC").data["RFICDAT"]
    enter(subject, "VS", "SCR", complete=True, VSDAT=day)
    enter(subject, "HEM", "SCR", complete=True, HEMDAT=day, PLT="200")
    client = personas["monitor"].client
    address = at(subject, "visit", visit_id=record_of(subject).visit_id)
    client.post(f"{address}marks/sdv/", {"seen": client.get(address).context["review"].seen})
    matrix = reverse("casebook:matrix", args=[subject.study.slug])
    assert client.get(matrix).context["matrix"].rows[0].cells[0].state == "verified"
    assert client.get(at(subject, "subject")).context["grid"].rows[0].state == "verified"
    sign(personas, subject, at(subject, "sign"))
    assert client.get(matrix).context["matrix"].rows[0].cells[0].state == "signed"
    assert {cell.state for cell in client.get(at(subject, "subject")).context["grid"].rows[0].filled} == {"signed"}
