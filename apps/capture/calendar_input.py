"""Dates and times in the ways that people in a Chinese or an English hospital type them.

Read are 2024-05-17, 2024/5/17, 20240517, 2024年5月17日, 17-MAY-2024, and day and month in figures where only one
reading exists. Partial dates (2024-05, UN-MAY-2024, 2024-UN-UN) only where the item allows them.
"""

import calendar
import datetime as dt
import re
from typing import Any

from django.utils.translation import gettext as _

from apps.capture.unreadable import Unreadable

YEARS = range(1900, 2200)
_NAMES = [name.upper() for name in calendar.month_name if name]  # the C locale: Django never changes it
MONTHS = {short: number for number, name in enumerate(_NAMES, 1) for short in (name, name[:3])} | {"SEPT": 9}
UNKNOWN_PART = {"UN", "UK", "UNK", "XX", "不详", "未知"}
ISO = re.compile(r"(\d{4})[-/. ](\d{1,2}|UN|UK|UNK|XX)(?:[-/. ](\d{1,2}|UN|UK|UNK|XX))?", re.ASCII)
CHINESE = re.compile(r"(\d{4})年(?:(\d{1,2}|不详|未知)月?)?(?:(\d{1,2}|不详|未知)日?)?", re.ASCII)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
NAMED = re.compile(r"(\d{1,2}|UN|UK|UNK|XX)[-/. ]?([A-Z]{3,9}|UN|UK|UNK|XX)[-/. ,]*(\d{4})", re.ASCII)
MONTH_YEAR = re.compile(r"([A-Z]{3,9})[-/. ,]*(\d{4})", re.ASCII)
FIGURES = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.ASCII)
TIME = re.compile(r"(\d{1,2})[:时点](\d{2})分?(?::(\d{2}))?", re.ASCII)
COMPACT_TIME = re.compile(r"(\d{2})(\d{2})", re.ASCII)


def read_date(definition: Any, text: str) -> str:
    """ISO text of the date, as complete as it was given; refused when it does not exist or has two readings."""
    year, month, day = _parts(text.upper().strip())
    date = _existing(text, year, month, day)
    if len(date) < 10 and not definition.partial:
        raise Unreadable(_("The full date is needed here, for example 2024-05-17."), "partial")
    return date


def _parts(text: str) -> tuple[str, str | None, str | None]:
    for shape in (ISO, CHINESE, COMPACT):
        if match := shape.fullmatch(text):
            return match[1], match[2], match[3]
    if re.fullmatch(r"[0-9]{4}", text):
        return text, None, None
    if match := NAMED.fullmatch(text):
        return match[3], _month(text, match[2]), match[1]
    if match := MONTH_YEAR.fullmatch(text):
        return match[2], _month(text, match[1]), None
    if match := FIGURES.fullmatch(text):
        return _figures(text, match[1], match[2], match[3])
    raise _no_date(text)


def _month(text: str, name: str) -> str:
    if name in UNKNOWN_PART:
        return name
    if name not in MONTHS:
        raise _no_date(text)
    return str(MONTHS[name])


def _figures(text: str, first: str, second: str, year: str) -> tuple[str, str, str]:
    """17/05/2024 has one reading, 05/06/2024 two: that is refused, with both."""
    a, b = int(first), int(second)
    if a != b and a <= 12 and b <= 12:
        raise Unreadable(
            _("“%(text)s” can be read in two ways; write %(first)s or %(second)s.")
            % {"text": text, "first": f"{year}-{a:02d}-{b:02d}", "second": f"{year}-{b:02d}-{a:02d}"},
            "ambiguous",
        )
    return (year, first, second) if b > 12 else (year, second, first)


def _existing(text: str, year: str, month: str | None, day: str | None) -> str:
    month = None if month in UNKNOWN_PART else month
    day = None if day in UNKNOWN_PART else day
    if day and not month:
        raise Unreadable(_("A day without its month is no date; leave out the day too."), "date")
    try:
        dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        raise Unreadable(_("The date “%(text)s” does not exist.") % {"text": text[:40]}, "no_such_date") from None
    if int(year) not in YEARS:
        raise Unreadable(_("The year %(year)s cannot be right.") % {"year": year}, "year")
    return "-".join([year, *(f"{int(part):02d}" for part in (month, day) if part)])


def _no_date(text: str) -> Unreadable:
    return Unreadable(_("“%(text)s” is not a date; write for example 2024-05-17.") % {"text": text[:40]}, "date")


def read_time(definition: Any, text: str) -> str:
    """24-hour time as HH:MM; seconds are kept when typed."""
    match = TIME.fullmatch(text) or COMPACT_TIME.fullmatch(text)
    if match is None:
        raise Unreadable(
            _("“%(text)s” is not a time; write it with 24 hours, for example 14:30.") % {"text": text[:40]}, "time"
        )
    hour, minute, *second = (int(part) for part in match.groups() if part)
    try:
        time = dt.time(hour, minute, second[0] if second else 0)
    except ValueError:
        raise Unreadable(_("The time “%(text)s” does not exist.") % {"text": text[:40]}, "no_such_time") from None
    return time.isoformat("seconds" if time.second else "minutes")


class _Full:
    partial = False


def read_datetime(definition: Any, text: str) -> str:
    """Site's wall clock as YYYY-MM-DDTHH:MM."""
    date, _gap, time = text.replace("T", " ").strip().rpartition(" ")
    if not date:
        raise Unreadable(
            _("“%(text)s” is not a date and time; write for example 2024-05-17 14:30.") % {"text": text[:40]},
            "datetime",
        )
    return f"{read_date(_Full, date)}T{read_time(definition, time)}"
