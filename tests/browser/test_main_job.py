"""The main job, from sign-in to the exported values, as people do it: two registered trials."""

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import expect

from apps.notifications import tasks
from apps.notifications.models import Notice
from apps.randomization.models import Allocation
from apps.studies.models import Site
from tests.browser import stage as typed
from tests.browser.hands import Person
from tests.browser.stage import T1, T3, Stage
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAYS_AGO = -10


def screen(person: Person, stage: Stage) -> str:
    """From the list of studies to a subject in screening; its number."""
    page = person.page
    title = stage.study.title["en"]
    person.follow(title)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("main")).to_contain_text("Screened in all")
    person.look("study")
    person.room("Subjects")
    person.follow("Screen a subject")
    page.get_by_label("Screened on").fill(stage.day(DAYS_AGO))
    person.look("screen")
    person.press("Screen")
    number = page.locator(".subject-head__number").inner_text()
    person.is_told(f"{number} is in screening.")
    return number


def open_form(person: Person, study: str, number: str, visit: str, oid: str) -> None:
    """Study → subject → visit → form."""
    person.go("studies", study, "subjects", number)
    person.follow(visit)
    person.page.locator(f"main a[href*='/{oid}/']").first.click()
    expect(person.page.locator("#record-form")).to_be_visible()


def enter_screening(person: Person, study: str, number: str, forms: dict[str, dict]) -> None:
    for oid, values in forms.items():
        open_form(person, study, number, "Screening", oid)
        person.fill_in(values)
        person.look(f"form-{oid}")


def confirm_eligibility(person: Person, study: str, number: str) -> None:
    """The investigator signs: a wrong password signs nothing."""
    page = person.page
    person.sign_in()
    person.go("studies", study, "subjects", number)
    person.follow("Eligibility")
    person.sees("Every criterion is met by the data as they stand.")
    page.locator("main [name=password]").fill("not-the-password")
    person.press("Sign")
    expect(page.locator(".errors")).to_be_visible()
    page.locator("main [name=password]").fill(PASSWORD)
    person.press("Sign")
    person.is_told("Eligibility is confirmed and signed.")


def export(person: Person, study: str) -> dict[str, list[dict[str, str]]]:
    """Ask for the data, wait for the worker, download: name of the file → its rows."""
    page = person.page
    person.go("studies", study, "exports")
    person.press("Export")
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    person.look(f"exports-{person.name}")
    with page.expect_download() as download:
        person.press("Download")
    archive = zipfile.ZipFile(download.value.path())
    return {
        name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(archive.read(name).decode())))
        for name in archive.namelist()
        if name.endswith(".csv")
    }


def assert_exported(rows: list[dict[str, str]], number: str, visit: str, values: dict) -> None:
    """The one row of this subject and visit holds what was typed, sign for sign."""
    (row,) = [row for row in rows if row["SUBJID"] == number and row.get("VISIT", "") == visit]
    wanted = {oid: ";".join(value) if isinstance(value, list) else value for oid, value in values.items()}
    assert {oid: row[oid] for oid in wanted} == wanted


def test_a_child_is_randomized_in_t1_and_its_data_are_exported(come, stage, celery_worker_process):
    study = stage.publish(T1).slug
    forms = {"IC": typed.consent(stage, DAYS_AGO)} | typed.discontinuation(stage, DAYS_AGO)
    anna = come("coordinator", signed_in=False)
    page = anna.page
    anna.sign_in()
    anna.look("studies")
    number = screen(anna, stage)
    anna.follow("Record informed consent")
    anna.fill_in(forms["IC"])
    enter_screening(anna, study, number, {oid: values for oid, values in forms.items() if oid != "IC"})

    anna.go("studies", study, "subjects", number, "eligibility")
    anna.look("eligibility")
    remission = page.get_by_role("row", name=re.compile(r"^I04"))
    expect(page.locator("main tbody .badge")).to_have_text(["Met"] * 11)
    expect(remission).to_contain_text("In remission since")
    expect(remission).to_contain_text(re.compile(r"\b5\b.*Mar|03-05|March 5"))
    expect(page.locator("main form [name=password]")).to_have_count(0)  # a coordinator signs nothing
    confirm_eligibility(come("investigator", signed_in=False), study, number)

    anna.go("studies", study, "subjects", number)
    anna.follow("Enrol")
    anna.look("enrol")
    anna.press("Enrol")
    anna.is_told(f"{number} is enrolled.")
    anna.follow("Randomize")
    anna.look("randomize")
    page.get_by_role("button", name="Randomize now").dblclick()
    expect(page.locator("#messages")).to_contain_text(re.compile("is allocated: (Maintenance|Guided)|was allocated already"))
    assert Allocation.objects.count() == 1
    arm = page.locator(".subject-head strong").inner_text()
    assert arm in {"Maintenance", "Guided discontinuation"}
    masked = come("outcome_assessor")
    masked.go("studies", study, "subjects", number)
    expect(masked.page.locator(".subject-head")).to_contain_text(number)
    expect(masked.page.locator(".subject-head")).not_to_contain_text(arm)
    assert masked.page.goto(f"/studies/{study}/exports/").status == 403
    expect(page.get_by_role("row", name=re.compile("Month 12"))).to_contain_text(re.compile(r"\d{4}.*–.*\d{4}"))
    anna.look("subject")

    remind_once(anna, number)
    enter_day_zero(anna, stage, study, number, forms)
    handle_flags(anna, study, number)

    data = export(come("monitor"), study)
    for oid in ("IC", "DM", "DX", "HEM", "CHEM", "ELIG"):
        assert_exported(data[oid], number, "SCR", forms[oid])
    for oid, values in (("HEM", forms["HEM D0"]), ("VS", forms["VS"]), ("PC", forms["PC"])):
        assert_exported(data[oid], number, "D0", values)
    assert_exported(data["EC"], number, "", forms["EC"])
    assert [row["SUBJID"] for row in data["ALLOCATION"]] == [number]
    assert [row["VERDICT"] for row in data["LEVELS"]] == ["above"]
    assert not {"ALLOCATION", "LEVELS", "PC", "EC"} & export(come("masked"), study).keys()


