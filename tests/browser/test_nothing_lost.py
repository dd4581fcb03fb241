"""A form never loses what was typed: refused, overtaken, signed out or without a server, it is on the page or in a draft."""

import re
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Route, expect

from apps.capture.models import FormRecord
from apps.common.actors import SYSTEM
from apps.enrolment import services as enrolment
from apps.randomization.models import Allocation
from tests.browser import stage as typed
from tests.browser.hands import Person
from tests.browser.stage import T1, T3, Stage, eligible
from tests.factories import PASSWORD
from tests.journeys import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DATE_WITH_TIME = re.compile(r"\d{4}.*\d{1,2}:\d{2}")


@pytest.fixture
def subject(stage):
    """In screening in T3, consented ten days ago."""
    stage.publish(T3)
    subject = enrolment.screen(SYSTEM, stage.site, typed.date.fromisoformat(stage.day(-10)))
    enter(subject, "IC", "SCR", complete=True, **typed.consent(stage, -10))
    return subject


@pytest.fixture
def form(subject, stage):
    """(``open``): a person opens the haematology of screening."""

    def open_by(person: Person, until: str = "load") -> None:
        visit = subject.visits.get(code="SCR")
        address = f"/studies/{stage.study.slug}/subjects/{subject.number}/visits/{visit.pk}/HEM/1/"
        person.page.goto(address, wait_until=until)
        expect(person.page.locator("#f-PLT")).to_be_visible()

    return open_by


def still_typed(person: Person, values: dict[str, str]) -> None:
    for oid, value in values.items():
        expect(person.page.locator(f"#f-{oid}")).to_have_value(value)


def stored(oid: str) -> str | None:
    record = FormRecord.objects.filter(form_oid="HEM").first()
    return record.data.get(oid) if record else None


def test_it_works(come, stage, form):
    anna = come("coordinator")
    form(anna)
    anna.fill_in(typed.blood(stage, -9, "254"))
    assert stored("PLT") == "254"


def test_a_refused_save_keeps_everything_and_says_where(come, stage, form):
    anna = come("coordinator")
    form(anna)
    values = typed.blood(stage, -9, "254") | {"HGB": "about 118", "ANC": "9.90"}
    anna.type_form(values)
    anna.page.keyboard.press("Control+s")
    summary = anna.page.locator(".errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Haemoglobin")
    still_typed(anna, values)
    assert stored("PLT") is None
    anna.page.fill("#f-HGB", "118")
    anna.page.keyboard.press("Control+Enter")
    expect(anna.page.locator(".errors")).to_contain_text("Neutrophils")  # a hard check: more than white cells
    still_typed(anna, values | {"HGB": "118"})


def test_signed_out_meanwhile_it_is_saved_after_signing_in_beside_it(come, stage, form):
    anna = come("coordinator")
    form(anna)
    values = typed.blood(stage, -9, "254")
    anna.type_form(values)
    Session.objects.all().delete()
    anna.page.keyboard.press("Control+s")
    dialog = anna.page.locator("#session-dialog")
    expect(dialog).to_contain_text("Nothing that you typed is lost")
    still_typed(anna, values)
    with anna.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in in a new tab").click()
    tab = opened.value
    tab.fill("[name=login]", "coordinator")
    tab.fill("[name=password]", PASSWORD)
    tab.click("main button[type=submit]")
    expect(tab.locator("main")).to_contain_text("You are signed in again")
    tab.close()
    dialog.get_by_role("button", name="I have signed in").click()
    anna.is_told("Saved.")
    assert stored("WBC") == "7.20"
    anna.forgive("Response Status Error Code 401")  # HTMX says what was provoked


