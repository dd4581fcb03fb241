"""Which values may be compared with which, and what a quoted literal stands for beside a date or a time."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from apps.rules.errors import BadValue
from apps.rules.kinds import KIND_NAMES, Kind
from apps.rules.nodes import Node
from apps.rules.values import parse_value

if TYPE_CHECKING:
    from apps.rules.check import Checker

ORDERED: Final = frozenset({Kind.NUMBER, Kind.DATE, Kind.TIME, Kind.DATETIME})
EQUALITY: Final = frozenset({"==", "!="})
_WRITTEN_AS_TEXT: Final = frozenset({Kind.DATE, Kind.TIME, Kind.DATETIME})
_WORDS: Final = frozenset({Kind.TEXT, Kind.CHOICE})


def comparison(checker: Checker, tree: ast.Compare, operators: list[str]) -> Node:
    """`a < b <= c`, or one `in`."""
    if len(operators) == 1 and operators[0] in ("in", "not in"):
        return membership(checker, tree, operators[0])
    sides = [tree.left, *tree.comparators]
    for operator, right in zip(operators, tree.comparators, strict=True):
        if operator in ("in", "not in"):
            raise checker.refuse("operator", right, operator=f"{operator} in a chain of comparisons")
    nodes = fit_all(checker, sides)
    for place, operator in enumerate(operators):
        check_pair(checker, tree, nodes[place], nodes[place + 1], operator)
    return Node("chain", Kind.BOOL, checker.source.column(tree), tuple(nodes), value=tuple(operators))


def membership(checker: Checker, tree: ast.Compare, operator: str) -> Node:
    """`x in [..]`, or `"CODE" in CHOICES_ITEM`."""
    right = tree.comparators[0]
    column = checker.source.column(tree)
    if isinstance(right, ast.List | ast.Tuple):
        node = one_of(checker, tree, checker.node(tree.left), right.elts)
    else:
        node = has(checker, tree, checker.node(right), [tree.left])
    return node if operator == "in" else Node("not", Kind.BOOL, column, (node,))


def one_of(checker: Checker, tree: ast.expr, left: Node, values: Sequence[ast.expr]) -> Node:
    """Is a value one of a list of literals?"""
    if not values:
        raise checker.refuse("list_empty", tree)
    nodes = []
    for value in values:
        node = fit(checker, value, checker.node(value), left.kind)
        if node.op != "const":
            raise checker.refuse("list_values", value)
        check_pair(checker, value, left, node, "==")
        nodes.append(node)
    return Node("in", Kind.BOOL, checker.source.column(tree), (left, *nodes))


def has(checker: Checker, tree: ast.expr, item: Node, codes: Sequence[ast.expr]) -> Node:
    """Is one of these codes among the choices?"""
    if item.kind is not Kind.CHOICES:
        raise checker.refuse("in_right_side" if isinstance(tree, ast.Compare) else "has_code", tree)
    nodes = []
    for code in codes:
        node = checker.node(code)
        if node.op != "const" or node.kind is not Kind.TEXT:
            raise checker.refuse("has_code", code)
        check_code(checker, item, node)
        nodes.append(node)
    return Node("has", Kind.BOOL, checker.source.column(tree), (item, *nodes))


def fit_all(checker: Checker, trees: Sequence[ast.expr]) -> list[Node]:
    """The checked parts; quoted literals become dates or times when another part is one."""
    nodes = [checker.node(tree) for tree in trees]
    wanted = next((node.kind for node in nodes if node.kind in _WRITTEN_AS_TEXT), None)
    if wanted is None:
        return nodes
    return [fit(checker, tree, node, wanted) for tree, node in zip(trees, nodes, strict=True)]


def fit(checker: Checker, tree: ast.expr, node: Node, kind: Kind) -> Node:
    """A quoted literal where a date, a time or both are meant."""
    if node.op != "const" or node.kind is not Kind.TEXT or kind not in _WRITTEN_AS_TEXT:
        return node
    try:
        return replace(node, kind=kind, value=parse_value(kind, node.value))
    except BadValue:
        raise checker.refuse(f"bad_{kind.value}", tree, literal=node.value[:40]) from None


def check_pair(checker: Checker, tree: ast.expr, left: Node, right: Node, operator: str) -> None:
    """May these two be compared by this operator?"""
    kinds = {left.kind, right.kind}
    if Kind.CHOICES in kinds:
        raise checker.refuse("compare_choices", tree)
    if Kind.FILE in kinds:
        raise checker.refuse("compare_file", tree)
    if len(kinds) > 1 and not kinds <= _WORDS:
        raise checker.refuse(_mismatch(left, right), tree, **_mismatch_params(left, right, operator))
    if operator not in EQUALITY and left.kind not in ORDERED:
        raise checker.refuse("no_order", tree, kind=KIND_NAMES[left.kind].capitalize())
    check_code(checker, left, right)
    check_code(checker, right, left)


def check_code(checker: Checker, item: Node, literal: Node) -> None:
    """A literal beside a coded item must be one of its codes."""
    if item.codes is None or literal.op != "const" or literal.value in item.codes:
        return
    shown = ", ".join(sorted(item.codes)[:20])
    raise checker.refuse("unknown_code", literal, value=f'"{literal.value[:40]}"', name=item.name or "it", codes=shown)


def common_kind(nodes: Sequence[Node]) -> Kind | None:
    """The kind of values that stand for one another; texts and codes together are texts."""
    kinds = {node.kind for node in nodes}
    if len(kinds) == 1:
        return nodes[0].kind
    return Kind.TEXT if kinds <= _WORDS else None


def common_codes(nodes: Sequence[Node]) -> frozenset[str] | None:
    """The codes that a choice between the parts can have, if all are coded or literals."""
    if all(node.codes is None for node in nodes):
        return None
    codes: frozenset[str] = frozenset()
    for node in nodes:
        if node.codes is None and node.op != "const":
            return None
        codes |= node.codes if node.codes is not None else {node.value}
    return codes


def _mismatch(left: Node, right: Node) -> str:
    kinds = {left.kind, right.kind}
    if Kind.BOOL in kinds and kinds & _WORDS:
        return "compare_yes_no"
    if kinds == {Kind.DATE, Kind.DATETIME}:
        return "date_and_time"
    if Kind.NUMBER in kinds and any(node.kind is Kind.TEXT and node.op == "const" for node in (left, right)):
        return "quoted_number"
    return "kinds_differ"


def _mismatch_params(left: Node, right: Node, operator: str) -> dict[str, object]:
    literal = next((node.value for node in (left, right) if node.op == "const" and node.kind is Kind.TEXT), "")
    return {
        "left": KIND_NAMES[left.kind],
        "right": KIND_NAMES[right.kind],
        "place": operator,
        "literal": literal[:40],
    }
