"""What is asked of all lines of a repeating item.

A line whose value is unknown keeps the answer unknown unless the known lines decide it: one line that fits makes
`any` true whatever the others are. Without lines `any` is false, `all` true, `sum` and `count` 0, and `first`, `last`,
`min_of`, `max_of` unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from apps.rules import arithmetic
from apps.rules.kinds import Kind
from apps.rules.nodes import Lines
from apps.rules.signatures import EXTREMES
from apps.rules.unknown import UNKNOWN

Run = Callable[[Any], Any]


def build_lines(oid: str, lines: Lines, kind: Kind, test: Callable[[Any, Any], Any] | None, value: Run | None) -> Run:
    """The closure that reads all lines of the item and answers what `lines` asks."""
    form = lines.form
    if test is not None and value is not None:
        gather = _QUANTIFIERS[lines.function]
        return lambda scope: gather(_tests(_read(scope, oid, form, kind), test, value(scope)))
    if lines.function in ("min_of", "max_of"):
        extreme = EXTREMES[lines.function[:3], kind]
        return lambda scope: _extreme(_read(scope, oid, form, kind), extreme)
    reduce = _REDUCERS[lines.function]
    return lambda scope: reduce(_read(scope, oid, form, kind))


def _read(scope: Any, oid: str, form: str | None, kind: Kind) -> Sequence[Any]:
    values: Sequence[Any] = scope.repeats(oid, form)
    if kind is not Kind.NUMBER:
        return values
    return [value if value is UNKNOWN or value.is_finite() else UNKNOWN for value in values]


def _tests(values: Sequence[Any], test: Callable[[Any, Any], Any], wanted: Any) -> list[Any]:
    if wanted is UNKNOWN:
        return [UNKNOWN] * len(values)
    return [UNKNOWN if value is UNKNOWN else test(value, wanted) for value in values]


def _any(answers: list[Any]) -> Any:
    if True in answers:
        return True
    return UNKNOWN if UNKNOWN in answers else False


def _all(answers: list[Any]) -> Any:
    if False in answers:
        return False
    return UNKNOWN if UNKNOWN in answers else True


def _count_fitting(answers: list[Any]) -> Any:
    return UNKNOWN if UNKNOWN in answers else Decimal(answers.count(True))


def _count(values: Sequence[Any]) -> Any:
    return Decimal(len(values))


def _sum(values: Sequence[Any]) -> Any:
    total = Decimal(0)
    try:
        for value in values:
            if value is UNKNOWN:
                return UNKNOWN
            total = arithmetic.add(total, value)
    except ArithmeticError:
        return UNKNOWN
    return total


def _extreme(values: Sequence[Any], extreme: Callable[..., Any]) -> Any:
    return extreme(*values) if values and UNKNOWN not in values else UNKNOWN


def _first(values: Sequence[Any]) -> Any:
    return values[0] if values else UNKNOWN


def _last(values: Sequence[Any]) -> Any:
    return values[-1] if values else UNKNOWN


_QUANTIFIERS = {"any": _any, "all": _all, "count": _count_fitting}
_REDUCERS = {"count": _count, "sum": _sum, "first": _first, "last": _last}
