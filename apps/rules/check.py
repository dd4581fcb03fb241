"""From Python's syntax tree to a checked rule: only what is listed here passes, and every part gets its kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from apps.rules import comparing
from apps.rules.errors import RuleError
from apps.rules.kinds import KIND_NAMES, ItemSpec, Kind, Schema
from apps.rules.nodes import Node
from apps.rules.parse import Source, is_one_text
from apps.rules.signatures import FUNCTIONS
from apps.rules.values import DIGITS_MAX

POWER_MAX: Final = 10
CONSTANTS: Final = {"yes": True, "no": False}
VISIT_SELECTORS: Final = ("baseline", "previous", "first", "last")
LINE_FUNCTIONS: Final = ("count", "sum", "min_of", "max_of", "any", "all")
SPECIAL_NAMES: Final = frozenset(
    ("coalesce", "is_missing", "one_of", "has", "min", "max", *VISIT_SELECTORS, *LINE_FUNCTIONS)
)
FUNCTION_NAMES: Final = frozenset(FUNCTIONS) | SPECIAL_NAMES
_PLAIN_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_OPERATORS: Final[dict[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_FOREIGN_OPERATORS: Final[dict[type[ast.AST], str]] = {
    ast.Mod: "%",
    ast.FloorDiv: "//",
    ast.MatMult: "@",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.Invert: "~",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_CONSTRUCTS: Final[dict[type[ast.AST], str]] = {
    ast.Subscript: "[...] after a value",
    ast.Lambda: "lambda",
    ast.NamedExpr: ":=",
    ast.JoinedStr: "an f-text",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Dict: "a dictionary",
    ast.Set: "braces { }",
    ast.Starred: "* before a value",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
}


class Checker:
    """Checks one rule against a schema; `node()` gives the checked tree of a part or raises RuleError."""

    def __init__(self, source: Source, schema: Schema, calls: Callable[[Checker, ast.Call], Node]) -> None:
        self.source, self.schema, self.calls = source, schema, calls

    def node(self, tree: ast.expr) -> Node:
        handler = _HANDLERS.get(type(tree))
        if handler is None:
            raise self.refuse("construct", tree, construct=_CONSTRUCTS.get(type(tree), "this"))
        return handler(self, tree)

    def refuse(self, code: str, tree: ast.AST | Node, **params: object) -> RuleError:
        return self.source.refuse(code, tree, **params)

    # -- values and names

    def constant(self, tree: ast.Constant) -> Node:
        column, segment = self.source.column(tree), self.source.segment(tree)
        match tree.value:
            case bool():
                raise self.refuse("true_false", tree)
            case None:
                raise self.refuse("none", tree)
            case int() | float() | complex():
                return Node("const", Kind.NUMBER, column, value=self.number(tree, segment))
            case str() as text if is_one_text(segment):
                return Node("const", Kind.TEXT, column, value=text)
            case str() if segment[:1] in "\"'":
                raise self.refuse("single_text", tree)
        raise self.refuse("construct", tree, construct=segment[:20])

    def number(self, tree: ast.Constant, segment: str) -> Decimal:
        """The literal as it is written: 0.1 is one tenth exactly."""
        digits = sum(character.isdigit() for character in segment)
        if not _PLAIN_NUMBER.fullmatch(segment):
            raise self.refuse("number_literal", tree, literal=segment[:40])
        if digits > DIGITS_MAX:
            raise self.refuse("number_too_long", tree, digits=digits, limit=DIGITS_MAX)
        return Decimal(segment)

    def name(self, tree: ast.Name) -> Node:
        column = self.source.column(tree)
        if tree.id in CONSTANTS:
            return Node("const", Kind.BOOL, column, value=CONSTANTS[tree.id])
        if tree.id in FUNCTION_NAMES and self.schema.get(tree.id) is None:
            raise self.refuse("function_without_call", tree, name=tree.id)
        spec = self.item(tree.id, None, tree)
        if self.schema.needs_selector(spec):
            raise self.refuse("repeating", tree, name=spec.oid, place=f"{spec.form}.{spec.oid}")
        return Node("item", spec.kind, column, name=spec.oid, codes=spec.codes)

    def item(self, oid: str, form: str | None, tree: ast.AST) -> ItemSpec:
        """The item of this name, or a refusal that knows what may have been meant."""
        spec = self.schema.get(oid, form)
        if spec is not None:
            return spec
        if form is not None and self.schema.get(oid) is not None:
            raise self.refuse("unknown_form", tree, name=oid, form=form, forms=", ".join(self.schema.forms(oid)))
        near = nearest(oid, self.schema.oids)
        if near:
            raise self.refuse("unknown_item_suggestion", tree, name=oid, suggestion=near)
        raise self.refuse("unknown_item", tree, name=oid)

    def dotted(self, tree: ast.Attribute) -> Node:
        if isinstance(tree.value, ast.Name) and self.schema.get(tree.attr, tree.value.id) is not None:
            raise self.refuse("dotted", tree, name=f"{tree.value.id}.{tree.attr}")
        raise self.refuse("construct", tree, construct="a dot after a value")

    # -- operators

    def logic(self, tree: ast.BoolOp) -> Node:
        word = "and" if isinstance(tree.op, ast.And) else "or"
        args = tuple(self.yes_no(part, word) for part in tree.values)
        return Node(word, Kind.BOOL, self.source.column(tree), args)

    def unary(self, tree: ast.UnaryOp) -> Node:
        column = self.source.column(tree)
        if isinstance(tree.op, ast.Not):
            return Node("not", Kind.BOOL, column, (self.yes_no(tree.operand, "not"),))
        if not isinstance(tree.op, ast.USub):
            sign = _FOREIGN_OPERATORS.get(type(tree.op), "+")
            raise self.refuse("operator", tree, operator=sign)
        operand = self.numeric(tree.operand, "-")
        if operand.op == "const":
            return Node("const", Kind.NUMBER, column, value=operand.value.copy_negate())
        return Node("neg", Kind.NUMBER, column, (operand,))

    def binary(self, tree: ast.BinOp) -> Node:
        operator = _OPERATORS.get(type(tree.op))
        if operator is None:
            raise self.refuse("operator", tree, operator=_FOREIGN_OPERATORS.get(type(tree.op), "?"))
        column, left = self.source.column(tree), self.numeric(tree.left, operator)
        right = self.numeric(tree.right, operator)
        if operator != "**":
            return Node(operator, Kind.NUMBER, column, (left, right))
        whole = right.op == "const" and right.value == right.value.to_integral_value()
        if not whole or not 0 <= right.value <= POWER_MAX:
            raise self.refuse("power", tree.right, low=0, high=POWER_MAX)
        return Node("**", Kind.NUMBER, column, (left,), value=right.value)

    def choice(self, tree: ast.IfExp) -> Node:
        test = self.yes_no(tree.test, "if")
        then, other = comparing.fit_all(self, [tree.body, tree.orelse])
        kind = comparing.common_kind([then, other])
        if kind is None:
            raise self.refuse("branches_differ", tree, left=KIND_NAMES[then.kind], right=KIND_NAMES[other.kind])
        codes = comparing.common_codes([then, other])
        return Node("if", kind, self.source.column(tree), (then, test, other), codes=codes)

    def compare(self, tree: ast.Compare) -> Node:
        operators = [_OPERATORS.get(type(op)) for op in tree.ops]
        if None in operators:
            foreign = tree.ops[operators.index(None)]
            raise self.refuse("operator", tree, operator=_FOREIGN_OPERATORS.get(type(foreign), "?"))
        return comparing.comparison(self, tree, [op for op in operators if op])

    def list_outside_in(self, tree: ast.expr) -> Node:
        raise self.refuse("list_place", tree)

    def call(self, tree: ast.Call) -> Node:
        return self.calls(self, tree)

    # -- what an operand must be

    def yes_no(self, tree: ast.expr, place: str) -> Node:
        node = self.node(tree)
        if node.kind is not Kind.BOOL:
            raise self.refuse("needs_yes_no", tree, place=place, kind=KIND_NAMES[node.kind])
        return node

    def numeric(self, tree: ast.expr, place: str) -> Node:
        node = self.node(tree)
        if node.kind is Kind.NUMBER:
            return node
        if node.kind in (Kind.DATE, Kind.DATETIME):
            raise self.refuse("date_arithmetic", tree, operator=place)
        if node.op == "const" and node.kind is Kind.TEXT:
            raise self.refuse("quoted_number", tree, place=place, literal=node.value[:40])
        raise self.refuse("needs_number", tree, place=place, kind=KIND_NAMES[node.kind])


def nearest(name: str, names: Sequence[str]) -> str | None:
    """The name that was probably meant; upper and lower case count as one."""
    folded = {other.casefold(): other for other in names}
    near = get_close_matches(name.casefold()[:60], folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


_HANDLERS: Final[dict[type[ast.expr], Callable[[Checker, Any], Node]]] = {
    ast.Constant: Checker.constant,
    ast.Name: Checker.name,
    ast.Attribute: Checker.dotted,
    ast.BoolOp: Checker.logic,
    ast.UnaryOp: Checker.unary,
    ast.BinOp: Checker.binary,
    ast.IfExp: Checker.choice,
    ast.Compare: Checker.compare,
    ast.Call: Checker.call,
    ast.List: Checker.list_outside_in,
    ast.Tuple: Checker.list_outside_in,
}
