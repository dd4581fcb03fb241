"""The functions of the language that take plain values: what they take, what they give, what computes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.rules import arithmetic, dates
from apps.rules.dates import PartialDate
from apps.rules.kinds import Kind, Result
from apps.rules.unknown import UNKNOWN, Unknown
from apps.rules.values import typed

DECIMALS_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Param:
    """One value of a function. `whole` and `choices` are fixed when the rule is written, not data."""

    name: str
    kinds: tuple[Kind, ...]
    default: object = None
    whole: tuple[int, int] | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """A function that is unknown as soon as one of its values is."""

    name: str
    params: tuple[Param, ...]
    result: Kind
    run: Callable[..., Any]


def _spanning(count: dates.Span) -> Callable[[PartialDate, PartialDate], Result]:
    def run(start: PartialDate, end: PartialDate) -> Result:
        number = dates.span(count, start, end)
        return UNKNOWN if isinstance(number, Unknown) else Decimal(number)

    return run


def _ageing(count: dates.Span) -> Callable[[PartialDate, PartialDate], Result]:
    def run(birth: PartialDate, at: PartialDate) -> Result:
        number = dates.age(count, birth, at)
        return UNKNOWN if isinstance(number, Unknown) else Decimal(number)

    return run


def _moving(move: Callable[[PartialDate, int], Result], unit: int = 1) -> Callable[[PartialDate, Decimal], Result]:
    def run(date: PartialDate, number: Decimal) -> Result:
        if number.copy_abs() > dates.DAYS_MAX or number != number.to_integral_value():
            return UNKNOWN
        return move(date, int(number) * unit)

    return run


def _hours_between(start: dt.datetime, end: dt.datetime) -> Decimal:
    """Hours by the wall clock of the site; exact to the microsecond."""
    length = end - start
    microseconds = (length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds
    return arithmetic.divide(Decimal(microseconds), Decimal(3_600_000_000))


def _datetime_of(date: PartialDate, time: dt.time) -> Result:
    return dt.datetime.combine(date.earliest, time) if date.is_full else UNKNOWN


def _round(number: Decimal, decimals: Decimal) -> Result:
    return arithmetic.round_half_up(number, int(decimals))


def _number(text: str) -> Result:
    return typed(Kind.NUMBER, text)


_N, _D, _DT = (Kind.NUMBER,), (Kind.DATE,), (Kind.DATETIME,)
_BIRTH = (Param("birth", _D), Param("at", _D))
_PAIR = (Param("start", _D), Param("end", _D))
_MOVE = (Param("date", _D), Param("number", _N))

_LIST: Final = (
    Signature("age_years", _BIRTH, Kind.NUMBER, _ageing(dates.completed_years)),
    Signature("age_months", _BIRTH, Kind.NUMBER, _ageing(dates.completed_months)),
    Signature("age_days", _BIRTH, Kind.NUMBER, _ageing(dates.days)),
    Signature("days_between", _PAIR, Kind.NUMBER, _spanning(dates.days)),
    Signature("months_between", _PAIR, Kind.NUMBER, _spanning(dates.completed_months)),
    Signature("hours_between", (Param("start", _DT), Param("end", _DT)), Kind.NUMBER, _hours_between),
    Signature("add_days", _MOVE, Kind.DATE, _moving(dates.plus_days)),
    Signature("add_weeks", _MOVE, Kind.DATE, _moving(dates.plus_days, 7)),
    Signature("add_months", _MOVE, Kind.DATE, _moving(dates.plus_months)),
    Signature("date_of", (Param("moment", _DT),), Kind.DATE, PartialDate.of),
    Signature("datetime_of", (Param("date", _D), Param("time", (Kind.TIME,))), Kind.DATETIME, _datetime_of),
    Signature("number", (Param("text", (Kind.TEXT, Kind.CHOICE)),), Kind.NUMBER, _number),
    Signature("round", (Param("x", _N), Param("n", _N, Decimal(0), whole=(0, DECIMALS_MAX))), Kind.NUMBER, _round),
    Signature("abs", (Param("x", _N),), Kind.NUMBER, Decimal.copy_abs),
    Signature("sqrt", (Param("x", _N),), Kind.NUMBER, arithmetic.CONTEXT.sqrt),
    Signature("pct_change", (Param("new", _N), Param("old", _N)), Kind.NUMBER, arithmetic.percent_change),
    Signature("volume", (Param("length", _N), Param("width", _N), Param("height", _N)), Kind.NUMBER, arithmetic.ellipsoid),
    Signature(
        "bsa",
        (
            Param("height_cm", _N),
            Param("weight_kg", _N),
            Param("formula", (Kind.TEXT,), "mosteller", choices=tuple(arithmetic.BSA_FORMULAS)),
        ),
        Kind.NUMBER,
        arithmetic.body_surface,
    ),
)
FUNCTIONS: Final[dict[str, Signature]] = {signature.name: signature for signature in _LIST}


def _least(*numbers: Decimal) -> Decimal:
    return min(numbers)


def _greatest(*numbers: Decimal) -> Decimal:
    return max(numbers)


# min and max, by the kind of their values
EXTREMES: Final[dict[tuple[str, Kind], Callable[..., Any]]] = {
    ("min", Kind.NUMBER): _least,
    ("max", Kind.NUMBER): _greatest,
    ("min", Kind.DATE): dates.earlier,
    ("max", Kind.DATE): dates.later,
}
