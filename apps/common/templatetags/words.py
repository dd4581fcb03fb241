from django import template

from apps.common import text

register = template.Library()


@register.filter
def in_language(texts) -> str:
    """A bilingual text ({en, zh}, or a definition's Text) in the reader's language."""
    return text.in_language(texts.model_dump() if hasattr(texts, "model_dump") else texts)
