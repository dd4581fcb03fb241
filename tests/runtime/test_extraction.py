"""Texts are collected from Python and templates, translations survive a new collection."""

from pathlib import Path

import pytest

from trialcapture.runtime import extraction

PYTHON = """
from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext
A = _("Saved")
B = gettext_lazy("Lazy")
C = ngettext("%(n)s subject", "%(n)s subjects", 2)
D = pgettext("verb", "Lock")
E = _("split "
      "over lines")
"""
TEMPLATE = """{% load i18n %}
<p>{# no text #}{% translate "Sign in" %}</p>
    {% blocktranslate with name=user %}Hello {{ name }},
  welcome.{% endblocktranslate %}
  {% blocktranslate count n=rows|length %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}
 {% include "x.html" with title=_("Inside a tag") %}{% translate "Open" context "state" %}
"""


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "apps" / "one").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "trialcapture").mkdir()
    (tmp_path / "apps" / "one" / "views.py").write_text(PYTHON)
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    return tmp_path


def found(base: Path) -> set:
    return {(message.context, message.id) for message in extraction.collected(base) if message.id}


def test_it_works(tree):
    assert found(tree) == {
        (None, "Saved"),
        (None, "Lazy"),
        (None, ("%(n)s subject", "%(n)s subjects")),
        ("verb", "Lock"),
        (None, "split over lines"),
        (None, "Sign in"),
        (None, "Hello %(name)s,\n  welcome."),
        (None, ("%(n)s row", "%(n)s rows")),
        (None, "Inside a tag"),
        ("state", "Open"),
    }


def test_translations_survive_and_gone_texts_go(tree):
    assert extraction.update("zh_Hans", tree)
    path = extraction.catalogue_path("zh_Hans", tree)
    path.write_text(path.read_text().replace('msgid "Sign in"\nmsgstr ""', 'msgid "Sign in"\nmsgstr "登录"'))
    (tree / "apps" / "one" / "views.py").write_text('X = _("Saved again")')
    assert extraction.update("zh_Hans", tree)
    text = path.read_text()
    assert "登录" in text and "Saved again" in text and "Lazy" not in text
    assert not extraction.update("zh_Hans", tree)  # nothing new: the file is left alone


def test_what_is_not_translated_is_named(tree):
    extraction.update("zh_Hans", tree)
    assert "Sign in" in extraction.untranslated("zh_Hans", tree)
    path = extraction.catalogue_path("zh_Hans", tree)
    path.write_text(path.read_text().replace('msgid "Sign in"\nmsgstr ""', 'msgid "Sign in"\nmsgstr "登录"'))
    assert "Sign in" not in extraction.untranslated("zh_Hans", tree)


def test_what_nothing_says_any_more_is_named(tree):
    extraction.update("zh_Hans", tree)
    assert extraction.unused("zh_Hans", tree) == []
    (tree / "templates" / "page.html").write_text('{% load i18n %}{% translate "Sign in" %}')
    assert extraction.unused("zh_Hans", tree) == ["Hello %(name)s,\n  welcome.", "%(n)s row", "Inside a tag", "Open"]
    extraction.update("zh_Hans", tree)
    assert extraction.unused("zh_Hans", tree) == []


def test_the_projects_own_texts_are_read():
    texts = {message.id for message in extraction.collected() if message.id}
    assert "Sign in" in texts and "Overdue" in texts
    assert len(texts) > 300
