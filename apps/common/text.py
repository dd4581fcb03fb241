"""Bilingual texts, and days as each language writes them."""

from datetime import date

from django.utils import translation
from django.utils.formats import date_format


def in_language(texts: dict | str | None) -> str:
    """A bilingual text ({en, zh}) in the reader's language, English where the Chinese is not supplied."""
    if not isinstance(texts, dict):
        return texts or ""
    language = "zh" if (translation.get_language() or "en").startswith("zh") else "en"
    return texts.get(language) or texts.get("en", "")


def day_in_words(day: date) -> str:
    """``2024-05-17`` in English, ``2024年5月17日`` in Chinese."""
    return date_format(day, "DATE_FORMAT")
