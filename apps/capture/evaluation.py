"""One record evaluated: what is hidden, what is computed, and which checks fire. No database, no clock.

Relevance and computed values are decided on demand, each once, so that the order of items does not matter: an item
that is hidden has no value for any rule, and nothing that is hidden is ever checked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.capture.findings import Finding, findings_of
from apps.capture.paths import is_lines
from apps.capture.scope import SubjectScope
from apps.rules import UNKNOWN, Result, as_text, round_half_up, typed


@dataclass(frozen=True)
class Place:
    """An item in the record or in one line of a group; ``path`` as in the ledger."""

    item: Any
    line: Mapping[str, Any] | None = None

    @property
    def path(self) -> str:
        return self.item.oid if self.line is None else f"{self.item.group.oid}/{self.line['_key']}/{self.item.oid}"

    @property
    def line_key(self) -> str:
        return "" if self.line is None else self.line["_key"]

    @property
    def key(self) -> tuple[str, str]:
        return ("", "") if self.line is None else (self.item.group.oid, self.line["_key"])


@dataclass
class Evaluation:
    """``data`` with computed values in it, ``irrelevant`` paths in the form's order, ``findings`` that fire."""

    data: dict[str, Any]
    irrelevant: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def evaluate(form, data: Mapping[str, Any], around: SubjectScope, *, complete: bool = False) -> Evaluation:
    """Evaluate the record's data within the subject's; ``complete`` also asks for what is required."""
    return RecordEvaluator(form, data, around).run(complete)


class RecordEvaluator:
    """The values of one record while it is decided; the ``live`` part of the subject's scope."""

    def __init__(self, form, data: Mapping[str, Any], around: SubjectScope) -> None:
        self.form, self.data, self.around = form, data, around
        self._shown: dict[str, bool] = {}
        self._values: dict[str, Result] = {}
        self._open: set[str] = set()
        around.live = self

    def run(self, complete: bool) -> Evaluation:
        outcome = Evaluation(data=_copy(self.data))
        targets = lines_of(outcome.data)
        for place in self.places():
            if not self.is_shown(place):
                outcome.irrelevant.append(place.path)
            elif place.item.compute is not None:
                _store(targets[place.key], place.item.oid, as_text(self.result(place)) or None)
        for place in self.places():
            if self.is_shown(place):
                stored = targets[place.key].get(place.item.oid)
                outcome.findings += findings_of(place, stored, self.scope_of(place), complete)
        return outcome

    def places(self) -> Iterator[Place]:
        """Every item of the record, line items once for each active line."""
        for item in self.form.items.values():
            if not item.line:
                yield Place(item)
                continue
            for line in self.data.get(item.group.oid) or []:
                if "_inactive" not in line:
                    yield Place(item, line)

    def scope_of(self, place: Place):
        return self.around if place.line is None else LineScope(self, place.item.group.oid, place.line)

    # -- decided once each

    def is_shown(self, place: Place) -> bool:
        """An unknown ``show_if`` hides."""
        if place.item.show_if is None:
            return True
        path = place.path
        if path not in self._shown:
            if path in self._open:  # a circle: publishing refuses it, and here it hides
                return False
            self._open.add(path)
            self._shown[path] = place.item.show_if.evaluate(self.scope_of(place)) is True
            self._open.discard(path)
        return self._shown[path]

    def result(self, place: Place) -> Result:
        """The typed value, UNKNOWN where it is hidden, missing or cannot be computed."""
        path = place.path
        if path not in self._values:
            mark = f"={path}"
            if mark in self._open:
                return UNKNOWN
            self._open.add(mark)
            self._values[path] = self._decide(place) if self.is_shown(place) else UNKNOWN
            self._open.discard(mark)
        return self._values[path]

    def _decide(self, place: Place) -> Result:
        item = place.item
        if item.compute is None:
            return typed(item.kind, (self.data if place.line is None else place.line).get(item.oid))
        value = item.compute.evaluate(self.scope_of(place))
        if isinstance(value, Decimal) and item.definition.decimals is not None:
            value = round_half_up(value, item.definition.decimals)
        return value

    # -- apps.capture.scope.Live

    def live_value(self, oid: str, /) -> Result:
        item = self.form.items.get(oid)
        return UNKNOWN if item is None or item.line else self.result(Place(item))

    def line_values(self, oid: str, /) -> Sequence[Result]:
        item = self.form.items[oid]
        lines = self.data.get(item.group.oid) or []
        return [self.result(Place(item, line)) for line in lines if "_inactive" not in line]


class LineScope:
    """The record seen from one line: the line's own items need no selector."""

    def __init__(self, evaluator: RecordEvaluator, group: str, line: Mapping[str, Any]) -> None:
        self._evaluator, self._group, self._line = evaluator, group, line

    def value(self, oid: str, /) -> Result:
        item = self._evaluator.form.items.get(oid)
        if item is not None and item.line and item.group.oid == self._group:
            return self._evaluator.result(Place(item, self._line))
        return self._evaluator.around.value(oid)

    def at_visit(self, oid: str, which: str, form: str | None, /) -> Result:
        return self._evaluator.around.at_visit(oid, which, form)

    def repeats(self, oid: str, form: str | None, /) -> Sequence[Result]:
        return self._evaluator.around.repeats(oid, form)


def _copy(data: Mapping[str, Any]) -> dict[str, Any]:
    """Deep enough to store computed values without touching what was given."""
    return {
        name: [dict(line) if isinstance(line, dict) else line for line in value] if isinstance(value, list) else value
        for name, value in data.items()
    }


def lines_of(data: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """(group, line key) → the line, ("", "") → the record itself; so that each line costs the same."""
    targets = {("", ""): data}
    for name, value in data.items():
        if is_lines(value):
            targets |= {(name, line["_key"]): line for line in value}
    return targets


def _store(target: dict[str, Any], oid: str, value: Any) -> None:
    if value is None:
        target.pop(oid, None)
    else:
        target[oid] = value
