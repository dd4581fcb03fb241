"""From the text that was entered to a typed value, and back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from apps.rules.dates import PartialDate
from apps.rules.errors import BadValue
from apps.rules.kinds import Kind, Result, Value
from apps.rules.unknown import UNKNOWN, Unknown

DIGITS_MAX: Final = 28
TEXT_MAX: Final = 100_000
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")


def parse_value(kind: Kind, text: str) -> Value:
    """The value that the text stands for; BadValue with a code when it stands for none.

    Numbers are plain decimals of at most 28 digits ("7.40", "-2"), dates full or partial ("2024-05"), times "14:30",
    yes/no "Y" or "N", several choices their codes with commas between. Spaces around are ignored except in texts.
    """
    _check_characters(text)
    value: Value = _PARSERS[kind](text if kind is Kind.TEXT else text.strip())
    return value


def typed(kind: Kind, raw: object) -> Result:
    """What is stored, as a value; unknown for {"missing": code}, None, "" and whatever is no value of the kind."""
    if isinstance(raw, str):
        try:
            return parse_value(kind, raw) if raw else UNKNOWN
        except BadValue:
            return UNKNOWN
    if kind is Kind.CHOICES and isinstance(raw, list | tuple | set | frozenset):
        return frozenset(raw) if raw and all(isinstance(code, str) and code for code in raw) else UNKNOWN
    if kind is Kind.NUMBER and isinstance(raw, int) and not isinstance(raw, bool):
        return typed(kind, str(raw)) if abs(raw) < 10**DIGITS_MAX else UNKNOWN
    return UNKNOWN


def as_text(value: Result) -> str:
    """The value as it is stored: "7.40", "2024-05", "14:30", "Y", "A,B"; unknown is the empty text."""
    match value:
        case Unknown():
            return ""
        case bool():
            return "Y" if value else "N"
        case Decimal():
            # a huge exponent written out would be a huge text
            return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 100 else str(value)
        case frozenset():
            return ",".join(sorted(value))
        case dt.datetime() | dt.time():
            return value.isoformat(timespec="seconds" if value.second else "minutes")
    return str(value)


def _check_characters(text: str) -> None:
    if len(text) > TEXT_MAX:
        raise BadValue("text_too_long", {"limit": TEXT_MAX})
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadValue("text_characters")


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        comma = _NUMBER.fullmatch(text.replace(",", ".", 1)) is not None
        raise BadValue("number_comma" if comma else "number", {"text": text[:40]})
    if sum(character.isdigit() for character in text) > DIGITS_MAX:
        raise BadValue("number_too_long", {"limit": DIGITS_MAX})
    return Decimal(text)


def _date(text: str) -> PartialDate:
    try:
        return PartialDate.parse(text)
    except ValueError:
        raise BadValue("date", {"text": text[:40]}) from None


def _time(text: str) -> dt.time:
    shape = _TIME.fullmatch(text)
    try:
        if shape is not None:
            return dt.time(int(shape[1]), int(shape[2]), int(shape[3] or 0))
    except ValueError:
        pass
    raise BadValue("time", {"text": text[:40]})


def _datetime(text: str) -> dt.datetime:
    try:
        date, time = _date(text[:10]), _time(text[11:])
    except BadValue:
        date = None
    if date is None or not date.is_full or text[10] not in "T ":
        raise BadValue("datetime", {"text": text[:40]})
    return dt.datetime.combine(date.earliest, time)


def _yes_no(text: str) -> bool:
    if text not in ("Y", "N"):
        raise BadValue("yesno", {"text": text[:40]})
    return text == "Y"


def _code(text: str) -> str:
    if not text:
        raise BadValue("empty")
    return text


def _codes(text: str) -> frozenset[str]:
    return frozenset(_code(code.strip()) for code in text.split(","))


_PARSERS: Final[Mapping[Kind, Callable[[str], Any]]] = {
    Kind.TEXT: _code,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DATETIME: _datetime,
    Kind.BOOL: _yes_no,
    Kind.CHOICE: _code,
    Kind.CHOICES: _codes,
    Kind.FILE: _code,
}
