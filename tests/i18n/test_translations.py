"""The Chinese catalogue is whole: every text that a person reads, with its placeholders, and nothing that nobody says."""

import gettext
import re
from pathlib import Path

import allauth
import pytest
from babel.messages.pofile import read_po

from trialcapture.runtime import extraction
from trialcapture.runtime.borrowed import BORROWED
from trialcapture.runtime.messages import compile_catalogue

PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|%[sd]|\{\w*\}|</?\w+[^>]*>|https?://\S+")
HAN = re.compile(r"[\u4e00-\u9fff]")
SIGNS_ONLY = re.compile(r"[\W_]+$")
STAYS_ENGLISH = {"English"}  # the language's own name of itself
INPUT_FORMATS = {"HH:MM", "YYYY-MM-DD HH:MM"}  # their signs are typed as they stand
# half-width signs between two Chinese characters
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!][\u4e00-\u9fff\s]|[\u4e00-\u9fff]\.$")


@pytest.fixture(scope="module")
def catalogue():
    return extraction.existing(extraction.catalogue_path("zh_Hans"), "zh_Hans")


def entries(catalogue):
    """(singular, plural or singular, the one Chinese form) of every message."""
    for message in catalogue:
        if message.id:
            one, many = message.id if isinstance(message.id, (list, tuple)) else (message.id, message.id)
            said = message.string[0] if isinstance(message.string, (list, tuple)) else message.string
            yield one, many, said


def test_it_works(tmp_path: Path):
    compiled = tmp_path / "django.mo"
    compile_catalogue(extraction.catalogue_path("zh_Hans"), compiled)
    with compiled.open("rb") as file:
        chinese = gettext.GNUTranslations(file)
    assert chinese.gettext("Subjects") == "受试者"
    assert chinese.ngettext("%(n)s open query", "%(n)s open queries", 1) == "%(n)s条未关闭的质疑"


def test_every_text_is_translated():
    assert extraction.untranslated("zh_Hans") == []


def test_no_translation_of_a_text_that_nothing_says():
    assert extraction.unused("zh_Hans") == []


def test_no_entry_is_doubtful(catalogue):
    assert [message.id for message in catalogue if message.fuzzy] == []


def test_placeholders_are_those_of_the_source(catalogue):
    wrong = [
        (many, said)
        for _one, many, said in entries(catalogue)
        if sorted(PLACEHOLDER.findall(many)) != sorted(PLACEHOLDER.findall(said))
    ]
    assert wrong == []


def test_lines_begin_and_end_as_in_the_source(catalogue):
    wrong = [
        (one, said)
        for one, _many, said in entries(catalogue)
        if one.startswith("\n") != said.startswith("\n") or one.endswith("\n") != said.endswith("\n")
    ]
    assert wrong == []


def test_it_is_chinese_and_its_signs_are_too(catalogue):
    said = {one: chinese for one, _many, chinese in entries(catalogue) if one not in STAYS_ENGLISH}
    assert [one for one, text in said.items() if not HAN.search(text) and not SIGNS_ONLY.match(one)] == []
    assert [text for one, text in said.items() if one not in INPUT_FORMATS and HALF_WIDTH.search(text)] == []


def test_what_is_borrowed_is_said_by_allauth():
    path = Path(allauth.__file__).parent / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        theirs = read_po(file, locale="zh_Hans")
    assert [text for text in BORROWED if theirs.get(text) is None] == []
    assert len(set(BORROWED)) == len(BORROWED)