def remind_once(person: Person, number: str) -> None:
    """The visit of day 0 is due: one notice and one mail in the site's language, however often it is looked."""
    for _ in range(2):
        tasks.remind.delay()
    tasks.send_mails.delay()
    page = person.page
    person.go("inbox")
    about_the_visit = page.get_by_role("row").filter(has_text=number).filter(has_text="访视计划")  # not of the randomization
    notice = about_the_visit.filter(has=page.locator("td", has_text="Sent"))
    person.reload_until(notice)
    person.look("inbox")
    assert Notice.objects.filter(kind="visit_due").count() == 1
    mails = [file.read_bytes() for file in Path(settings.MAIL_DIR).iterdir()]
    identity = f"<notice-{Notice.objects.get(kind='visit_due').pk}@".encode()
    assert sum(mail.count(identity) for mail in mails) == 1
    assert Site.objects.filter(language=Notice.objects.get(kind="visit_due").language).exists()
    notice.get_by_role("button", name="Open").click()
    expect(page.locator(".subject-head__number")).to_have_text(number)


def enter_day_zero(person: Person, stage: Stage, study: str, number: str, forms: dict) -> None:
    """The dose log, then the forms of the visit: a low platelet count, a high trough, growth by the keyboard alone."""
    page = person.page
    forms["EC"] = typed.dose(stage, -8)
    person.go("studies", study, "subjects", number, "log", "EC")
    person.follow("Add the first record")
    person.fill_in(forms["EC"])
    person.look("form-EC")
    forms["HEM D0"] = typed.blood(stage, 0, "40")
    open_form(person, study, number, "Day 0: randomization", "HEM")
    person.fill_in(forms["HEM D0"])
    forms["PC"] = typed.trough(stage, 0, "9.50")
    open_form(person, study, number, "Day 0: randomization", "PC")
    person.type_item("PCBLQ", "Y")
    expect(page.locator("#f-PCLLOQ")).to_be_visible()
    expect(page.locator("#f-SIROTR")).to_be_hidden()
    person.fill_in(forms["PC"])
    expect(page.locator("#val-PCHRS")).to_contain_text("24.00")
    person.look("form-PC")
    open_form(person, study, number, "Day 0: randomization", "VS")
    forms["VS"] = {"VSDAT": stage.day(), "HEIGHT": "118.0", "WEIGHT": "21.50"}
    measure_by_keyboard(person)
    correct_the_weight(person)


def measure_by_keyboard(person: Person) -> None:
    """No mouse: today by t, Tab from item to item, a value out of its range is marked and corrected."""
    page, keys = person.page, person.page.keyboard
    page.locator("#f-VSDAT").focus()
    keys.press("t")
    to_item(person, "f-HEIGHT")
    keys.type("18.0")
    expect(page.locator("#note-HEIGHT")).to_contain_text("30")
    keys.press("Control+a")
    keys.type("118.0")
    expect(page.locator("#note-HEIGHT")).to_be_empty()
    to_item(person, "f-WEIGHT")
    keys.type("21.05")
    expect(page.locator("#val-BSA")).to_contain_text("0.8306")
    person.complete()


def to_item(person: Person, wanted: str) -> None:
    for _ in range(8):
        person.page.keyboard.press("Tab")
        if person.page.evaluate("document.activeElement.id") == wanted:
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


def correct_the_weight(person: Person) -> None:
    """A completed form changes with a reason, asked once, and the panel beside it tells who, what and why."""
    page = person.page
    page.fill("#f-WEIGHT", "21.50")
    page.keyboard.press("Control+s")
    page.select_option("#reason-code", "Typing error")
    page.locator("[data-reason-go]").click()
    person.sees("revision 2")
    page.wait_for_load_state()
    page.locator("#item-WEIGHT .item__asked").click()
    panel = page.locator("#panel")
    expect(panel).to_contain_text("21.05")
    expect(panel).to_contain_text("21.50")
    expect(panel).to_contain_text("Typing error")
    person.look("history")


