"""The calls of the language: functions of plain values, and those with a form of their own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from apps.rules import comparing
from apps.rules.check import CONSTANTS, FUNCTION_NAMES, Checker, nearest
from apps.rules.kinds import KIND_NAMES, ItemSpec, Kind
from apps.rules.nodes import At, Lines, Node
from apps.rules.signatures import EXTREMES, FUNCTIONS, Param, Signature

LINE_OPERATORS: Final = ("==", "!=", "<", "<=", ">", ">=")


def call(checker: Checker, tree: ast.Call) -> Node:
    """A checked call; the name must be a function of the language, nothing that is computed."""
    if not isinstance(tree.func, ast.Name):
        if isinstance(tree.func, ast.Attribute):
            raise checker.refuse("construct", tree.func, construct="a dot after a value")
        raise checker.refuse("call_of_expression", tree)
    name = tree.func.id
    if name not in FUNCTION_NAMES:
        raise _unknown(checker, tree, name)
    if any(keyword.arg is None for keyword in tree.keywords):
        raise checker.refuse("construct", tree, construct="** before a value")
    if name in FUNCTIONS:
        return _plain(checker, tree, FUNCTIONS[name])
    if tree.keywords:
        raise checker.refuse("no_keywords", tree, function=name)
    return _SPECIAL[name](checker, tree, name)


def _unknown(checker: Checker, tree: ast.Call, name: str) -> Exception:
    if checker.schema.get(name) is not None or name in CONSTANTS:
        return checker.refuse("item_called", tree, name=name)
    near = nearest(name, sorted(FUNCTION_NAMES))
    if near:
        return checker.refuse("unknown_function_suggestion", tree, name=name, suggestion=near)
    return checker.refuse("unknown_function", tree, name=name)


# -- functions of plain values


def _plain(checker: Checker, tree: ast.Call, signature: Signature) -> Node:
    given = _bind(checker, tree, signature)
    args = []
    for param in signature.params:
        if param.name in given:
            args.append(_argument(checker, given[param.name], param, signature.name))
        elif param.default is not None:
            args.append(Node("const", param.kinds[0], checker.source.column(tree), value=param.default))
        else:
            raise checker.refuse("too_few", tree, function=signature.name, missing=param.name)
    column = checker.source.column(tree)
    return Node("call", signature.result, column, tuple(args), name=signature.name, value=signature.run)


def _bind(checker: Checker, tree: ast.Call, signature: Signature) -> dict[str, ast.expr]:
    """Values by the names of the function's parameters."""
    names = [param.name for param in signature.params]
    if len(tree.args) > len(names):
        raise checker.refuse("too_many", tree, function=signature.name, limit=len(names), given=len(tree.args))
    given = dict(zip(names, tree.args, strict=False))
    for keyword in tree.keywords:
        name = str(keyword.arg)
        if name not in names:
            listed = ", ".join(names)
            raise checker.refuse("unknown_keyword", keyword, function=signature.name, name=name, names=listed)
        if name in given:
            raise checker.refuse("given_twice", keyword, function=signature.name, name=name)
        given[name] = keyword.value
    return given


def _argument(checker: Checker, tree: ast.expr, param: Param, function: str) -> Node:
    node = comparing.fit(checker, tree, checker.node(tree), param.kinds[0])
    literal = node.op == "const"
    if param.choices and (not literal or node.value not in param.choices):
        listed = ", ".join(param.choices)
        raise checker.refuse("argument_choice", tree, name=param.name, function=function, choices=listed)
    if node.kind not in param.kinds:
        given, expected = KIND_NAMES[node.kind], " or ".join(KIND_NAMES[kind] for kind in param.kinds)
        raise checker.refuse("argument_kind", tree, name=param.name, function=function, expected=expected, given=given)
    if param.whole is not None and not (literal and _is_whole(node.value, *param.whole)):
        low, high = param.whole
        raise checker.refuse("argument_whole", tree, name=param.name, function=function, low=low, high=high)
    return node


def _is_whole(number: Decimal, low: int, high: int) -> bool:
    return number == number.to_integral_value() and low <= number <= high


# -- functions with a form of their own


def _values(checker: Checker, tree: ast.Call, name: str, least: int) -> list[Node]:
    if len(tree.args) < least:
        raise checker.refuse("at_least", tree, function=name, limit=least)
    return comparing.fit_all(checker, tree.args)


def _coalesce(checker: Checker, tree: ast.Call, name: str) -> Node:
    nodes = _values(checker, tree, name, 2)
    kind = _one_kind(checker, tree, name, nodes)
    codes = comparing.common_codes(nodes)
    return Node("coalesce", kind, checker.source.column(tree), tuple(nodes), codes=codes)


def _extreme(checker: Checker, tree: ast.Call, name: str) -> Node:
    nodes = _values(checker, tree, name, 2)
    kind = _one_kind(checker, tree, name, nodes)
    if (name, kind) not in EXTREMES:
        expected = "numbers or dates"
        given = KIND_NAMES[kind]
        raise checker.refuse("argument_kind", tree, name="each value", function=name, expected=expected, given=given)
    run = EXTREMES[name, kind]
    return Node("call", kind, checker.source.column(tree), tuple(nodes), name=name, value=run)


def _one_kind(checker: Checker, tree: ast.Call, name: str, nodes: Sequence[Node]) -> Kind:
    kind = comparing.common_kind(nodes)
    if kind is None:
        left, right = nodes[0], next(node for node in nodes if node.kind is not nodes[0].kind)
        kinds = {"left": KIND_NAMES[left.kind], "right": KIND_NAMES[right.kind]}
        raise checker.refuse("values_differ", tree, function=name, **kinds)
    return kind


