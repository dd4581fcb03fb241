"""A person at a browser: finds the way by what is written on the page, types, and sees."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.factories import PASSWORD

# the machine may be busy: every wait ends as soon as it can
PATIENCE = 30_000
# an answer that a test provokes, and a question of HTMX that was under way when the page was left
NO_COMPLAINTS = ("Failed to load resource", "htmx:afterRequest", "htmx:sendAbort")
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}


class Person:
    """One browser context. ``complaints``: what its console said, but for answers that a test provokes itself."""

    def __init__(self, browser: Browser, url: str, name: str, *, language: str = "en", width: int = 1440) -> None:
        self.name, self.url = name, url
        self.context = browser.new_context(
            base_url=url, viewport={"width": width, "height": 900}, locale=LANGUAGES[language], accept_downloads=True
        )
        self.complaints: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{self.name} {page.url}: {error}"))
        return page

    def hear(self, line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"} and not line.text.startswith(NO_COMPLAINTS):
            self.complaints.append(f"{self.name} {line.page.url if line.page else ''}: {line.text}")

    def forgive(self, *provoked: str) -> None:
        """What a test provoked itself is no complaint."""
        self.complaints = [words for words in self.complaints if not any(one in words for one in provoked)]

    def bring_session(self, session: str) -> None:
        self.context.add_cookies([{"name": "session", "value": session, "url": self.url}])

    def sign_in(self) -> None:
        """Through the sign-in page."""
        self.page.goto("/")
        self.page.fill("[name=login]", self.name)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("main button[type=submit]")
        expect(self.page.locator(".menu--person")).to_be_visible()

    # -- finding the way

    def go(self, *path: object) -> None:
        self.page.goto("/" + "/".join(str(part) for part in path) + "/")

    def follow(self, name: str) -> None:
        """A link of the content."""
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()

    def room(self, name: str) -> None:
        self.page.get_by_role("navigation", name="Rooms of the study").get_by_role("link", name=re.compile(name)).click()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def sees(self, text: str | re.Pattern) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def reload_until(self, found: Locator, times: int = 200) -> None:
        """What a worker does appears after a while; reading the page again is all the waiting there is."""
        for _ in range(times):
            if found.count():
                return
            self.page.reload()
        expect(found).to_be_visible()

    def look(self, name: str) -> None:
        """Keep a picture, where BROWSER_PICTURES names a folder."""
        if folder := os.environ.get("BROWSER_PICTURES"):
            width = self.page.viewport_size["width"]
            self.page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)

    # -- a form

    def type_form(self, values: Mapping[str, str | list[str]]) -> None:
        self.page.wait_for_load_state()  # the keys are there
        for oid, value in values.items():
            self.type_item(oid, value)

    def type_item(self, oid: str, value: str | list[str]) -> None:
        """As it is entered: yes and no by their keys, a choice by its code, everything else by typing."""
        field = self.page.locator(f"#f-{oid}")
        expect(field).to_be_visible()
        kind = field.evaluate("field => field.tagName")
        if kind == "SELECT":
            field.select_option(str(value))
        elif field.get_attribute("role") == "combobox":
            words = self.page.locator(f'#f-{oid}-value option[value="{value}"]').evaluate("option => option.text.trim()")
            field.fill(words)
            field.press("Enter")
        elif kind == "DIV" and field.get_attribute("data-yesno") is not None:
            field.locator("input[type=radio]").first.focus()
            self.page.keyboard.press(str(value).lower())
            expect(field.locator(f"input[value={value}]")).to_be_checked()
        elif kind == "DIV":
            for code in [value] if isinstance(value, str) else value:
                field.locator(f'input[value="{code}"]').check()
        else:
            field.fill(str(value))

    def complete(self) -> None:
        self.page.keyboard.press("Control+Enter")
        self.is_told("Complete.")

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.is_told("Saved.")

    def is_told(self, words: str) -> None:
        expect(self.page.locator("#messages")).to_contain_text(words)
        self.page.wait_for_load_state()

    def fill_in(self, values: Mapping[str, str | list[str]]) -> None:
        """Type a whole form and complete it."""
        self.type_form(values)
        self.complete()
