"""One form filled as a site would fill it: answers of the person, else of the definition, until its rules are content.

What a rule hides is left out, what is computed is not typed. Checks that would fire are put right (a site that enters
nonsense is rare), except for a few that are left for the queries.
"""

import datetime as dt
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from apps.capture.evaluation import Evaluation
from apps.studies.protocol import CompiledForm, CompiledItem
from trialcapture.simulation import generic
from trialcapture.simulation.chart import Chart, Spot, Values
from trialcapture.simulation.patient import Patient

OPTIONAL_FILLED, MISSING, OVERLOOKED, SOFT_LEFT = 0.82, 0.012, 0.004, 0.25
ROUNDS, TRIES = 4, 14
KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass
class Visitor:
    """Who is filled in about, when and where: what answers are made of. ``given``: values that were decided before."""

    patient: Patient
    chart: Chart
    rng: random.Random
    on: dt.date
    language: str = "en"
    given: Values = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def codes(self, item: CompiledItem) -> list[str]:
        return list(self.chart.protocol.codelists.get(item.definition.codelist or "", {}))


Answer = Callable[[Visitor, CompiledItem, Values], Any]


@dataclass
class Filled:
    """What is typed (``values``, as ``save_record`` takes them) and what the rules make of it."""

    values: Values
    outcome: Evaluation

    @property
    def blocks(self) -> bool:
        return any(finding.is_hard for finding in self.outcome.findings)


def fill(visitor: Visitor, spot: Spot, answers: dict[str, Answer], *, careful: bool = False) -> Filled:
    """The form's values at that place. ``careful``: everything that is asked, nothing missing, no check left firing."""
    form = spot.form(visitor.chart.protocol)
    values = _drafted(visitor, form, answers, careful)
    values, outcome = _without_hidden(visitor, spot, values)
    for _ in range(ROUNDS):
        wrong = _to_put_right(visitor, outcome, careful)
        if not wrong:
            break
        values, outcome = _put_right(visitor, spot, values, outcome, wrong, answers)
    return Filled(values, outcome)


def _drafted(visitor: Visitor, form: CompiledForm, answers: dict[str, Answer], careful: bool) -> Values:
    values: Values = {}
    for item in form.items.values():
        if item.line or not _is_typed(item):
            continue
        values[item.oid] = _answer(visitor, item, values, answers, careful)
    for group in {item.group.oid: item.group for item in form.items.values() if item.line}.values():
        items = [form.items[one.oid] for one in group.items if _is_typed(form.items[one.oid])]
        values[group.oid] = _lines(visitor, group.oid, items, values, answers)
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _is_typed(item: CompiledItem) -> bool:
    return item.compute is None and item.definition.type not in ("note", "file")


def _answer(visitor: Visitor, item: CompiledItem, values: Values, answers: dict[str, Answer], careful: bool) -> Any:
    if item.oid in visitor.given:
        return visitor.given[item.oid]
    rng = visitor.rng
    if item.oid in answers:
        return answers[item.oid](visitor, item, values)
    if not careful and not item.definition.required and rng.random() > OPTIONAL_FILLED:
        return None
    value = _by_nature(visitor, item)
    return value if careful else _perhaps_missing(visitor, item, value)


def _by_nature(visitor: Visitor, item: CompiledItem) -> Any:
    definition = item.definition
    if definition.analyte:
        measured = visitor.patient.result(definition.analyte, visitor.on)
        if measured is not None:
            return generic.number_text(measured, definition)
    return generic.value_for(definition, visitor.codes(item), visitor.rng, visitor.on, visitor.language)


def _perhaps_missing(visitor: Visitor, item: CompiledItem, value: Any) -> Any:
    """A code, or nothing at all, for a few values; never for what dates the form or the subject."""
    if item.definition.milestone or item.definition.type in ("date", "choice"):
        return value
    draw = visitor.rng.random()
    if draw < MISSING:
        return {"missing": visitor.rng.choice(("ND", "ND", "UNK", "NA"))}
    return None if draw < MISSING + OVERLOOKED else value


