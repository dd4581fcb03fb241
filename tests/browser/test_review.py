"""Monitor, investigator, data manager and coordinator at the pages of review, each in a browser of their own."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from apps.capture.models import Draft, FormRecord, Query
from apps.casebook import services as printing
from apps.common.permissions import Role
from apps.review.models import Deviation, Finding, Mark, MonitoringVisit
from apps.studies.protocol import protocol_for_site
from tests.browser.stage import T1, Stage, eligible
from tests.factories import PASSWORD
from tests.journeys import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def subject(stage: Stage):
    stage.publish(T1)
    stage.give("manager", Role.DATA_MANAGER)
    return eligible(stage)


def visit_of(subject, code="SCR"):
    return subject.visits.get(code=code).pk


def about(stage, subject, *more):
    return ("studies", stage.study.slug, "subjects", subject.number, *more)


def hem(stage, subject):
    return about(stage, subject, "visits", visit_of(subject), "HEM", 1)


def test_it_works(come, stage, subject):
    """A monitor verifies, the site changes a value, and the monitor finds what changed with both values."""
    wang = come("monitor")
    wang.go("studies", stage.study.slug, "verification")
    wang.page.get_by_role("link", name=re.compile("Haematology")).first.click()
    button = wang.page.get_by_role("button", name="Verify the form")
    expect(button).to_be_visible()
    wang.page.wait_for_load_state()
    wang.page.keyboard.press("v")
    expect(button).to_be_focused()
    wang.page.keyboard.press("Enter")
    wang.is_told("items are marked.")
    assert Mark.objects.filter(path="PLT").exists()
    wang.sees("5 of 5 items")
    anna = come("coordinator")
    anna.go(*hem(stage, subject))
    anna.type_form({"PLT": "261"})
    anna.page.keyboard.press("Control+s")
    anna.page.locator("[name=reason_code]").select_option(index=1)
    anna.page.locator("[data-reason-go]").click()
    anna.is_told("Complete.")
    wang.go("studies", stage.study.slug, "verification", "changed")
    expect(wang.page.locator("del")).to_have_text("254")
    wang.sees("261")
    wang.go(*hem(stage, subject))
    wang.page.locator("#item-PLT .item__asked").click()
    panel = wang.page.locator("#panel-body")
    expect(panel).to_contain_text("changed since")
    panel.get_by_role("button", name="Source data verification").click()
    expect(panel).to_contain_text("Take it back")


def test_an_investigator_signs_and_a_change_is_seen(come, stage, subject):
    li = come("investigator")
    li.go(*hem(stage, subject))
    li.follow("Sign the form")
    li.sees("also when it is changed back")
    li.page.get_by_label(re.compile("Your password")).fill("wrong")
    li.press("Sign")
    li.sees("The password is not right")
    li.page.get_by_label(re.compile("Your password")).fill(PASSWORD)
    li.press("Sign")
    li.is_told("Signed.")
    li.sees("I have reviewed this form")
    li.sees("Asia/Shanghai")
    li.sees("holds")
    enter(subject, "HEM", "SCR", PLT="262")
    li.page.reload()
    li.sees("changed since")
    li.sees("262")


def test_a_freeze_says_who_and_why(come, stage, subject):
    manager = come("manager")
    manager.go(*hem(stage, subject))
    manager.page.get_by_text("Freeze or lock this form").click()
    manager.page.get_by_label("Why?").fill("Data cleaning")
    manager.press("Freeze")
    manager.is_told("Done")
    anna = come("coordinator")
    anna.go(*hem(stage, subject))
    anna.sees("this form is frozen")
    anna.sees("Manager set this")
    anna.sees("Data cleaning")


def test_the_close_out_list_is_settled_with_reasons_and_locked(come, stage, subject):
    manager = come("manager")
    manager.go(*about(stage, subject, "close-out"))
    for _line in range(10):
        waits = manager.page.locator("tr", has=manager.page.get_by_text("stands", exact=True))
        if not waits.count():
            break
        manager.page.get_by_label("Line").select_option(label=waits.first.locator("th").inner_text())
        manager.page.get_by_label("Why it may stand").fill("Agreed with the sponsor")
        manager.press("Let it stand")
        manager.is_told("may stand")
    manager.sees("Nothing stands in the way")
    manager.page.get_by_text("Freeze or lock this subject").click()
    manager.page.get_by_label("Why?").fill("Database lock")
    manager.press("Lock")
    manager.is_told("Done")
    subject.refresh_from_db()
    assert subject.hold == "locked"


def test_a_query_is_asked_answered_and_closed_with_others(come, stage, subject):
    wang = come("monitor")
    wang.go(*hem(stage, subject))
    panel = wang.page.locator("#panel-body")
    for oid, label in (("PLT", "Platelets"), ("HGB", "Haemoglobin")):
        wang.page.locator(f"#item-{oid} .item__asked").click()
        expect(panel.locator("h2")).to_have_text(label)
        panel.get_by_label("Ask the site").fill(f"Is {oid} right?")
        panel.get_by_label("Waits for").last.select_option("investigator")
        panel.get_by_label("Due on").last.fill(stage.day(3))
        panel.get_by_role("button", name="Open a query").click()
        expect(panel).to_contain_text("due on")
    li = come("investigator")
    li.go("studies", stage.study.slug)
    li.room("Queries")
    li.page.get_by_label("Waits for").select_option("investigator")
    li.press("Filter")
    expect(li.page.get_by_role("checkbox")).to_have_count(3)
    for box in li.page.locator("input[name=query]").all():
        box.focus()
        li.page.keyboard.press("Space")
    li.page.get_by_label("One answer or reason for all").fill("As in the source.")
    li.press("Answer")
    li.is_told("2 queries are done.")
    wang.go("studies", stage.study.slug, "queries")
    wang.page.get_by_label(re.compile("Everything that these filters show")).check()
    wang.page.get_by_label("One answer or reason for all").fill("Thank you.")
    wang.press("Close")
    wang.is_told("2 queries are done.")
    assert set(Query.objects.values_list("status", flat=True)) == {"closed"}


def test_the_trail_is_filtered_and_taken_along(come, stage, subject):
    wang = come("monitor")
    wang.go("studies", stage.study.slug)
    wang.room("Audit")
    wang.page.get_by_label("Form", exact=True).select_option("HEM")
    wang.page.get_by_label("What was done").select_option("capture.record.completed")
    wang.press("Filter")
    wang.sees("Form completed")
    wang.sees("Platelets")
    with wang.page.expect_download() as taken:
        wang.press("Export as CSV")
    rows = list(csv.DictReader(Path(taken.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert {row["ACTION"] for row in rows} == {"capture.record.completed"}
    assert "PLT" in {row["ITEM"] for row in rows}


def test_a_casebook_is_printed(come, stage, subject, run_outbox):
    wang = come("monitor")
    wang.go(*about(stage, subject))
    wang.page.get_by_role("main").get_by_role("link", name="Print", exact=True).click()
    wang.press("Make the PDF")
    wang.sees("Your printouts")
    printing.run_waiting_printouts()
    wang.reload_until(wang.page.get_by_role("button", name="Download"))
    with wang.page.expect_download() as taken:
        wang.press("Download")
    assert Path(taken.value.path()).read_bytes().startswith(b"%PDF-")


def test_a_deviation_is_judged_and_settled(come, stage, subject):
    anna = come("coordinator")
    anna.go("studies", stage.study.slug)
    anna.room("Deviations")
    anna.follow("Report a deviation")
    anna.page.get_by_label("Subject number").fill(subject.number)
    anna.page.get_by_label("What happened").fill("The tube was warm.")
    anna.press("Report")
    anna.is_told("reported")
    wang = come("monitor")
    wang.go("studies", stage.study.slug, "deviations", Deviation.objects.get().pk)
    wang.page.get_by_label("Cause").fill("No ice")
    wang.page.get_by_label("Corrective action").fill("Ice was bought")
    wang.press("Save")
    wang.press("Close the deviation")
    wang.sees("Closed")
    assert Deviation.objects.get().state == "closed"


def test_a_monitoring_visit_leaves_an_action_and_a_letter(come, stage, subject):
    wang = come("monitor")
    wang.go("studies", stage.study.slug)
    wang.room("Monitoring")
    wang.page.get_by_label("First day").fill(stage.day())
    wang.page.get_by_label("Monitors").fill("Wang Fang")
    wang.press("Plan it")
    wang.page.get_by_label("What is to be done").fill("File the log.")
    wang.page.get_by_label("Due on").fill(stage.day(7))
    wang.press("Add the action")
    wang.sees("File the log.")
    visit = MonitoringVisit.objects.get()
    letter = wang.page.request.get(f"/studies/{stage.study.slug}/monitoring/{visit.pk}/letter/?language=zh-hans")
    assert letter.body().startswith(b"%PDF-")
    anna = come("coordinator")
    anna.go("studies", stage.study.slug, "monitoring", visit.pk)
    anna.page.get_by_label("How it was settled").fill("Filed.")
    anna.press("Settled")
    anna.sees("Filed.")
    assert Finding.objects.get().state == "done"


def test_two_people_on_one_form(come, stage, subject):
    anna, li = come("coordinator"), come("investigator")
    anna.go(*hem(stage, subject))
    anna.type_form({"LYM": "2.10"})
    expect(anna.page.locator("#save-state")).to_contain_text("Draft kept at")
    li.go(*hem(stage, subject))
    li.sees("Coordinator has this form open since")
    expect(li.page.locator("#f-PLT")).to_be_disabled()
    li.press("Take over")
    expect(li.page.locator("#f-PLT")).to_be_enabled()
    anna.type_form({"LYM": "2.20"})
    expect(anna.page.locator("#taken")).to_contain_text("Investigator has this form open")
    assert Draft.objects.filter(user__username="coordinator").exists()


def test_a_form_is_moved_to_the_right_subject(come, stage, subject):
    other = eligible(stage)
    FormRecord.objects.filter(subject=other, form_oid="HEM").update(inactive=True, form_oid="CHEM", repeat=9)
    anna = come("coordinator")
    anna.go(*hem(stage, subject))
    anna.follow("Move")
    anna.page.get_by_label("Subject number").fill(other.number)
    anna.page.get_by_label("Visit").select_option("SCR:0:1")
    anna.page.get_by_label("Why").fill("The wrong child")
    anna.press("Move")
    anna.is_told("moved")
    anna.sees(other.number)
    assert FormRecord.objects.get(subject=subject, form_oid="HEM").inactive


def test_a_form_is_entered_twice_and_a_third_person_decides(come, stage, subject, monkeypatch):
    forms = protocol_for_site(stage.site).forms
    twice = forms["HEM"].definition.model_copy(update={"double_entry": True})
    monkeypatch.setitem(forms, "HEM", replace(forms["HEM"], definition=twice))
    record = subject.records.get(form_oid="HEM")
    stage.give("second", Role.SITE_STAFF)
    zhao = come("second")
    zhao.go(*hem(stage, subject))
    zhao.sees("Second entry: Haematology")
    expect(zhao.page.locator("#f-PLT")).to_have_value("")
    values = {name: value for name, value in record.data.items() if isinstance(value, str) and name != "PLT"}
    zhao.type_form(values | {"PLT": "245"})
    expect(zhao.page.locator("#save-state")).to_contain_text("Draft kept at")
    zhao.press("Complete")
    zhao.is_told("A data manager decides where the two differ.")
    manager = come("manager")
    manager.go("studies", stage.study.slug, "verification")
    manager.follow("Second entries")
    manager.follow("A decision")
    manager.page.get_by_role("group", name=re.compile("Platelets")).get_by_label("Second entry").check()
    manager.page.get_by_label("Why?").fill("The source says 245")
    manager.press("Decide")
    manager.is_told("Decided.")
    record.refresh_from_db()
    assert record.data["PLT"] == "245"
    manager.go("studies", stage.study.slug, "second-entries")
    manager.sees("No form waits")
