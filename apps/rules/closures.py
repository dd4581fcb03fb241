"""The closures that a rule is made of: each builds a function of the scope out of smaller ones.

They are written out rather than shared, because a rule's cost is the number of Python calls: an item against a
number, and two items added, are one call each. Measured so, a rule takes 2.5 to 3 times as long as the same Decimal
expression written by hand in Python (the budget is 5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from apps.rules.unknown import UNKNOWN

Run = Callable[[Any], Any]
Test = Callable[[Any, Any], Any]

# -- values; a number that is not finite is no measurement


def number_item(oid: str) -> Run:
    def run(scope: Any) -> Any:
        value = scope.value(oid)
        return value if value is UNKNOWN or value.is_finite() else UNKNOWN

    return run


def number_at(oid: str, which: str, form: str | None) -> Run:
    def run(scope: Any) -> Any:
        value = scope.at_visit(oid, which, form)
        return value if value is UNKNOWN or value.is_finite() else UNKNOWN

    return run


# -- Kleene's logic; what cannot change the answer any more is not read


def and_pair(left: Run, right: Run) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        if a is False:
            return False
        b = right(scope)
        return b if b is False or a is True else UNKNOWN

    return run


def and_many(parts: Sequence[Run]) -> Run:
    def run(scope: Any) -> Any:
        answer: Any = True
        for part in parts:
            value = part(scope)
            if value is False:
                return False
            if value is UNKNOWN:
                answer = UNKNOWN
        return answer

    return run


def or_pair(left: Run, right: Run) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        if a is True:
            return True
        b = right(scope)
        return b if b is True or a is False else UNKNOWN

    return run


def or_many(parts: Sequence[Run]) -> Run:
    def run(scope: Any) -> Any:
        answer: Any = False
        for part in parts:
            value = part(scope)
            if value is True:
                return True
            if value is UNKNOWN:
                answer = UNKNOWN
        return answer

    return run


def negation(part: Run) -> Run:
    def run(scope: Any) -> Any:
        value = part(scope)
        return UNKNOWN if value is UNKNOWN else not value

    return run


def choice(test: Run, then: Run, other: Run) -> Run:
    def run(scope: Any) -> Any:
        value = test(scope)
        if value is UNKNOWN:
            return UNKNOWN
        return then(scope) if value else other(scope)

    return run


# -- comparison


def number_against(oid: str, test: Test, limit: Decimal) -> Run:
    def run(scope: Any) -> Any:
        value = scope.value(oid)
        return UNKNOWN if value is UNKNOWN or not value.is_finite() else test(value, limit)

    return run


def number_between(oid: str, low: Decimal, above: Test, below: Test, high: Decimal) -> Run:
    def run(scope: Any) -> Any:
        value = scope.value(oid)
        if value is UNKNOWN or not value.is_finite():
            return UNKNOWN
        return above(low, value) and below(value, high)

    return run


def item_against(oid: str, test: Test, limit: Any) -> Run:
    def run(scope: Any) -> Any:
        value = scope.value(oid)
        return UNKNOWN if value is UNKNOWN else test(value, limit)

    return run


def against(part: Run, test: Test, limit: Any) -> Run:
    def run(scope: Any) -> Any:
        value = part(scope)
        return UNKNOWN if value is UNKNOWN else test(value, limit)

    return run


def both(left: Run, test: Test, right: Run) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        b = right(scope)
        return UNKNOWN if a is UNKNOWN or b is UNKNOWN else test(a, b)

    return run


def chain(first: Run, rest: Sequence[tuple[Test, Run]]) -> Run:
    """Neighbours are compared, each value read once, the answers joined by and."""

    def run(scope: Any) -> Any:
        answer: Any = True
        left = first(scope)
        for test, part in rest:
            right = part(scope)
            value = UNKNOWN if left is UNKNOWN or right is UNKNOWN else test(left, right)
            if value is False:
                return False
            if value is UNKNOWN:
                answer = UNKNOWN
            left = right
        return answer

    return run


# -- arithmetic and functions; what has no result is unknown


def item_with_const(oid: str, combine: Test, b: Decimal) -> Run:
    def run(scope: Any) -> Any:
        a = scope.value(oid)
        try:
            return UNKNOWN if a is UNKNOWN or not a.is_finite() else combine(a, b)
        except ArithmeticError:
            return UNKNOWN

    return run


def item_with_item(oid: str, combine: Test, other: str) -> Run:
    def run(scope: Any) -> Any:
        a = scope.value(oid)
        b = scope.value(other)
        if a is UNKNOWN or b is UNKNOWN or not a.is_finite() or not b.is_finite():
            return UNKNOWN
        try:
            return combine(a, b)
        except ArithmeticError:
            return UNKNOWN

    return run


def with_const(left: Run, combine: Test, b: Any) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        try:
            return UNKNOWN if a is UNKNOWN else combine(a, b)
        except ArithmeticError:
            return UNKNOWN

    return run


def call_one(function: Callable[..., Any], part: Run) -> Run:
    def run(scope: Any) -> Any:
        a = part(scope)
        try:
            return UNKNOWN if a is UNKNOWN else function(a)
        except (ArithmeticError, ValueError, TypeError):
            return UNKNOWN

    return run


def call_two(function: Callable[..., Any], left: Run, right: Run) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        b = right(scope)
        try:
            return UNKNOWN if a is UNKNOWN or b is UNKNOWN else function(a, b)
        except (ArithmeticError, ValueError, TypeError):
            return UNKNOWN

    return run


def call_many(function: Callable[..., Any], parts: Sequence[Run]) -> Run:
    def run(scope: Any) -> Any:
        values = [part(scope) for part in parts]
        if any(value is UNKNOWN for value in values):
            return UNKNOWN
        try:
            return function(*values)
        except (ArithmeticError, ValueError, TypeError):
            return UNKNOWN

    return run


def coalesce(parts: Sequence[Run]) -> Run:
    def run(scope: Any) -> Any:
        for part in parts:
            value = part(scope)
            if value is not UNKNOWN:
                return value
        return UNKNOWN

    return run
