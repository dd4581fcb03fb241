"""Every page of the main job: the browser complains of nothing, nor does axe; no side scrolling; in Chinese too."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from apps.common.actors import SYSTEM
from apps.randomization import services as randomization
from tests.browser import stage as typed
from tests.browser.hands import Person
from tests.browser.stage import T1, Stage, eligible
from tests.journeys import enter
from trialcapture.runtime.places import BASE_DIR

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = BASE_DIR / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (1440, 1024, 390)
SERIOUS = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21aa"]});
    return found.violations
        .filter((rule) => ["serious", "critical"].includes(rule.impact))
        .map((rule) => `${rule.id}: ${rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""
# what sticks out, where nothing may: for the person who mends it
TOO_WIDE = """() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return "";
    const wide = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > room + 1);
    return wide.slice(0, 5).map((one) => `${one.tagName}.${one.className}`).join(" ");
}"""


@pytest.fixture
def places(stage: Stage) -> dict[str, str]:
    """Name → address of the pages, about a child in T1 who was randomized and has a record, a log and a query-free form."""
    stage.publish(T1)
    waiting, subject = eligible(stage), eligible(stage)
    randomization.randomize_subject(SYSTEM, subject)
    enter(subject, "HEM", "D0", complete=True, **typed.blood(stage, 0, "40"))
    enter(subject, "EC", complete=True, **typed.dose(stage, -8))
    study = f"/studies/{stage.study.slug}"
    visit = subject.visits.get(code="D0").pk
    about = f"{study}/subjects/{subject.number}"
    return {
        "studies": "/",
        "study": f"{study}/",
        "people": f"{study}/people/",
        "rights": f"{study}/permissions/",
        "subjects": f"{study}/subjects/",
        "screen": f"{study}/subjects/screen/",
        "subject": f"{about}/",
        "eligibility": f"{about}/eligibility/",
        "randomize": f"{study}/subjects/{waiting.number}/randomize/",
        "depart": f"{about}/depart/",
        "visit": f"{about}/visits/{visit}/",
        "form": f"{about}/visits/{visit}/HEM/1/",
        "form-new": f"{about}/visits/{visit}/TUM/1/",
        "log": f"{about}/log/EC/",
        "log-form": f"{about}/log/AE/1/",
        "casebook": f"{study}/casebook/",
        "flags": f"{study}/flags/",
        "inbox": "/inbox/",
        "profile": "/account/",
    }


def test_it_works(come, places):
    anna = come("coordinator")
    assert anna.page.goto(places["subject"]).status == 200


def test_no_page_is_wider_than_its_window(come, places):
    anna = come("coordinator")
    assert too_wide(anna, places, "en") == {}


def test_in_chinese_nothing_is_wider_either_and_the_headings_are_chinese(come, places, stage):
    anna = come("coordinator", language="zh")
    anna.page.goto("/")
    if anna.page.locator("html").get_attribute("lang") == "en":
        anna.press("中文")
    expect(anna.page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
    assert too_wide(anna, places, "zh") == {}
    for name in ("study", "form"):
        anna.page.goto(places[name])
        headings = anna.page.locator("main").get_by_role("heading").all_inner_texts()
        assert headings
        assert [words for words in headings if not re.search("[\u4e00-\u9fff]", words)] == []
    expect(anna.page.get_by_role("heading", level=1)).to_have_text("血常规")
    expect(anna.page.get_by_label("血小板计数", exact=True)).to_be_visible()


def too_wide(person: Person, places: dict[str, str], language: str) -> dict[str, str]:
    found = {}
    for name, address in places.items():
        assert person.page.goto(address).status == 200, name
        for width in WIDTHS:
            person.page.set_viewport_size({"width": width, "height": 900})
            if sticks_out := person.page.evaluate(TOO_WIDE):
                found[f"{name} {width}"] = sticks_out
            if width != 1024:
                person.look(f"page-{language}-{name}")
    return found


def test_axe_finds_nothing_serious(come, places):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run `make setup`")
    anna = come("coordinator")
    found = {}
    for name, address in places.items():
        anna.page.goto(address)
        anna.page.evaluate(Path(AXE).read_text())
        found |= {f"{name}: {serious}": name for serious in anna.page.evaluate(SERIOUS)}
    assert list(found) == []
