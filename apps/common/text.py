"""Bilingual texts."""

from django.utils import translation


def in_language(texts: dict | str | None) -> str:
    """A bilingual text ({en, zh}) in the reader's language, English where the Chinese is not supplied."""
    if not isinstance(texts, dict):
        return texts or ""
    language = "zh" if (translation.get_language() or "en").startswith("zh") else "en"
    return texts.get(language) or texts.get("en", "")
