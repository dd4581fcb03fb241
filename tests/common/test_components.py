"""Glyphs, badges and icons: every state has a shape, a tone and words."""

import gzip
import re

import pytest
from django.template import Context, Template, TemplateSyntaxError

from apps.common.states import STATES, TONES
from tests.architecture.source import ROOT

SPRITE = (ROOT / "static/img/icons.svg").read_text()


def render(source, **context):
    return Template("{% load components %}" + source).render(Context(context))


def test_it_works():
    html = render('{% glyph "overdue" %}')
    assert "#state-overdue" in html and "tone-problem" in html
    assert '<span class="visually-hidden">Overdue</span>' in html


def test_every_state_has_a_shape_of_its_own_and_a_tone():
    shapes = {code: re.search(rf'<symbol id="state-{code}"[^>]*>(.*?)</symbol>', SPRITE).group(1) for code in STATES}
    assert len(set(shapes.values())) == len(STATES)
    assert {state.tone for state in STATES.values()} <= set(TONES)


def test_every_icon_that_a_template_names_is_drawn():
    named = set()
    for path in (ROOT / "templates").rglob("*.html"):
        named |= set(re.findall(r'{% icon "([\w-]+)" %}', path.read_text()))
    missing = {name for name in named if f'<symbol id="{name}"' not in SPRITE}
    assert named and not missing


def test_details_and_labels_are_escaped():
    html = render('{% glyph "due" detail=text %}{% badge text "info" %}', text="<b>3 Aug</b>")
    assert "<b>" not in html and "Due: &lt;b&gt;3 Aug" in html


def test_a_label_is_visible_words():
    assert "visually-hidden" not in render('{% glyph "signed" label=True %}')


def test_an_unknown_state_is_shown_as_empty_and_an_unknown_tone_refused():
    assert "#state-empty" in render('{% glyph "nonsense" %}')
    with pytest.raises(TemplateSyntaxError):
        render('{% badge "x" "red" %}')


def test_ten_thousand_glyphs_cost_no_template_each():
    import time

    source = Template('{% load components %}{% for i in rows %}{% glyph "complete" %}{% endfor %}')
    start = time.perf_counter()
    html = source.render(Context({"rows": range(10_000)}))
    assert html.count("<svg") == 10_000
    assert time.perf_counter() - start < 2


def test_the_first_page_is_light():
    """Under 200 kB compressed, without charts."""
    files = [*(ROOT / "static/css").glob("*.css"), *(ROOT / "static/js").glob("*.js"), ROOT / "static/img/icons.svg"]
    files += [ROOT / "static/vendor/bootstrap.min.css", ROOT / "static/vendor/htmx.min.js"]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < 120_000