def handle_flags(person: Person, study: str, number: str) -> None:
    """The trough is acknowledged and resolved; the low platelets wait on."""
    page = person.page
    person.go("studies", study, "flags")
    trough = page.get_by_role("row").filter(has_text="9.50 ng/mL is above the target")
    platelets = page.get_by_role("row").filter(has_text=re.compile("[Pp]latelet.*grade 3|[Gg]rade 3.*[Pp]latelet"))
    person.reload_until(trough)
    person.reload_until(platelets)
    person.look("flags")
    expect(trough).to_contain_text(number)
    trough.get_by_role("textbox", name="Note").fill("Asked about grapefruit")
    trough.get_by_role("button", name="Acknowledge").click()
    expect(trough).to_contain_text("Asked about grapefruit")
    expect(trough.get_by_role("button", name="Acknowledge")).to_have_count(0)
    trough.get_by_role("button", name="Resolve").click()
    person.is_told("Say what was done about it")
    trough.get_by_role("textbox", name="Note").fill("Dose lowered to 0.7 mg")
    trough.get_by_role("button", name="Resolve").click()
    expect(trough).to_have_count(0)
    expect(platelets).to_be_visible()
    person.follow("Resolved")
    expect(trough).to_contain_text("Coordinator")


def test_an_infant_of_t3_waits_at_exactly_thirty_per_cent_and_is_enrolled_below(come, stage, celery_worker_process):
    study = stage.publish(T3).slug
    forms = {"IC": typed.consent(stage, DAYS_AGO)} | typed.propranolol(stage, DAYS_AGO, "7.00")
    anna = come("coordinator", signed_in=False)
    page = anna.page
    anna.sign_in()
    number = screen(anna, stage)
    anna.follow("Record informed consent")
    anna.fill_in(forms["IC"])
    enter_screening(anna, study, number, {oid: values for oid, values in forms.items() if oid != "IC"})

    anna.go("studies", study, "subjects", number, "eligibility")
    shrinkage = page.get_by_role("row", name=re.compile(r"^I03"))
    expect(shrinkage).to_contain_text("Not assessable")
    expect(shrinkage).to_contain_text("30.0")
    anna.sees("neither included (below 30 %) nor excluded (above 30 %)")
    anna.look("eligibility-30")
    li = come("investigator")
    li.go("studies", study, "subjects", number, "eligibility")
    expect(li.page.locator("main form [name=password]")).to_have_count(0)
    anna.go("studies", study, "subjects", number, "enrol")
    anna.press("Enrol")
    expect(page.locator(".errors")).to_be_visible()

    open_form(anna, study, number, "Screening", "PRO")
    page.fill("#f-SHAL", "7.50")
    expect(page.locator("#val-SHRINK")).to_contain_text("25.0")
    page.keyboard.press("Control+s")
    page.select_option("#reason-code", "Source document corrected")
    page.locator("[data-reason-go]").click()
    anna.is_told("Complete.")
    forms["PRO"]["SHAL"] = "7.50"
    confirm_eligibility(come("investigator", signed_in=False), study, number)
    anna.go("studies", study, "subjects", number)
    anna.follow("Enrol")
    anna.press("Enrol")
    anna.is_told(f"{number} is enrolled.")

    give_first_dose(anna, stage, study, number, forms)
    data = export(come("monitor"), study)
    for oid, visit in (
        ("IC", "SCR"),
        ("DM", "SCR"),
        ("DX", "SCR"),
        ("PRO", "SCR"),
        ("ELIG", "SCR"),
        ("EC", ""),
        ("PC", "ETR"),
    ):
        assert_exported(data[oid], number, visit, forms[oid])
    assert [(row["SHRINK"], row["SHRINKV"]) for row in data["PRO"]] == [("25.0", "25.0")]
    assert [row["ARM"] for row in data["ALLOCATION"]] == ["PROP_SIRO"]


def give_first_dose(person: Person, stage: Stage, study: str, number: str, forms: dict) -> None:
    """The first dose dates the schedule, and the early trough of an infant appears; its level is out of range."""
    page = person.page
    forms["EC"] = typed.dose(stage, -6)
    person.go("studies", study, "subjects", number, "log", "EC")
    person.follow("Add the first record")
    person.fill_in(forms["EC"])
    person.go("studies", study, "subjects", number)
    expect(page.get_by_role("row", name=re.compile("Month 1"))).to_contain_text(re.compile(r"\d{4}.*–.*\d{4}"))
    forms["PC"] = typed.trough(stage, 0, "15.10")
    open_form(person, study, number, "Early trough", "PC")
    person.fill_in(forms["PC"])
    person.go("studies", study, "flags")
    person.reload_until(page.get_by_text("15.10 ng/mL is above the target [8, 15] ng/mL"))