def test_overtaken_by_another_both_versions_are_shown_and_mine_can_be_taken(come, stage, form):
    anna, li = come("coordinator"), come("investigator")
    form(anna)
    form(li)
    li.press("Take over")
    li.fill_in(typed.blood(stage, -9, "254"))
    anna.type_form(typed.blood(stage, -9, "245") | {"LYM": "2.90"})
    anna.page.keyboard.press("Control+s")
    expect(anna.page.get_by_role("heading", level=1)).to_have_text("Somebody saved in between")
    platelets = anna.page.get_by_role("row", name=re.compile("^Platelets"))
    expect(platelets).to_contain_text("254")
    expect(platelets).to_contain_text("245")
    anna.look("merge")
    platelets.locator("input[value=mine]").check()
    anna.page.locator("#reason-code").select_option("Typing error")
    anna.page.locator("main form button[type=submit]").first.click()
    anna.is_told("Complete.")
    assert (stored("PLT"), stored("LYM"), stored("WBC")) == ("245", "2.90", "7.20")


def test_a_dead_server_leaves_it_in_the_browser_with_its_time(come, stage, form):
    anna = come("coordinator")
    page = anna.page
    form(anna)
    dead = re.compile("^" + re.escape(anna.url) + "/")
    page.context.route(dead, lambda route: route.abort("connectionrefused"))
    values = typed.blood(stage, -9, "254")
    anna.type_form(values)
    expect(page.locator("#save-state")).to_contain_text(re.compile(r"kept in this browser at \d{1,2}:\d{2}:\d{2}"))
    page.keyboard.press("Control+s")
    expect(page.locator("#session-dialog")).to_contain_text("The server does not answer")
    still_typed(anna, values)
    page.context.unroute(dead)
    page.goto("about:blank")  # the browser is closed and opened again on the next day
    form(anna)
    expect(page.locator("#local-draft")).to_contain_text(
        re.compile(r"Recovered from this browser, typed at .*\d{4}.*\d{2}:\d{2}")
    )
    still_typed(anna, values)
    anna.complete()
    assert stored("PLT") == "254"
    anna.forgive("htmx:sendError")


def test_a_page_left_unsaved_comes_back_with_its_draft_and_its_time(come, stage, form):
    anna = come("coordinator")
    form(anna)
    values = typed.blood(stage, -9, "254")
    anna.type_form(values)
    expect(anna.page.locator("#save-state")).to_contain_text("Draft kept at")
    other = come("coordinator")  # another machine
    form(other)
    expect(other.page.locator(".draft-note")).to_contain_text(DATE_WITH_TIME)
    still_typed(other, values)
    other.look("draft")


def test_an_answer_that_is_lost_on_its_way_saves_once(come, stage, form):
    """The server saved, but its answer never came: sent again, it conflicts with nothing but itself."""
    anna = come("coordinator")
    form(anna)
    values = typed.blood(stage, -9, "254")
    anna.type_form(values)

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST" and urlsplit(route.request.url).path.endswith("/HEM/1/"):
            route.fetch(max_redirects=0)
            route.abort("connectionreset")
        else:
            route.continue_()

    anna.page.route("**/*", lose_the_answer)
    with anna.page.expect_event("requestfailed"):
        anna.page.keyboard.press("Control+s")
    anna.page.unroute("**/*")
    form(anna)
    still_typed(anna, values)
    assert FormRecord.objects.get(form_oid="HEM").revision == 1


def test_a_double_click_randomizes_once(come, stage: Stage):
    stage.publish(T1)
    subject = eligible(stage)
    anna = come("coordinator")
    page = anna.page
    anna.go("studies", stage.study.slug, "subjects", subject.number, "randomize")
    page.get_by_role("button", name="Randomize now").dblclick()
    expect(page.locator("#messages")).to_contain_text(re.compile("is allocated|was allocated already"))
    anna.go("studies", stage.study.slug, "subjects", subject.number, "randomize")
    anna.is_told("was allocated already")
    assert Allocation.objects.count() == 1


def test_what_is_typed_before_the_script_came_counts_too(come, stage, form):
    anna = come("coordinator")
    page = anna.page
    held: list[Route] = []
    page.route("**/form.js", lambda route: held.append(route))
    form(anna, until="commit")
    page.fill("#f-PLT", "254")
    assert held, "the script was not asked for"
    for route in held:
        route.continue_()
    expect(page.locator("#save-state")).to_contain_text("Draft kept at")
    page.unroute("**/form.js")
    other = come("coordinator")
    form(other)
    still_typed(other, {"PLT": "254"})
