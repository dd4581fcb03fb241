"""Small pieces of every page. Tags, not includes, where a page shows thousands of them."""

from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from apps.common.states import STATES, TONES

register = template.Library()


@lru_cache(maxsize=256)
def _drawing(name: str, css: str):
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        css,
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def icon(name: str):
    """A drawing beside words; never the only bearer of a meaning."""
    return _drawing(name, "icon")


@register.simple_tag
def glyph(code: str, label: bool = False, detail: str = ""):
    """A state's glyph. Its words are always in the page: visible with ``label``, else for screen readers and on hover.

    ``detail`` (dates, counts) follows the state's name.
    """
    state = STATES.get(code) or STATES["empty"]
    words = f"{state.label}: {detail}" if detail else str(state.label)
    drawing = _drawing(f"state-{state.code}", "glyph__shape")
    if label:
        return format_html(
            '<span class="glyph tone-{}" data-state="{}">{}<span>{}</span></span>',
            state.tone,
            state.code,
            drawing,
            words,
        )
    return format_html(
        '<span class="glyph tone-{}" data-state="{}" title="{}">{}<span class="visually-hidden">{}</span></span>',
        state.tone,
        state.code,
        words,
        drawing,
        words,
    )


@register.simple_tag
def badge(text, tone: str = "neutral"):
    """A word in a box. ``tone`` is one of neutral, info, ok, attention, problem."""
    if tone not in TONES:
        raise template.TemplateSyntaxError(f"badge: {tone} is not a tone ({', '.join(TONES)})")
    return format_html('<span class="badge tone-{}">{}</span>', tone, text)


@register.simple_tag
def state_legend():
    """Every state with its glyph, for the legend."""
    return [mark_safe(glyph(code, label=True)) for code in STATES]
