"""A rule as a sentence that a nurse understands, in English or Chinese.

Labels stand for OIDs (`{"PLT": "Platelets"}`), for codes when given as `{"SEX=M": "male"}`, and for forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, Literal

from apps.rules.kinds import Kind
from apps.rules.nodes import Node
from apps.rules.phrases import PHRASES
from apps.rules.rule import Rule
from apps.rules.values import as_text

Language = Literal["en", "zh"]
_BEFORE_AFTER: Final = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME})
_STATEMENTS: Final = frozenset({"and", "or", "if", "not"})
_SUMS: Final = frozenset({"+", "-", "*", "/", "**", "neg", "if"})
_MIRROR: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def in_words(rule: Rule, labels: Mapping[str, str], language: Language = "en") -> str:
    """The rule in words, without a full stop; an item without a label appears by its OID."""
    sentence = _Speaker(labels, language).say(rule.node)
    if any(label and sentence.startswith(label) for label in labels.values()):
        return sentence  # a label keeps its own spelling, as in pH
    return sentence[:1].upper() + sentence[1:]


class _Speaker:
    def __init__(self, labels: Mapping[str, str], language: Language) -> None:
        self.labels, self.phrases = labels, PHRASES[language]

    def say(self, node: Node) -> str:
        """Any part; a yes/no value by itself is a statement: "pregnant is yes"."""
        if (node.kind is Kind.BOOL and node.op in ("item", "at", "coalesce")) or _is_line(node):
            return self.phrase("==BOOL", self.value(node), self.phrase("yes"))
        return self.value(node)

    def value(self, node: Node) -> str:
        return _SPEECH[node.op](self, node)

    def phrase(self, key: str, *parts: str) -> str:
        return self.phrases[key].format(*parts)

    def joined(self, word: str, parts: list[str]) -> str:
        return self.phrases[word].join(parts)

    def label(self, oid: str) -> str:
        return self.labels.get(oid, oid)

    def statement(self, node: Node) -> str:
        """A part of a longer statement, in brackets if it is one itself."""
        said = self.say(node)
        plain = node.op == "not" and node.args[0].op not in _STATEMENTS
        return said if plain or node.op not in _STATEMENTS else self.phrase("brackets", said)

    def operand(self, node: Node) -> str:
        said = self.value(node)
        return self.phrase("brackets", said) if node.op in _SUMS else said

    # -- values

    def const(self, node: Node) -> str:
        if isinstance(node.value, bool):
            return self.phrase("yes" if node.value else "no")
        return as_text(node.value)

    def code(self, node: Node, beside: Node) -> str:
        """A constant beside an item, by the label of the code if there is one."""
        if node.op != "const":
            return self.operand(node)
        return self.labels.get(f"{beside.name}={as_text(node.value)}", self.const(node))

    def item(self, node: Node) -> str:
        return self.label(node.name)

    def at(self, node: Node) -> str:
        which, form = node.value
        return self.phrase(which, self.place(node.name, form))

    def place(self, oid: str, form: str | None) -> str:
        return self.phrase("on form", self.label(oid), self.label(form)) if form else self.label(oid)

    def lines(self, node: Node) -> str:
        lines, kind = node.value
        place = self.place(node.name, lines.form)
        if not node.args:
            return self.phrase(f"lines {lines.function}", place)
        beside = Node("item", kind, node.column, name=node.name)
        test = self.pair(place, lines.operator, self.code(node.args[0], beside), kind)
        return self.phrase(f"lines {lines.function} test", test)

    # -- statements

    def logic(self, node: Node) -> str:
        return self.joined(node.op, [self.statement(arg) for arg in node.args])

    def negation(self, node: Node) -> str:
        (arg,) = node.args
        if arg.kind is Kind.BOOL and arg.op in ("item", "at"):
            return self.phrase("==BOOL", self.value(arg), self.phrase("no"))
        if arg.op == "in":
            return self.membership(arg, "not in")
        if arg.op == "missing":
            return self.phrase("not missing", self.operand(arg.args[0]))
        if arg.op == "has":
            return self.membership(arg, "has not")
        return self.phrase("not", self.statement(arg))

    def condition(self, node: Node) -> str:
        then, test, other = node.args
        said = self.say if node.kind is Kind.BOOL else self.value
        return self.phrase("if", said(then), self.say(test), said(other))

    def pair(self, left: str, sign: str, right: str, kind: Kind) -> str:
        family = "DATE" if kind in _BEFORE_AFTER else "BOOL" if kind is Kind.BOOL else "NUMBER"
        key = f"{sign}{family}"
        return self.phrase(key if key in self.phrases else f"{sign}NUMBER", left, right)

    def chain(self, node: Node) -> str:
        first, *rest = node.args
        if len(rest) == 1 and first.op == "const" and rest[0].op != "const":
            return self.compared(rest[0], _MIRROR[node.value[0]], first)
        if len(rest) == 2 and first.op == "const":
            return self.between(first, rest[0], rest[1], node.value)
        pairs = zip(node.args, node.value, rest, strict=False)
        return self.joined("and", [self.compared(left, sign, right) for left, sign, right in pairs])

    def compared(self, left: Node, sign: str, right: Node) -> str:
        return self.pair(self.code(left, right), sign, self.code(right, left), left.kind)

    def between(self, low: Node, middle: Node, high: Node, signs: tuple[str, str]) -> str:
        """`1 <= x <= 36`: "x is at least 1 and at most 36"."""
        first = self.compared(middle, _MIRROR[signs[0]], low)
        second = self.pair("", signs[1], self.operand(high), middle.kind).strip()
        return self.joined("both", [first, second.removeprefix(self.phrase("is"))])

    def membership(self, node: Node, key: str = "in") -> str:
        item, *values = node.args
        return self.phrase(key, self.value(item), self.joined("or values", [self.code(v, item) for v in values]))

    def has(self, node: Node) -> str:
        return self.membership(node, "has")

    def missing(self, node: Node) -> str:
        return self.phrase("missing", self.operand(node.args[0]))

    # -- arithmetic and functions

    def binary(self, node: Node) -> str:
        return self.phrase(node.op, *(self.operand(arg) for arg in node.args))

    def power(self, node: Node) -> str:
        return self.phrase("**", self.operand(node.args[0]), as_text(node.value))

    def call(self, node: Node) -> str:
        if node.name in ("min", "max"):
            return self.phrase(node.name, self.joined("list", [self.value(arg) for arg in node.args]))
        if node.name == "round":
            key = "round 0" if node.args[1].value == Decimal(0) else "round"
            return self.phrase(key, self.operand(node.args[0]), self.value(node.args[1]))
        return self.phrase(node.name, *(self.value(arg) for arg in node.args))

    def coalesce(self, node: Node) -> str:
        *parts, said = [self.value(arg) for arg in node.args]
        for part in reversed(parts):
            said = self.phrase("coalesce", part, said)
        return said


def _is_line(node: Node) -> bool:
    return node.op == "lines" and node.kind is Kind.BOOL and not node.args


_SPEECH: Final[dict[str, Callable[[_Speaker, Node], str]]] = {
    "const": _Speaker.const,
    "item": _Speaker.item,
    "at": _Speaker.at,
    "lines": _Speaker.lines,
    "and": _Speaker.logic,
    "or": _Speaker.logic,
    "not": _Speaker.negation,
    "if": _Speaker.condition,
    "chain": _Speaker.chain,
    "in": _Speaker.membership,
    "has": _Speaker.has,
    "missing": _Speaker.missing,
    "+": _Speaker.binary,
    "-": _Speaker.binary,
    "*": _Speaker.binary,
    "/": _Speaker.binary,
    "neg": _Speaker.binary,
    "**": _Speaker.power,
    "call": _Speaker.call,
    "coalesce": _Speaker.coalesce,
}
