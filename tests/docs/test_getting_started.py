"""The names of pages and buttons in docs/getting-started are those on the screen, in English and Chinese."""

import re
from functools import cache

import pytest

from apps.common.permissions import Role
from apps.studies.loading import read_library
from tests.docs.docs_read import PAGES, name_of, prose_of
from trialcapture.runtime.extraction import catalogue_path, collected, existing

GUIDES = [page for page in PAGES if page.parent.name == "getting-started"]
BOLD = re.compile(r"\*\*(.+?)\*\*(?: \(([^)]*[\u4e00-\u9fff][^)]*)\))?", re.DOTALL)
QUOTED = re.compile(r"^\| (.+?) \|", re.MULTILINE)
VALUE = re.compile(r"%\(\w+\)s|%s")


def plain(text: str) -> str:
    """Values that a text takes become “…”."""
    return VALUE.sub("…", text.replace("%%", "%"))


@cache
def english() -> frozenset[str]:
    ids = [message.id for message in collected() if message.id]
    return frozenset(plain(part) for one in ids for part in ([one] if isinstance(one, str) else one))


@cache
def chinese() -> dict[str, set[str]]:
    """English → its translations: a word that stands in two contexts may have two."""
    found: dict[str, set[str]] = {}
    for one in existing(catalogue_path("zh_Hans"), "zh_Hans"):
        if isinstance(one.id, str) and one.string:
            found.setdefault(plain(one.id), set()).add(plain(one.string))
    return found


@cache
def form_titles() -> frozenset[str]:
    return frozenset(form["title"]["en"] for form in read_library().forms.values())


def names_in(page) -> list[tuple[str, str]]:
    return [(" ".join(name.split()), said) for name, said in BOLD.findall(prose_of(page))]


def refusals_in(page) -> list[str]:
    """The first cells of the table of refusals."""
    text = prose_of(page)
    if "## What a refusal means" not in text:
        return []
    cells = QUOTED.findall(text.split("## What a refusal means")[1])
    return [cell for cell in cells if cell != "it says" and not cell.startswith("--")]


def parts_of(refusal: str) -> list[str]:
    return [part.strip(" ;:.“”") for part in re.split(r"…|\(\d+\)| / |I0.*$", refusal) if len(part.strip(" ;:.“”")) > 3]


def test_it_works():
    assert "Randomize now" in english()
    assert "Enter …" in english()


def test_every_role_of_the_main_job_has_a_page():
    files = {page.stem.replace("-", "_") for page in GUIDES}
    roles = {"coordinator", "site_staff", "investigator", "monitor", "data_manager", "safety_officer", "study_admin"}
    roles |= {"outcome_assessor"}
    assert roles <= set(Role.values)
    assert files == roles | {"statistician", "operator"}


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_names_in_bold_are_on_the_screen(page):
    strange = {name for name, _said in names_in(page)} - english() - form_titles()
    assert not strange


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_chinese_names_are_those_of_the_catalogue(page):
    wrong = {name: said for name, said in names_in(page) if said and said not in chinese().get(name, {said})}
    assert not wrong


@pytest.mark.parametrize("page", [page for page in GUIDES if refusals_in(page)], ids=name_of)
def test_refusals_are_words_of_the_application(page):
    texts = "\n".join(english())
    unknown = [part for refusal in refusals_in(page) for part in parts_of(refusal) if part not in texts]
    assert not unknown
