"""Calendar dates, known in full or only to the month or year, and honest arithmetic on them.

Months are calendar months clamped to the end of the month (31 January + 1 month is 28 or 29 February); weeks are
7 days; ages and spans are completed units. Whatever is computed from a partial date is known only when every
possible completion gives the same answer. Two dates are taken as independent, so a partial date compared with
itself is unknown too.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from apps.rules.unknown import UNKNOWN, Unknown

_SHAPE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
MONTHS_MAX: Final = 12 * 9999
DAYS_MAX: Final = 366 * 9999


@dataclass(frozen=True)
class PartialDate:
    """A date of the years 1 to 9999 of which the day, or the day and the month, may be unknown.

    Raises ValueError for a date that does not exist and for a day without a month.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs a month")
        dt.date(self.year, self.month or 1, self.day or 1)  # ValueError unless it exists

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """`2024-05-31`, `2024-05` or `2024`, nothing else; ValueError otherwise."""
        shape = _SHAPE.fullmatch(text)
        if shape is None:
            raise ValueError(f"not a date: {text[:40]!r}")
        year, month, day = (int(part) if part is not None else None for part in shape.groups())
        # zero is falsy, so it must be refused before the defaults of the check hide it
        if year is None or month == 0 or day == 0:
            raise ValueError(f"not a date: {text[:40]!r}")
        return cls(year, month, day)

    @classmethod
    def of(cls, date: dt.date) -> PartialDate:
        """The full date (of a datetime, its date)."""
        return cls(date.year, date.month, date.day)

    @property
    def is_full(self) -> bool:
        return self.day is not None

    @cached_property
    def earliest(self) -> dt.date:
        return dt.date(self.year, self.month or 1, self.day or 1)

    @cached_property
    def latest(self) -> dt.date:
        month = self.month or 12
        return dt.date(self.year, month, self.day or monthrange(self.year, month)[1])

    def __str__(self) -> str:
        parts = [f"{self.year:04d}", *(f"{part:02d}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts)


def before(a: PartialDate, b: PartialDate) -> bool | Unknown:
    """Is a before b: known when every completion agrees."""
    if a.latest < b.earliest:
        return True
    return False if a.earliest >= b.latest else UNKNOWN


def not_after(a: PartialDate, b: PartialDate) -> bool | Unknown:
    """Is a on or before b: known when every completion agrees."""
    if a.latest <= b.earliest:
        return True
    return False if a.earliest > b.latest else UNKNOWN


def same(a: PartialDate, b: PartialDate) -> bool | Unknown:
    """Are a and b one day: two partial dates never are for certain."""
    if a.latest < b.earliest or b.latest < a.earliest:
        return False
    return True if a.day is not None and b.day is not None else UNKNOWN


def different(a: PartialDate, b: PartialDate) -> bool | Unknown:
    answer = same(a, b)
    return UNKNOWN if isinstance(answer, Unknown) else not answer


def shift_months(date: dt.date, months: int) -> dt.date:
    """The same day so many months on, clamped to the end of the month; ValueError outside the years 1 to 9999."""
    count = date.year * 12 + date.month - 1 + months
    year, month = divmod(count, 12)
    if not 1 <= year <= 9999:
        raise ValueError("outside the calendar")
    return dt.date(year, month + 1, min(date.day, monthrange(year, month + 1)[1]))


def completed_months(start: dt.date, end: dt.date) -> int:
    """Whole calendar months from start to end; negative, counted the same way, when end is earlier."""
    if end < start:
        return -completed_months(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if shift_months(start, months) <= end else months - 1


def completed_years(start: dt.date, end: dt.date) -> int:
    """Whole years from start to end, truncated towards zero; born on 29 February, a year is over on 28 February."""
    months = completed_months(start, end)
    return months // 12 if months >= 0 else -(-months // 12)


def days(start: dt.date, end: dt.date) -> int:
    return (end - start).days


Span = Callable[[dt.date, dt.date], int]


def span(count: Span, start: PartialDate, end: PartialDate) -> int | Unknown:
    """The count from start to end; every count here grows with end and falls with start, so the extremes decide."""
    if start.day is not None and end.day is not None:
        return count(start.earliest, end.earliest)
    least, most = count(start.latest, end.earliest), count(start.earliest, end.latest)
    return least if least == most else UNKNOWN


def age(count: Span, birth: PartialDate, at: PartialDate) -> int | Unknown:
    """The age at a date: unknown before birth; completions that put birth after the date are impossible."""
    if birth.earliest > at.latest:
        return UNKNOWN
    least = count(birth.latest, at.earliest) if birth.latest <= at.earliest else 0
    most = count(birth.earliest, at.latest)
    return least if least == most else UNKNOWN


def plus_days(date: PartialDate, number: int) -> PartialDate | Unknown:
    """So many days on; a partial date stays only with 0 days."""
    if number == 0:
        return date
    if date.day is None or abs(number) > DAYS_MAX:
        return UNKNOWN
    try:
        return PartialDate.of(date.earliest + dt.timedelta(days=number))
    except OverflowError:
        return UNKNOWN


def plus_months(date: PartialDate, number: int) -> PartialDate | Unknown:
    """So many months on, as precisely as the date is known: 2024-05 and 1 is 2024-06, 2024 and 1 unknown."""
    if abs(number) > MONTHS_MAX or (date.month is None and number % 12):
        return UNKNOWN
    try:
        moved = shift_months(date.earliest, number)
    except ValueError:
        return UNKNOWN
    return PartialDate(moved.year, moved.month if date.month else None, moved.day if date.day else None)


def earlier(*dates: PartialDate) -> PartialDate | Unknown:
    """The earliest of the dates, if one of them certainly is."""
    for date in dates:
        if all(other is date or not_after(date, other) is True for other in dates):
            return date
    return UNKNOWN


def later(*dates: PartialDate) -> PartialDate | Unknown:
    """The latest of the dates, if one of them certainly is."""
    for date in dates:
        if all(other is date or not_after(other, date) is True for other in dates):
            return date
    return UNKNOWN
