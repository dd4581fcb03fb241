"""From a checked rule to closures: which closure stands for which part."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from apps.rules import arithmetic, closures, dates
from apps.rules.closures import Run, Test
from apps.rules.kinds import Kind
from apps.rules.lines import build_lines
from apps.rules.nodes import Node
from apps.rules.unknown import UNKNOWN

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
_CLOCK: Final = frozenset({Kind.TIME, Kind.DATETIME})


def build(node: Node) -> Run:
    """The closure of a checked rule: scope -> value or UNKNOWN."""
    return _BUILDERS[node.op](node)


def comparer(kind: Kind, sign: str) -> Test:
    """How two known values of a kind are compared: True, False or UNKNOWN."""
    if kind is Kind.DATE:
        return _DATES[sign]
    return _zone_proof(_PLAIN[sign]) if kind in _CLOCK else _PLAIN[sign]


def _zone_proof(test: Test) -> Test:
    def run(a: Any, b: Any) -> Any:
        try:
            return test(a, b)
        except TypeError:  # one with a zone, one without: nothing is known of their order
            return UNKNOWN

    return run


def _parts(node: Node) -> tuple[Run, ...]:
    return tuple(build(arg) for arg in node.args)


# -- values


def _const(node: Node) -> Run:
    value = node.value
    return lambda scope: value


def _item(node: Node) -> Run:
    oid = node.name
    return closures.number_item(oid) if node.kind is Kind.NUMBER else lambda scope: scope.value(oid)


def _at(node: Node) -> Run:
    oid, (which, form) = node.name, node.value
    if node.kind is Kind.NUMBER:
        return closures.number_at(oid, which, form)
    return lambda scope: scope.at_visit(oid, which, form)


def _lines(node: Node) -> Run:
    lines, kind = node.value
    test = comparer(kind, lines.operator) if lines.operator else None
    return build_lines(node.name, lines, kind, test, build(node.args[0]) if node.args else None)


# -- logic and comparison


def _and(node: Node) -> Run:
    parts = _parts(node)
    return closures.and_pair(*parts) if len(parts) == 2 else closures.and_many(parts)


def _or(node: Node) -> Run:
    parts = _parts(node)
    return closures.or_pair(*parts) if len(parts) == 2 else closures.or_many(parts)


def _not(node: Node) -> Run:
    return closures.negation(build(node.args[0]))


def _if(node: Node) -> Run:
    then, test, other = _parts(node)
    return closures.choice(test, then, other)


def _chain(node: Node) -> Run:
    if len(node.args) == 2:
        return _pair(node.args[0], node.args[1], comparer(node.args[0].kind, node.value[0]))
    tests = [comparer(arg.kind, sign) for arg, sign in zip(node.args[1:], node.value, strict=True)]
    if [arg.op for arg in node.args] == ["const", "item", "const"] and node.args[1].kind is Kind.NUMBER:
        low, item, high = node.args
        return closures.number_between(item.name, low.value, tests[0], tests[1], high.value)
    parts = _parts(node)
    return closures.chain(parts[0], tuple(zip(tests, parts[1:], strict=True)))


def _pair(left: Node, right: Node, test: Test) -> Run:
    if right.op != "const":
        return closures.both(build(left), test, build(right))
    if left.op == "item":
        item_against = closures.number_against if left.kind is Kind.NUMBER else closures.item_against
        return item_against(left.name, test, right.value)
    return closures.against(build(left), test, right.value)


def _in(node: Node) -> Run:
    part, kind = build(node.args[0]), node.args[0].kind
    values = tuple(arg.value for arg in node.args[1:])
    if kind is Kind.DATE or kind in _CLOCK:
        return closures.or_many(tuple(closures.against(part, comparer(kind, "=="), value) for value in values))
    return closures.against(part, lambda value, listed: value in listed, values)


def _has(node: Node) -> Run:
    codes = frozenset(arg.value for arg in node.args[1:])
    return closures.against(build(node.args[0]), lambda value, wanted: not wanted.isdisjoint(value), codes)


# -- arithmetic and functions


def _binary(node: Node) -> Run:
    left, right = node.args
    combine = _ARITHMETIC[node.op]
    if left.op == "item" and right.op == "item":
        return closures.item_with_item(left.name, combine, right.name)
    if right.op != "const":
        return closures.call_two(combine, build(left), build(right))
    if left.op == "item":
        return closures.item_with_const(left.name, combine, right.value)
    return closures.with_const(build(left), combine, right.value)


def _power(node: Node) -> Run:
    return closures.with_const(build(node.args[0]), arithmetic.whole_power, node.value)


def _neg(node: Node) -> Run:
    return closures.call_one(arithmetic.negate, build(node.args[0]))


def _call(node: Node) -> Run:
    parts = _parts(node)
    if len(parts) == 1:
        return closures.call_one(node.value, *parts)
    return closures.call_two(node.value, *parts) if len(parts) == 2 else closures.call_many(node.value, parts)


def _coalesce(node: Node) -> Run:
    return closures.coalesce(_parts(node))


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
