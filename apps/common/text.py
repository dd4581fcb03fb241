"""Bilingual texts, and days as each language writes them."""

from datetime import date
from typing import Literal

from django.utils import translation
from django.utils.formats import date_format

Language = Literal["en", "zh"]


def reader_language() -> Language:
    """The language of the page, as definitions and rules know languages."""
    return "zh" if (translation.get_language() or "en").startswith("zh") else "en"


def in_language(texts: dict | str | None) -> str:
    """A bilingual text ({en, zh}) in the reader's language, English where the Chinese is not supplied."""
    if not isinstance(texts, dict):
        return texts or ""
    return texts.get(reader_language()) or texts.get("en", "")


def day_in_words(day: date) -> str:
    """``2024-05-17`` in English, ``2024年5月17日`` in Chinese."""
    return date_format(day, "DATE_FORMAT")
