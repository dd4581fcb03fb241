"""A security key, from adding it to signing in with it, in a real browser with a virtual key."""

import pytest

from tests.accounts.conftest import PASSWORD, make_person

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
KEY = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": True, "isUserVerified": True}


@pytest.fixture
def page(transactional_db, live_server):
    make_person("li.na", mfa_required=True)
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_context(base_url=live_server.url, locale="en").new_page()
        page.refused = []
        page.on("console", lambda m: "Content Security Policy" in m.text and page.refused.append(m.text))
        devices = page.context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        devices.send("WebAuthn.addVirtualAuthenticator", {"options": KEY | {"automaticPresenceSimulation": True}})
        yield page
        browser.close()
    assert not page.refused


def sign_in(page):
    page.goto("/account/login/")
    page.fill("[name=login]", "li.na")
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.click("main button[type=submit]")


def test_it_works(page):
    sign_in(page)
    assert page.locator("h1").inner_text() == "Your role needs a second factor"
    page.get_by_role("link", name="Add a key").click()
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.click("main button[type=submit]")
    page.fill("[name=name]", "Blue key")
    with page.expect_navigation():
        page.click("#mfa_webauthn_add")
    page.goto("/account/")
    assert page.locator("main").get_by_text("Set up", exact=True).is_visible()
    with page.expect_navigation():
        page.evaluate("document.querySelector('.menu--person form').submit()")
    sign_in(page)
    with page.expect_navigation():
        page.click("#mfa_webauthn_authenticate")
    page.goto("/account/")
    assert page.locator("h1").inner_text() == "My account"
