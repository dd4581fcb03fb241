"""From a checked rule to closures.

Each part becomes one function of the scope. The shapes that make up most rules (an item against a number, an item
with an item) get closures of their own, so that a rule costs little more than the same expression in Python.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from apps.rules import arithmetic, dates
from apps.rules.kinds import Kind
from apps.rules.lines import build_lines
from apps.rules.nodes import Node
from apps.rules.unknown import UNKNOWN

Run = Callable[[Any], Any]
Test = Callable[[Any, Any], Any]

_PLAIN: Final[dict[str, Test]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_DATES: Final[dict[str, Test]] = {
    "<": dates.before,
    "<=": dates.not_after,
    ">": lambda a, b: dates.before(b, a),
    ">=": lambda a, b: dates.not_after(b, a),
    "==": dates.same,
    "!=": dates.different,
}
_ARITHMETIC: Final[dict[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": arithmetic.add,
    "-": arithmetic.subtract,
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
}


def build(node: Node) -> Run:
    """The closure of a checked rule: scope -> value or UNKNOWN."""
    return _BUILDERS[node.op](node)


def comparer(kind: Kind, sign: str) -> Test:
    """How two known values of a kind are compared: True, False or UNKNOWN."""
    if kind is Kind.DATE:
        return _DATES[sign]
    if kind in (Kind.TIME, Kind.DATETIME):
        return _guarded(_PLAIN[sign])
    return _PLAIN[sign]


def _guarded(test: Test) -> Test:
    def run(a: Any, b: Any) -> Any:
        try:
            return test(a, b)
        except TypeError:  # one with a zone, one without: nothing is known of their order
            return UNKNOWN

    return run


# -- values


def _const(node: Node) -> Run:
    value = node.value
    return lambda scope: value


def _item(node: Node) -> Run:
    oid = node.name
    if node.kind is not Kind.NUMBER:
        return lambda scope: scope.value(oid)

    def run(scope: Any) -> Any:
        value = scope.value(oid)
        return value if value is UNKNOWN or value.is_finite() else UNKNOWN

    return run


def _at(node: Node) -> Run:
    oid, (which, form) = node.name, node.value
    if node.kind is not Kind.NUMBER:
        return lambda scope: scope.at_visit(oid, which, form)

    def run(scope: Any) -> Any:
        value = scope.at_visit(oid, which, form)
        return value if value is UNKNOWN or value.is_finite() else UNKNOWN

    return run


def _lines(node: Node) -> Run:
    lines, kind = node.value
    test = comparer(kind, lines.operator) if lines.operator else None
    return build_lines(node.name, lines, kind, test, build(node.args[0]) if node.args else None)


# -- logic


def _and(node: Node) -> Run:
    parts = tuple(build(arg) for arg in node.args)
    return _and_pair(*parts) if len(parts) == 2 else _and_many(parts)


def _and_pair(left: Run, right: Run) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        if a is False:
            return False
        b = right(scope)
        return b if b is False or a is True else UNKNOWN

    return run


def _and_many(parts: Sequence[Run]) -> Run:
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


def _or(node: Node) -> Run:
    parts = tuple(build(arg) for arg in node.args)
    return _or_pair(*parts) if len(parts) == 2 else _or_many(parts)


def _or_pair(left: Run, right: Run) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        if a is True:
            return True
        b = right(scope)
        return b if b is True or a is False else UNKNOWN

    return run


def _or_many(parts: Sequence[Run]) -> Run:
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


def _not(node: Node) -> Run:
    part = build(node.args[0])

    def run(scope: Any) -> Any:
        value = part(scope)
        return UNKNOWN if value is UNKNOWN else not value

    return run


def _if(node: Node) -> Run:
    then, test, other = (build(arg) for arg in node.args)

    def run(scope: Any) -> Any:
        value = test(scope)
        if value is UNKNOWN:
            return UNKNOWN
        return then(scope) if value else other(scope)

    return run


# -- comparison


def _chain(node: Node) -> Run:
    if len(node.args) == 2:
        return _pair(node.args[0], node.args[1], comparer(node.args[0].kind, node.value[0]))
    parts = tuple(build(arg) for arg in node.args)
    tests = tuple(comparer(arg.kind, sign) for arg, sign in zip(node.args, node.value, strict=False))
    return _chain_many(parts[0], tuple(zip(tests, parts[1:], strict=True)))


def _chain_many(first: Run, rest: Sequence[tuple[Test, Run]]) -> Run:
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


def _pair(left: Node, right: Node, test: Test) -> Run:
    if right.op == "const":
        if left.op == "item" and left.kind is Kind.NUMBER:
            return _number_against(left.name, test, right.value)
        return _against(build(left), test, right.value)
    return _both(build(left), test, build(right))


def _number_against(oid: str, test: Test, limit: Decimal) -> Run:
    def run(scope: Any) -> Any:
        value = scope.value(oid)
        return UNKNOWN if value is UNKNOWN or not value.is_finite() else test(value, limit)

    return run


def _against(part: Run, test: Test, limit: Any) -> Run:
    def run(scope: Any) -> Any:
        value = part(scope)
        return UNKNOWN if value is UNKNOWN else test(value, limit)

    return run


def _both(left: Run, test: Test, right: Run) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        if a is UNKNOWN:
            right(scope)  # so that an explanation names both
            return UNKNOWN
        b = right(scope)
        return UNKNOWN if b is UNKNOWN else test(a, b)

    return run


def _in(node: Node) -> Run:
    part, kind = build(node.args[0]), node.args[0].kind
    values = tuple(arg.value for arg in node.args[1:])
    if kind in (Kind.DATE, Kind.TIME, Kind.DATETIME):
        return _or_many(tuple(_against(part, comparer(kind, "=="), value) for value in values))
    return _against(part, lambda value, listed: value in listed, values)


def _has(node: Node) -> Run:
    codes = frozenset(arg.value for arg in node.args[1:])
    return _against(build(node.args[0]), lambda value, wanted: not wanted.isdisjoint(value), codes)


# -- arithmetic and functions


def _binary(node: Node) -> Run:
    left, right = node.args
    combine = _ARITHMETIC[node.op]
    if right.op == "const":
        return _with_const(build(left), combine, right.value)
    return _with_both(build(left), combine, build(right))


def _with_const(left: Run, combine: Test, b: Decimal) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        try:
            return UNKNOWN if a is UNKNOWN else combine(a, b)
        except ArithmeticError:
            return UNKNOWN

    return run


def _with_both(left: Run, combine: Test, right: Run) -> Run:
    def run(scope: Any) -> Any:
        a = left(scope)
        b = right(scope)
        try:
            return UNKNOWN if a is UNKNOWN or b is UNKNOWN else combine(a, b)
        except ArithmeticError:
            return UNKNOWN

    return run


def _power(node: Node) -> Run:
    return _with_const(build(node.args[0]), arithmetic.whole_power, node.value)


def _neg(node: Node) -> Run:
    return _against(build(node.args[0]), lambda value, _: value.copy_negate(), None)


def _call(node: Node) -> Run:
    parts, function = tuple(build(arg) for arg in node.args), node.value

    def run(scope: Any) -> Any:
        values = [part(scope) for part in parts]
        if UNKNOWN in values:
            return UNKNOWN
        try:
            return function(*values)
        except (ArithmeticError, ValueError, TypeError):  # no result for these values
            return UNKNOWN

    return run


def _coalesce(node: Node) -> Run:
    parts = tuple(build(arg) for arg in node.args)

    def run(scope: Any) -> Any:
        for part in parts:
            value = part(scope)
            if value is not UNKNOWN:
                return value
        return UNKNOWN

    return run


def _missing(node: Node) -> Run:
    part = build(node.args[0])
    return lambda scope: part(scope) is UNKNOWN


_BUILDERS: Final[dict[str, Callable[[Node], Run]]] = {
    "const": _const,
    "item": _item,
    "at": _at,
    "lines": _lines,
    "and": _and,
    "or": _or,
    "not": _not,
    "if": _if,
    "chain": _chain,
    "in": _in,
    "has": _has,
    "+": _binary,
    "-": _binary,
    "*": _binary,
    "/": _binary,
    "**": _power,
    "neg": _neg,
    "call": _call,
    "coalesce": _coalesce,
    "missing": _missing,
}
