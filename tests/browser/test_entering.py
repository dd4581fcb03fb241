"""The form under a person's hands: long lists, tables with pasted blocks, the order of lines, computed values, pictures."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from apps.capture.models import Draft, FormRecord
from tests.browser.stage import T1, Stage, eligible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASTE = """text => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const paste = {clipboardData: data, bubbles: true, cancelable: true};
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", paste));
}"""


@pytest.fixture
def subject(stage: Stage):
    stage.publish(T1)
    return eligible(stage)


@pytest.fixture
def at(stage, subject):
    """The address of a form at screening."""

    def address(oid):
        return ("studies", stage.study.slug, "subjects", subject.number, "visits", subject.visits.get(code="SCR").pk, oid, 1)

    return address


def test_it_works(come, at):
    """A table: a block is pasted, what is not taken is said, lines change places, and all of it is what is stored."""
    anna = come("coordinator")
    anna.go(*at("PRIOR"))
    page = anna.page
    anna.type_form({"PRYN": "Y"})
    first = page.locator("#lines-PR_LINES tr").first
    first.locator("[role=combobox]").first.focus()
    lines = ["Propranolol\t\t2 mg/kg\t2024-05", "SIROLIMUS\t\t0.8 mg/m2\t2024-13", "Leeches\t\tthree\t2023"]
    page.evaluate(PASTE, "\r\n".join(lines) + "\r\n")
    rows = page.locator("#lines-PR_LINES tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("The date “2024-13” does not exist.")
    expect(rows.nth(2)).to_contain_text("Pasted and not taken here: “Leeches”")
    anna.look("entry-grid")
    rows.nth(1).locator("[name$=PRSTDAT]").fill("2024-01")
    third = rows.nth(2).locator("[role=combobox]").first
    third.fill("surg")
    third.press("Enter")
    expect(rows.nth(2)).not_to_contain_text("Leeches")
    rows.nth(2).get_by_role("button", name="Move the line up").press("Enter")
    expect(page.locator("#counts")).not_to_contain_text("cannot be read")
    anna.save()
    lines = FormRecord.objects.get(form_oid="PRIOR").data["PR_LINES"]
    assert [line["PRTRT"] for line in lines] == ["PROPRANOLOL", "SURGERY", "SIROLIMUS"]
    assert [line["PRSTDAT"] for line in lines] == ["2024-05", "2023", "2024-01"]


def test_a_block_that_is_too_wide_takes_no_line_out(come, at):
    anna = come("coordinator")
    anna.go(*at("PRIOR"))
    anna.type_form({"PRYN": "Y"})
    anna.page.locator("#lines-PR_LINES [name$=PRDOSE]").focus()
    anna.page.evaluate(PASTE, "\t".join(["2 mg", "2024-05", "Y", "", "GOOD", "a sixth column", "a seventh"]))
    row = anna.page.locator("#lines-PR_LINES tr").first
    expect(row.locator("[name$=_inactive]")).to_have_value("")
    expect(row).to_contain_text("Pasted and not taken here: “a seventh”")


def test_a_long_list_is_searched_by_typing(come, at):
    anna = come("coordinator")
    anna.go(*at("DX"))
    page = anna.page
    box = page.locator("#f-DXISSVA")
    box.fill("tufted")
    expect(page.locator("#f-DXISSVA-list [role=option]")).to_have_count(1)
    anna.look("entry-list")
    box.press("Tab")
    expect(page.locator("#f-DXISSVA-value")).to_have_value("TA")
    box.fill("no such thing")
    expect(page.locator("#f-DXISSVA-list")).to_contain_text("No choice has these words.")
    box.press("Escape")
    expect(box).to_have_value(page.locator("#f-DXISSVA-value option[value=TA]").inner_text())


def test_whoever_types_on_and_on_is_kept(come, at):
    anna = come("coordinator")
    anna.go(*at("HEM"))
    anna.page.wait_for_load_state()
    for digit in range(30):
        anna.page.locator("#f-LYM").press_sequentially(str(digit % 10), delay=0)
        anna.page.wait_for_timeout(80)
        if Draft.objects.exists():
            break
    assert Draft.objects.exists()


def test_how_a_value_was_computed_is_said_on_focus(come, at):
    anna = come("coordinator")
    anna.go(*at("VS"))
    anna.type_form({"HEIGHT": "100", "WEIGHT": "16"})
    value = anna.page.locator("#val-BSA")
    expect(value).to_contain_text("0.6667")
    how = anna.page.locator("#how-BSA")
    expect(how).to_be_hidden()
    value.focus()
    expect(how).to_be_visible()
    expect(how).to_contain_text("Computed as:")
    expect(how).to_contain_text("100")
    anna.look("entry-computed")


def test_a_picture_is_seen_small(come, at):
    picture = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(picture, "PNG")
    anna = come("coordinator")
    anna.go(*at("TUM"))
    chosen = {"name": "mri.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    anna.page.locator("[name='TUMFILE.upload']").set_input_files(chosen)
    anna.save()
    small = anna.page.locator("img.thumbnail")
    expect(small).to_be_visible()
    assert small.evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
    anna.look("entry-file")


@pytest.mark.parametrize(("language", "width"), [("zh", 390), ("en", 1024)])
def test_tables_and_lists_fit_any_window(come, at, language, width):
    anna = come("coordinator", language=language, width=width)
    for oid in ("PRIOR", "DX", "VS"):
        anna.go(*at(oid))
        if oid == "PRIOR":
            anna.type_form({"PRYN": "Y"})
            box = anna.page.locator("#lines-PR_LINES [role=combobox]").first
            box.fill("")
            box.press("ArrowDown")
            expect(anna.page.locator(".combobox__over [role=option]").first).to_be_in_viewport()
        anna.page.wait_for_load_state()
        anna.look(f"entry-{oid}-{language}")
        room, page = anna.page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
        assert page <= room