def _is_missing(checker: Checker, tree: ast.Call, name: str) -> Node:
    _values(checker, tree, name, 1)
    _only_item(checker, tree, name)
    return Node("missing", Kind.BOOL, checker.source.column(tree), (checker.node(tree.args[0]),))


def _one_of(checker: Checker, tree: ast.Call, name: str) -> Node:
    if len(tree.args) < 2:
        raise checker.refuse("at_least", tree, function=name, limit=2)
    return comparing.one_of(checker, tree, checker.node(tree.args[0]), tree.args[1:])


def _has(checker: Checker, tree: ast.Call, name: str) -> Node:
    if len(tree.args) < 2:
        raise checker.refuse("has_code", tree)
    return comparing.has(checker, tree, checker.node(tree.args[0]), tree.args[1:])


# -- other visits and all lines


def _selected(checker: Checker, tree: ast.Call, name: str) -> tuple[ItemSpec, str | None]:
    """The item that the selector names, bare or between quotes, and the form if one is named."""
    target = tree.args[0] if tree.args else None
    if isinstance(target, ast.Name):
        return checker.item(target.id, None, target), None
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        form, _, oid = target.value.strip().rpartition(".")
        return checker.item(oid, form or None, target), form or None
    if isinstance(target, ast.Attribute):
        checker.node(target)  # refuses, and says how it is written
    raise checker.refuse("selector_argument", target or tree, function=name)


def _only_item(checker: Checker, tree: ast.Call, name: str) -> None:
    if len(tree.args) > 1:
        raise checker.refuse("too_many", tree, function=name, limit=1, given=len(tree.args))


def _visit(checker: Checker, tree: ast.Call, name: str) -> Node:
    """baseline, previous; and first, last of an item that does not repeat."""
    spec, form = _selected(checker, tree, name)
    _only_item(checker, tree, name)
    if spec.repeating:
        if name in ("first", "last"):
            return _line_node(checker, tree, spec, Lines(name, form), spec.kind)
        raise checker.refuse("repeats_no_visit", tree, name=spec.oid, function=name)
    column = checker.source.column(tree)
    return Node("at", spec.kind, column, name=spec.oid, value=At(name, form), codes=spec.codes)


def _aggregate(checker: Checker, tree: ast.Call, name: str) -> Node:
    """sum, min_of, max_of over all lines."""
    spec, form = _selected(checker, tree, name)
    _only_item(checker, tree, name)
    _must_repeat(checker, tree, spec, name)
    kinds = (Kind.NUMBER,) if name == "sum" else (Kind.NUMBER, Kind.DATE)
    if spec.kind not in kinds:
        expected = " or ".join(KIND_NAMES[kind] for kind in kinds)
        given = KIND_NAMES[spec.kind]
        raise checker.refuse("argument_kind", tree, name=spec.oid, function=name, expected=expected, given=given)
    return _line_node(checker, tree, spec, Lines(name, form), spec.kind)


def _quantified(checker: Checker, tree: ast.Call, name: str) -> Node:
    """any, all and count: an item, then nothing, a value, or an operator and a value."""
    spec, form = _selected(checker, tree, name)
    _must_repeat(checker, tree, spec, name)
    kind = Kind.NUMBER if name == "count" else Kind.BOOL
    if len(tree.args) > 3:
        raise checker.refuse("too_many", tree, function=name, limit=3, given=len(tree.args))
    if len(tree.args) == 1 and name == "count":
        return _line_node(checker, tree, spec, Lines(name, form), kind)
    operator, value = _line_test(checker, tree, spec, name)
    return _line_node(checker, tree, spec, Lines(name, form, operator), kind, (value,))


def _line_test(checker: Checker, tree: ast.Call, spec: ItemSpec, name: str) -> tuple[str, Node]:
    """The comparison that each line is put to; a yes/no item alone is compared with yes."""
    column = checker.source.column(tree)
    if len(tree.args) == 1:
        if spec.kind is not Kind.BOOL:
            raise checker.refuse("line_value", tree, function=name)
        return "==", Node("const", Kind.BOOL, column, value=True)
    operator = "=="
    if len(tree.args) == 3:
        given = tree.args[1]
        if not isinstance(given, ast.Constant) or given.value not in LINE_OPERATORS:
            raise checker.refuse("line_operator", given, function=name)
        operator = str(given.value)
    value = comparing.fit(checker, tree.args[-1], checker.node(tree.args[-1]), spec.kind)
    line = Node("item", spec.kind, column, name=spec.oid, codes=spec.codes)
    comparing.check_pair(checker, tree.args[-1], line, value, operator)
    return operator, value


def _must_repeat(checker: Checker, tree: ast.Call, spec: ItemSpec, name: str) -> None:
    if not spec.repeating:
        raise checker.refuse("not_repeating", tree, name=spec.oid, function=name)


def _line_node(
    checker: Checker, tree: ast.Call, spec: ItemSpec, lines: Lines, kind: Kind, args: tuple[Node, ...] = ()
) -> Node:
    codes = spec.codes if lines.function in ("first", "last") else None
    return Node("lines", kind, checker.source.column(tree), args, name=spec.oid, value=(lines, spec.kind), codes=codes)


_SPECIAL: Final[dict[str, Callable[[Checker, ast.Call, str], Node]]] = {
    "coalesce": _coalesce,
    "is_missing": _is_missing,
    "one_of": _one_of,
    "has": _has,
    "min": _extreme,
    "max": _extreme,
    "baseline": _visit,
    "previous": _visit,
    "first": _visit,
    "last": _visit,
    "sum": _aggregate,
    "min_of": _aggregate,
    "max_of": _aggregate,
    "count": _quantified,
    "any": _quantified,
    "all": _quantified,
}
