"""From what a person typed to what is stored: read where it is unambiguous, refused in words where it is not.

Stored are texts ("7.40", "2024-05", "Y"), lists of codes, or ``{"missing": code}``; an empty input is ``None``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Any
from unicodedata import normalize

from django.utils.translation import gettext as _

from apps.capture.calendar_input import read_date, read_datetime, read_time
from apps.capture.unreadable import Unreadable

MISSING_CODES = ("ND", "NA", "UNK", "ASKU")
SHORT = 100  # characters: no number, date or code is longer
DIGITS = 28
EXACT = Context(prec=80)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", re.ASCII)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
YES = {"y", "yes", "是", "true"}
NO = {"n", "no", "否", "false"}


@dataclass(frozen=True)
class Reading:
    """``value`` as it is stored, in the item's own unit; ``entered`` what was typed, where another unit was chosen."""

    value: Any
    entered: dict[str, str] | None = None


def read_item(definition, raw: Any, codes: dict | None = None) -> Reading:
    """The stored form of what was typed into an item; Unreadable says what is wrong and what would be right."""
    if isinstance(raw, dict) and "missing" in raw:
        return Reading(_missing(raw))
    if isinstance(raw, dict) and set(raw) == {"value", "unit"}:
        return _in_unit(definition, raw)
    if definition.type == "choices":
        return Reading(_choices(raw, codes or {}))
    if raw is None or raw == "":
        return Reading(None)
    if not isinstance(raw, str):
        raise Unreadable(_("This input has a form that the item does not take."), "shape")
    refuse_hidden_characters(raw)
    if definition.type == "text":
        return Reading(_text(definition, raw))
    return Reading(_short(definition, raw, codes or {}))


def refuse_hidden_characters(text: str) -> None:
    if CONTROL.search(text):
        raise Unreadable(_("The text contains an invisible control character; type it again."), "characters")


def _short(definition, raw: str, codes: dict) -> str | None:
    if len(raw) > SHORT:
        raise Unreadable(
            _("%(count)s characters were given; at most %(limit)s fit here.") % {"count": len(raw), "limit": SHORT},
            "too_long",
        )
    text = normalize("NFKC", raw).strip()
    if not text:
        return None
    if definition.type == "choice":
        return _code(raw.strip(), codes)
    reader = READERS.get(definition.type)
    if reader is None:
        raise Unreadable(_("This item is not typed in."), "not_entered")
    return reader(definition, text)


def _missing(raw: dict) -> dict[str, str]:
    if set(raw) != {"missing"} or raw["missing"] not in MISSING_CODES:
        raise Unreadable(
            _("A missing value takes one of the codes %(codes)s.") % {"codes": ", ".join(MISSING_CODES)}, "missing_code"
        )
    return {"missing": raw["missing"]}


def _text(definition, raw: str) -> str | None:
    text = raw.replace("\r\n", "\n").strip()
    if len(text) > definition.max_length:
        raise Unreadable(
            _("%(count)s characters were given; at most %(limit)s fit here.")
            % {"count": len(text), "limit": definition.max_length},
            "too_long",
        )
    if text and definition.pattern and not re.fullmatch(definition.pattern, text):
        raise Unreadable(_("“%(text)s” does not have the form that is asked for.") % {"text": text[:40]}, "pattern")
    return text or None


# -- numbers


def plain_number(text: str) -> str:
    """A plain decimal from full-width digits, a decimal comma or a Unicode minus; refused where two readings exist."""
    text = normalize("NFKC", text).strip().replace("−", "-").replace("﹣", "-").replace("、", ",")
    if THOUSANDS.fullmatch(text):
        bare = text.replace(",", "")
        other = "" if text.count(",") > 1 or "." in text else text.replace(",", ".")
        likely = _("%(first)s or %(second)s") % {"first": bare, "second": other} if other else bare
        raise Unreadable(
            _("“%(text)s” can be read in two ways; write %(likely)s.") % {"text": text, "likely": likely}, "ambiguous"
        )
    if DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not NUMBER.fullmatch(text):
        raise Unreadable(_("“%(text)s” is not a number; write for example 7.4.") % {"text": text[:40]}, "number")
    if sum(character.isdigit() for character in text) > DIGITS:
        raise Unreadable(_("The number has more than %(limit)s digits.") % {"limit": DIGITS}, "too_long")
    return _tidy(text)


