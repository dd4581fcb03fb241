"""The pages of review, queries, deviations, monitoring and printing: as sound as the others, in both languages."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from apps.capture.services import open_query
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.review.services import deviations, mark_record, monitoring, sign_data
from apps.studies.services import add_consent_version
from tests.browser import stage as typed
from tests.browser.stage import T1, Stage, eligible
from tests.browser.test_pages_sound import AXE, SERIOUS, too_wide
from tests.factories import actor_for
from tests.journeys import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def places(stage: Stage) -> dict[str, str]:
    """Name → address, about a child with marks that were dropped, a signature that was broken, queries and deviations."""
    stage.publish(T1)
    roles = (Role.MONITOR, Role.DATA_MANAGER, Role.INVESTIGATOR, Role.UNBLINDED_STATISTICIAN, Role.STUDY_ADMIN)
    for role in roles:
        stage.give("reviewer", role)
    subject = eligible(stage)
    record = subject.records.get(form_oid="HEM")
    mark_record(SYSTEM, record, record.revision, kind="sdv")
    investigator = actor_for(stage.study.memberships.get(user__username="investigator").user)
    sign_data(investigator, record, {record.pk: record.revision})
    enter(subject, "HEM", "SCR", PLT="260")
    open_query(SYSTEM, record, item_oid="PLT", text="Is this value of the same sample as the haemoglobin?")
    open_query(SYSTEM, record, text="Please look at the whole form.", assigned_role="investigator")
    deviation = deviations.report_deviation(
        SYSTEM, stage.site, kind="procedure", text="The tube was warm.", subject=subject, severity="major"
    )
    visit = monitoring.plan_monitoring(SYSTEM, stage.site, kind="routine", on=subject.screened_on, monitors="Wang Fang")
    due = typed.site_today(stage.site)
    monitoring.add_action(SYSTEM, visit, text="File the log.", assigned_role="coordinator", due_on=due)
    add_consent_version(SYSTEM, stage.site, label="1.0", language="zh-hans", approved_on=due, valid_from=due, again=True)
    study = f"/studies/{stage.study.slug}"
    about = f"{study}/subjects/{subject.number}"
    form = f"{about}/visits/{record.visit_id}/HEM/1/"
    return {
        "verification": f"{study}/verification/",
        "verification-changed": f"{study}/verification/changed/",
        "second-entries": f"{study}/second-entries/",
        "review-form": form,
        "sign-form": f"{form}sign/",
        "move-form": f"{form}move/",
        "review-visit": f"{about}/visits/{record.visit_id}/",
        "signatures": f"{about}/signatures/",
        "close-out": f"{about}/close-out/",
        "study-close-out": f"{study}/close-out/",
        "transfer": f"{about}/transfer/",
        "queries": f"{study}/queries/",
        "audit": f"{study}/audit/?form=HEM",
        "print": f"{study}/printouts/",
        "deviations": f"{study}/deviations/",
        "deviation": f"{study}/deviations/{deviation.pk}/",
        "deviation-new": f"{study}/deviations/new/",
        "monitoring": f"{study}/monitoring/",
        "monitoring-visit": f"{study}/monitoring/{visit.pk}/",
        "matrix-unsigned": f"{study}/casebook/?show=unsigned",
        "holds": f"{study}/holds/",
        "consents": f"{study}/consents/",
        "calendar": f"{study}/calendar/",
        "calendar-week": f"{study}/calendar/?view=week",
        "screening-log": f"{study}/screening-log/",
        "allocation": f"{about}/allocation/",
        "correct": f"{about}/correct/",
        "versions": f"{study}/versions/",
        "decide": f"{study}/questions/Q01/",
        "randomization": f"{study}/randomization/",
    }


def test_it_works(come, places):
    someone = come("reviewer")
    assert someone.page.goto(places["verification"]).status == 200


def test_no_page_is_wider_than_its_window(come, places):
    assert too_wide(come("reviewer"), places, "en") == {}


def test_in_chinese_nothing_is_wider_and_no_heading_or_button_is_english(come, places):
    someone = come("reviewer", language="zh")
    someone.page.goto("/")
    if someone.page.locator("html").get_attribute("lang") == "en":
        someone.press("中文")
    expect(someone.page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
    assert too_wide(someone, places, "zh") == {}
    english = {}
    for name, address in places.items():
        someone.page.goto(address)
        main = someone.page.locator("main")
        texts = main.locator("h1, h2, h3, th[scope=col], button, dt, label, summary").all_inner_texts()
        words = [text for text in texts if re.search("[A-Za-z]{4}", text) and not re.search("[\u4e00-\u9fff]", text)]
        if left := [text for text in words if not re.fullmatch(r"[\s#%A-Z0-9-]+", text) and text not in FOREIGN]:
            english[name] = left
    assert english == {}


FOREIGN = {"Investigator", "English"}  # a person's name; a language calls itself by its own


def test_axe_finds_nothing_serious(come, places):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run `make setup`")
    someone = come("reviewer")
    found = {}
    for name, address in places.items():
        someone.page.goto(address)
        someone.page.evaluate(Path(AXE).read_text())
        found |= {f"{name}: {serious}": name for serious in someone.page.evaluate(SERIOUS)}
    assert list(found) == []
