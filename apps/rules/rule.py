"""A compiled rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.rules.calls import call
from apps.rules.check import Checker
from apps.rules.compile import build
from apps.rules.errors import refusal
from apps.rules.kinds import KIND_NAMES, Kind, Result, Schema
from apps.rules.nodes import Elsewhere, Node
from apps.rules.parse import Source
from apps.rules.scope import Scope
from apps.rules.unknown import UNKNOWN

_WORDS: Final = frozenset({Kind.TEXT, Kind.CHOICE})
_SELECTORS: Final = frozenset({"at", "lines"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """What came out and the values that were read for it, in the order of reading, each once.

    A value of another visit is named `baseline(PLT)`; of all lines by the item, `AE.AESER`, as a tuple.
    """

    result: Result
    used: list[tuple[str, Any]]

    @property
    def missing(self) -> list[str]:
        """The names whose values are not known."""
        return [name for name, value in self.used if value is UNKNOWN or (type(value) is tuple and UNKNOWN in value)]


class Rule:
    """An expression that is checked and ready; immutable, safe to share between threads.

    `text`: as written. `kind`: of its result. `items`: the OIDs it reads in the current record or visit.
    `elsewhere`: what it reads from other visits or from all lines.
    """

    __slots__ = ("_run", "elsewhere", "items", "kind", "node", "text")

    def __init__(self, text: str, node: Node) -> None:
        self.text, self.node, self.kind = text, node, node.kind
        parts = list(node.walk())
        self.items = frozenset(part.name for part in parts if part.op == "item")
        self.elsewhere = frozenset(_elsewhere(part) for part in parts if part.op in _SELECTORS)
        self._run = build(node)

    def __repr__(self) -> str:
        return f"<Rule {self.text!r}>"

    def evaluate(self, scope: Scope) -> Result:
        """The value, or UNKNOWN; no values of the right kinds make it raise."""
        try:
            result: Result = self._run(scope)
        except ArithmeticError:  # the last resort: every operation already answers for itself
            return UNKNOWN
        return result

    def explain(self, scope: Scope) -> Explanation:
        """The value with the values that it was made of; what the result did not need is not named."""
        recorder = _Recorder(scope)
        result = self.evaluate(recorder)
        return Explanation(result, list(recorder.used.items()))


def compile_rule(text: str, schema: Schema, *, expect: Kind | None = None) -> Rule:
    """The rule of this text; RuleError names the place when it cannot be read, is unsafe or makes no sense.

    `expect` is the kind that the result must have (a text and a choice stand for one another).
    """
    source = Source(text)
    checker = Checker(source, schema, call)
    node = checker.node(source.tree)
    if expect is not None and node.kind is not expect and not {node.kind, expect} <= _WORDS:
        given, expected = KIND_NAMES[node.kind], KIND_NAMES[expect]
        raise refusal("expected", text, source.column(source.tree), given=given, expected=expected)
    return Rule(text, node)


def _elsewhere(part: Node) -> Elsewhere:
    if part.op == "at":
        return Elsewhere(part.name, part.value.which, part.value.form)
    lines, _ = part.value
    return Elsewhere(part.name, lines.function, lines.form)


class _Recorder:
    """A scope that notes what is read from another."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.used: dict[str, Any] = {}

    def value(self, oid: str, /) -> Result:
        return self._note(oid, self._scope.value(oid))

    def at_visit(self, oid: str, which: Any, form: str | None, /) -> Result:
        name = f"{form}.{oid}" if form else oid
        return self._note(f"{which}({name})", self._scope.at_visit(oid, which, form))

    def repeats(self, oid: str, form: str | None, /) -> Sequence[Result]:
        values = self._scope.repeats(oid, form)
        self.used[f"{form}.{oid}" if form else oid] = tuple(values)
        return values

    def _note(self, name: str, value: Result) -> Result:
        self.used[name] = value
        return value