def _lines(
    visitor: Visitor, group: str, items: list[CompiledItem], values: Values, answers: dict[str, Answer]
) -> list[Values]:
    if group in visitor.given:
        return visitor.given[group]
    lines = []
    for _ in range(visitor.rng.choice((1, 1, 2, 3))):
        line: Values = {"_key": "".join(visitor.rng.choices(KEYS, k=10))}
        for item in items:
            line[item.oid] = _answer(visitor, item, {**values, **line}, answers, careful=True)
        lines.append({name: value for name, value in line.items() if value not in (None, "", [])})
    return lines


# -- what the rules say to it


def _without_hidden(visitor: Visitor, spot: Spot, values: Values) -> tuple[Values, Evaluation]:
    """Until nothing is left that a rule hides: a hidden item takes no value."""
    outcome = visitor.chart.evaluate(spot, values)
    for _ in range(ROUNDS):
        kept = _drop(values, outcome.irrelevant)
        if kept == values:
            break
        values = kept
        outcome = visitor.chart.evaluate(spot, values)
    return values, outcome


def _drop(values: Values, paths: Iterable[str]) -> Values:
    hidden = set(paths)
    kept: Values = {}
    for name, value in values.items():
        if name in hidden:
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = [{k: v for k, v in line.items() if f"{name}/{line['_key']}/{k}" not in hidden} for line in value]
            # a line of which nothing is shown was not typed
            value = [line for line in value if len(line) > 1]
            if not value:
                continue
        kept[name] = value
    return kept


def _to_put_right(visitor: Visitor, outcome: Evaluation, careful: bool) -> list:
    """Hard checks always, required items when careful, most of the soft ones; which soft ones is drawn once a form."""
    is_left = not careful and visitor.rng.random() < SOFT_LEFT
    return [
        one
        for one in outcome.findings
        if one.is_hard or (careful and one.severity == "required") or (one.severity == "soft" and not is_left)
    ]


def _put_right(
    visitor: Visitor, spot: Spot, values: Values, outcome: Evaluation, wrong: list, answers
) -> tuple[Values, Evaluation]:
    """Draw again what a firing check reads, as long as that makes fewer checks fire."""
    form = spot.form(visitor.chart.protocol)
    for finding in wrong:
        for item in _read_by(form, finding):
            better = _redrawn(visitor, spot, values, outcome, item, finding.line_key, answers)
            if better is not None:
                values, outcome = better
                break
    return values, outcome


def _read_by(form: CompiledForm, finding) -> list[CompiledItem]:
    """The item itself, then the others of this form that its check reads."""
    item = form.items[finding.item_oid]
    checks = [check.rule.items for check in item.checks if check.definition.oid == finding.check_oid]
    names = [item.oid, *(name for rule in checks for name in sorted(rule) if name != item.oid)]
    return [form.items[name] for name in names if name in form.items and _is_typed(form.items[name])]


def _redrawn(visitor, spot, values, outcome, item, line_key, answers) -> tuple[Values, Evaluation] | None:
    for attempt in range(TRIES):
        # the person's own answer first; where that cannot be right, any that the definition allows
        own = answers[item.oid](visitor, item, values) if item.oid in answers and attempt < 3 else None
        value = own if own is not None else _variant(visitor, item, attempt)
        tried, result = _without_hidden(visitor, spot, _with(values, item, line_key, value))
        if _weight(result) < _weight(outcome):
            return tried, result
    return None


def _variant(visitor: Visitor, item: CompiledItem, attempt: int) -> Any:
    if item.definition.type == "yesno":
        return "YN"[attempt % 2]
    if item.definition.type == "choice":
        codes = visitor.codes(item)
        return codes[attempt % len(codes)]
    if item.definition.type == "date":
        return (visitor.on - dt.timedelta(days=(0, 1, 7, 30, 90, 365)[attempt % 6])).isoformat()
    return generic.value_for(item.definition, visitor.codes(item), visitor.rng, visitor.on, visitor.language)


def _with(values: Values, item: CompiledItem, line_key: str, value: Any) -> Values:
    if not item.line:
        return {**values, item.oid: value}
    group = item.group.oid
    lines = [{**line, item.oid: value} if line["_key"] == line_key else line for line in values.get(group, [])]
    return {**values, group: lines}


def _weight(outcome: Evaluation) -> int:
    return sum({"hard": 100, "required": 3}.get(one.severity, 1) for one in outcome.findings)
