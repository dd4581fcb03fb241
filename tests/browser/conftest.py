"""A real Chromium against a real server. Everybody's pages are watched: what the browser complains of fails the test."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from playwright.sync_api import Browser, sync_playwright

from tests.browser.hands import Person
from tests.browser.stage import Stage

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture
def chromium(monkeypatch) -> Iterator[Browser]:
    # Playwright's loop makes Django believe that it is called from async code
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()
        # beside that loop Django keeps connections of its own, which nobody else closes
        connections.close_all()


@pytest.fixture
def stage(transactional_db) -> Stage:
    """Publishes a registered trial with its people when asked for it."""
    return Stage()


@pytest.fixture
def come(chromium, live_server, stage) -> Iterator[Callable[..., Person]]:
    """``come("coordinator")`` opens a browser of that person's own, signed in. At the end nobody has complaints."""
    here: list[Person] = []

    def arrive(name: str, *, signed_in: bool = True, **how) -> Person:
        person = Person(chromium, live_server.url, name, **how)
        here.append(person)
        if signed_in:
            person.bring_session(stage.session_of(name))
        return person

    yield arrive
    assert [complaint for person in here for complaint in person.complaints] == []
