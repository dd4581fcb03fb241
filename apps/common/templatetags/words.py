from django import template
from django.utils.translation import gettext, pgettext

from apps.common import text

register = template.Library()


@register.filter
def in_language(texts) -> str:
    """A bilingual text ({en, zh}, or a definition's Text) in the reader's language."""
    return text.in_language(texts.model_dump() if hasattr(texts, "model_dump") else texts)


@register.simple_tag
def colon() -> str:
    """Between a name and what it has: Chinese has a sign of its own, which takes no space."""
    return gettext(": ")


@register.simple_tag
def comma() -> str:
    """Between the names of a list."""
    return pgettext("between the names of a list", ", ")
