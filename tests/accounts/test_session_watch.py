"""The session watch in a real browser: nothing that was typed is lost when the session ends."""

from threading import Thread

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from tests.accounts.conftest import PASSWORD, make_person

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
FORM = "/server/accounts/new/"


@pytest.fixture
def page(transactional_db, live_server):
    make_person("oper", is_operator=True)
    make_person("li.na")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_context(base_url=live_server.url, locale="en").new_page()
        page.refused = []
        page.on("console", lambda m: "Content Security Policy" in m.text and page.refused.append(m.text))
        sign_in(page)
        yield page
        browser.close()
    assert not page.refused


def sign_in(page, name="oper"):
    page.goto("/account/login/")
    fill_in(page, name)


def fill_in(page, name):
    page.fill("[name=login]", name)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.click("main button[type=submit]")


def end_sessions():
    """In a thread: Playwright's loop runs in this one, where Django refuses to wait for the database."""

    def end():
        Session.objects.update(expire_date=timezone.now() - timezone.timedelta(seconds=1))
        connection.close()

    thread = Thread(target=end)
    thread.start()
    thread.join()


def type_an_account(page):
    page.goto(FORM)
    page.fill("[name=full_name]", "王伟")
    page.fill("[name=username]", "wang.wei")
    page.fill("[name=email]", "wang@example.org")


def send(page):
    """As a person does, with the watch of session.js asking first (the page is about to expire)."""
    page.evaluate("document.querySelector('main form[method=post]').setAttribute('data-careful', '')")
    page.click("main form button[type=submit]")


def test_it_works(page):
    type_an_account(page)
    with page.expect_navigation():
        send(page)
    assert page.locator("main").get_by_text("wang.wei").is_visible()


def test_signing_in_beside_the_page_sends_what_was_typed(page):
    type_an_account(page)
    end_sessions()
    send(page)
    dialog = page.locator("#session-dialog")
    dialog.get_by_text("You were signed out").wait_for()
    assert page.input_value("[name=full_name]") == "王伟"
    with page.context.expect_page() as opened:
        dialog.get_by_text("Sign in in a new tab").click()
    fill_in(opened.value, "oper")
    assert "You are signed in again" in opened.value.content()
    opened.value.close()
    with page.expect_navigation():
        dialog.get_by_text("I have signed in").click()
    assert page.locator("main").get_by_text("wang.wei").is_visible()


def test_another_person_does_not_send_it(page):
    type_an_account(page)
    end_sessions()
    send(page)
    dialog = page.locator("#session-dialog")
    dialog.get_by_text("You were signed out").wait_for()
    other = page.context.new_page()
    other.goto(page.url.split("/server")[0] + "/account/login/")
    fill_in(other, "li.na")
    dialog.get_by_text("I have signed in").click()
    dialog.get_by_text("Somebody else is signed in now").wait_for()
    assert page.input_value("[name=full_name]") == "王伟"


def test_a_dead_server_leaves_it_on_the_page(page):
    type_an_account(page)
    page.context.set_offline(True)
    send(page)
    page.locator("#session-dialog").get_by_text("The server does not answer").wait_for()
    assert page.input_value("[name=full_name]") == "王伟"
    page.context.set_offline(False)
    with page.expect_navigation():
        page.locator("#session-dialog [data-part=offline] [data-check]").click()
    assert page.locator("main").get_by_text("wang.wei").is_visible()


def test_without_script_the_form_comes_back_whole(page, live_server):
    browser = page.context.browser
    bare = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="en").new_page()
    sign_in(bare)
    type_an_account(bare)
    end_sessions()
    with bare.expect_navigation():
        bare.click("main form button[type=submit]")
    assert "You were signed out before this arrived" in bare.content()
    tab = bare.context.new_page()
    sign_in(tab)
    with bare.expect_navigation():
        bare.get_by_role("button", name="Send it again").click()
    assert "Please send it once more" in bare.content()  # the token was older than the sign-in
    with bare.expect_navigation():
        bare.get_by_role("button", name="Send it again").click()
    assert bare.locator("main").get_by_text("wang.wei").is_visible()


def test_keys(page):
    page.goto(FORM)
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.locator("#keys-dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys-dialog").is_visible()
    page.keyboard.press("Tab")
