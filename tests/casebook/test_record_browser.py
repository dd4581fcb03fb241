"""The form in a real browser: what changes while typing, keys, the draft that survives, the reason asked once."""

import re
from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect, sync_playwright

from apps.capture.models import Draft, FormRecord
from apps.capture.services import save_record
from tests.capture.capture_study import SmallStudy, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def small(transactional_db) -> SmallStudy:
    return build()


@pytest.fixture
def page(small, live_server, monkeypatch) -> Iterator[Page]:
    # Playwright's loop makes Django believe that it is called from async code
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    client = Client()
    client.force_login(small.people["coordinator"], backend="allauth.account.auth_backends.AuthenticationBackend")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="en-GB")
        context.add_cookies([{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
        yield page
        browser.close()
        # inside Playwright's loop Django has connections of its own, which the next test's database does not know
        connections.close_all()
        assert errors == []


def address(small: SmallStudy, form: str = "VS") -> str:
    where = [small.study.slug, small.subject.number, small.visit("SCR").pk, form, 1]
    return reverse("casebook:form", args=where)


def test_it_works(small, page):
    page.goto(address(small))
    page.fill("#f-VSDAT", "1 May 2024")
    page.fill("#f-HEIGHT", "１００,0")
    page.fill("#f-WEIGHT", "16.00")
    expect(page.locator("#val-BSA")).to_contain_text("0.6667")
    expect(page.locator("#item-TEMP")).to_be_hidden()
    page.locator("#item-TEMPDONE input[type=radio]").first.focus()
    page.keyboard.press("y")
    expect(page.locator("#f-TEMP")).to_be_visible()
    page.fill("#f-TEMP", "50")
    expect(page.locator("#note-TEMP")).to_contain_text("30 to 45 °C")
    page.fill("#f-TEMP", "37.0")
    expect(page.locator("#note-TEMP")).to_be_empty()
    page.keyboard.press("Control+s")
    expect(page.locator("#messages")).to_contain_text("Saved")
    data = FormRecord.objects.get().data
    assert (data["VSDAT"], data["HEIGHT"], data["TEMP"], data["BSA"]) == ("2024-05-01", "100.0", "37.0", "0.6667")
    expect(page.locator("#f-TEMP")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#messages")).to_contain_text("Complete")


def test_keys_choose_dates_and_missing_codes(small, page):
    page.goto(address(small))
    page.locator("#f-VSDAT").press("t")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", page.input_value("#f-VSDAT"))
    page.locator("#item-POS input[type=radio]").first.focus()
    page.keyboard.press("2")
    expect(page.locator("#item-POS input[value=LYING]")).to_be_checked()
    page.locator("#f-PULSE").press("Alt+m")
    expect(page.locator("#m-PULSE")).to_have_value("ND")
    page.keyboard.press("Control+s")
    expect(page.locator("#messages")).to_contain_text("Saved")
    assert FormRecord.objects.get().data["PULSE"] == {"missing": "ND"}


def test_a_refused_save_leaves_everything_and_takes_the_focus(small, page):
    page.goto(address(small))
    page.fill("#f-WEIGHT", "heavy")
    page.fill("#f-REMARK", "still here")
    page.keyboard.press("Control+s")
    expect(page.locator(".errors")).to_be_focused()
    page.locator(".errors a").click()
    expect(page.locator("#f-WEIGHT")).to_be_focused()
    expect(page.locator("#f-REMARK")).to_have_value("still here")


def test_the_draft_survives_a_closed_page(small, page):
    page.goto(address(small))
    page.fill("#f-REMARK", "half a sent")
    expect(page.locator("#save-state")).to_contain_text("Draft kept at")
    assert Draft.objects.get().data["REMARK"] == ["half a sent"]
    page.goto(address(small, "HEM"))
    page.goto(address(small))
    expect(page.locator(".draft-note")).to_contain_text("Recovered")
    expect(page.locator("#f-REMARK")).to_have_value("half a sent")


def test_a_dead_server_loses_nothing(small, page):
    page.goto(address(small))
    page.context.set_offline(True)
    page.fill("#f-REMARK", "typed in the dark")
    expect(page.locator("#save-state")).to_contain_text("kept in this browser")
    page.context.set_offline(False)
    page.goto("about:blank")
    page.goto(address(small))
    expect(page.locator("#local-draft")).to_contain_text("Recovered from this browser")
    expect(page.locator("#f-REMARK")).to_have_value("typed in the dark")


def test_the_reason_is_asked_once_for_a_save(small, page):
    save_record(small.actor(), small.ref("VS"), {"VSDAT": "2024-05-01", "HEIGHT": "100"}, 0, complete=True)
    page.goto(address(small))
    page.fill("#f-HEIGHT", "101")
    page.keyboard.press("Control+s")
    expect(page.locator("#reason-dialog")).to_be_visible()
    page.select_option("#reason-code", "Typing error")
    page.locator("[data-reason-go]").click()
    expect(page.locator("#messages")).to_contain_text("Complete")
    assert FormRecord.objects.get().data["HEIGHT"] == "101"
    page.locator("#item-HEIGHT .item__asked").click()
    expect(page.locator("#panel")).to_contain_text("Typing error")


def test_lines_are_added_and_pasted_into(small, page):
    page.goto(address(small))
    for _line in range(2):
        count = page.locator("#lines-LESION tr").count()
        page.locator("[data-adds-line]").click()
        expect(page.locator("#lines-LESION tr")).to_have_count(count + 1)
    first = page.locator("#lines-LESION tr").first.locator("input[name$=LENGTH]")
    first.focus()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "1.5\\n2.5\\n3.0\\n");
            const paste = {clipboardData: data, bubbles: true, cancelable: true};
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", paste));
        }"""
    )
    expect(page.locator("#val-TOTAL")).to_contain_text("7.0")
    page.keyboard.press("Control+s")
    expect(page.locator("#messages")).to_contain_text("Saved")
    assert [line["LENGTH"] for line in FormRecord.objects.get().data["LESION"]] == ["1.5", "2.5", "3.0"]