def _tidy(text: str) -> str:
    """Zeros at the end are kept, since they say how exactly it was measured; signs and zeros at the front are not."""
    sign = "-" if text.startswith("-") else ""
    whole, _dot, fraction = text.lstrip("+-").partition(".")
    number = (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
    return number if not number.strip("0.") else sign + number


def _decimal(definition, text: str) -> str:
    number = plain_number(text)
    decimals = len(number.partition(".")[2])
    if definition.decimals is not None and decimals > definition.decimals:
        raise Unreadable(
            _("“%(text)s” has %(count)s decimals; at most %(limit)s are recorded here.")
            % {"text": number, "count": decimals, "limit": definition.decimals},
            "decimals",
        )
    return number


def _integer(definition, text: str) -> str:
    number = plain_number(text)
    if "." in number:
        raise Unreadable(_("“%(text)s” is not a whole number.") % {"text": number}, "whole")
    return number


def _in_unit(definition, raw: dict) -> Reading:
    """Converted exactly by the definition's factor; what was typed is kept beside it."""
    if raw["unit"] in ("", definition.unit):
        return read_item(definition, raw["value"])
    factor = definition.unit_choices.get(raw["unit"])
    if factor is None:
        raise Unreadable(
            _("“%(unit)s” is no unit of this item; choose %(units)s.")
            % {"unit": str(raw["unit"])[:20], "units": ", ".join([definition.unit, *definition.unit_choices])},
            "unit",
        )
    if raw["value"] in (None, ""):
        return Reading(None)
    if not isinstance(raw["value"], str) or len(raw["value"]) > SHORT:
        raise Unreadable(_("This input has a form that the item does not take."), "shape")
    number = plain_number(raw["value"])
    return Reading(converted(number, factor), {"value": number, "unit": raw["unit"]})


def converted(number: str, factor: str) -> str:
    """The exact product, whatever its length; zeros at the end say nothing about a converted value."""
    with localcontext(EXACT):
        return format((Decimal(number) * Decimal(factor)).normalize(), "f")


# -- yes/no and codes


def _yes_no(definition, text: str) -> str:
    word = text.lower()
    if word in YES or word in NO:
        return "Y" if word in YES else "N"
    raise Unreadable(_("“%(text)s” is neither yes nor no.") % {"text": text[:40]}, "yesno")


def _code(text: str, codes: dict) -> str | None:
    if text and text not in codes:
        raise Unreadable(_("“%(text)s” is not one of the choices.") % {"text": text[:40]}, "code")
    return text or None


def _choices(raw: Any, codes: dict) -> list[str] | None:
    given = raw.split(",") if isinstance(raw, str) else raw or []
    if not isinstance(given, list | tuple) or len(given) > 500 or not all(isinstance(code, str) for code in given):
        raise Unreadable(_("This input has a form that the item does not take."), "shape")
    chosen = {code for one in given if (code := _code(one.strip(), codes))}
    return [code for code in codes if code in chosen] or None


def _file(definition, text: str) -> str:
    if not re.fullmatch(r"[0-9a-f-]{36}", text):
        raise Unreadable(_("A file is uploaded, not typed."), "file")
    return text


READERS: dict[str, Callable[[Any, str], str]] = {
    "decimal": _decimal,
    "integer": _integer,
    "date": read_date,
    "time": read_time,
    "datetime": read_datetime,
    "yesno": _yes_no,
    "file": _file,
}
