"""Values at which a subject is eligible, is not, or cannot be assessed: found by trying, so any protocol can be asked.

First facts that nothing else depends on (birth, sex, diagnosis) are drawn until the criteria that read only them agree;
then the screening forms are filled, and what the remaining criteria read is drawn again until they agree too.
"""

import datetime as dt
import math
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from apps.enrolment.assessing import Assessment
from apps.enrolment.models import Verdict
from apps.rules import Rule, typed
from apps.studies.protocol import CompiledItem, Protocol
from trialcapture.simulation import generic
from trialcapture.simulation.answers import ANSWERS
from trialcapture.simulation.chart import Chart, Spot, Values
from trialcapture.simulation.filling import Visitor, fill

BIRTH, SEX, CONSENT, DIAGNOSIS = "BRTHDAT", "SEX", "RFICDAT", "DXISSVA"
DRAWS, ROUNDS, TRIES = 600, 5, 14
OLDEST = 80 * 365  # days
NUMBER = re.compile(r"(?<![A-Za-z0-9_])\d+(?:\.\d+)?")
# how far a verdict is from the one that is wanted
FAR: dict[Verdict, int] = {Verdict.MET: 0, Verdict.NOT_ASSESSABLE: 1, Verdict.NOT_MET: 2}


@dataclass(frozen=True)
class Goal:
    """What screening is to come to. ``broken``: the criterion that must not be met; ``raised``: the open question."""

    broken: str = ""
    raised: str = ""

    def distance(self, found: Assessment) -> int:
        """0 when it is reached to the letter. A question that is raised leaves no criterion not met."""
        if self.raised:
            refused = sum(result.verdict == Verdict.NOT_MET for result in found.results)
            return refused + (self.raised not in found.raised) * 2
        others = sum(FAR[Verdict(result.verdict)] for result in found.results if result.code != self.broken)
        return others + 10 * self._from_broken(found)

    def is_reached(self, found: Assessment) -> bool:
        """A broken criterion may take others with it."""
        return self._from_broken(found) == 0 if self.broken else self.distance(found) == 0

    def _from_broken(self, found: Assessment) -> int:
        return sum(FAR[Verdict.NOT_MET] - FAR[Verdict(r.verdict)] for r in found.results if r.code == self.broken)


def inputs_of(protocol: Protocol, rules: Iterable[Rule | None]) -> set[str]:
    """The typed items that the rules come down to, through everything that is computed or shown by others."""
    wanted = [rule for rule in rules if rule is not None]
    seen: set[str] = set()
    typed_items: set[str] = set()
    while wanted:
        rule = wanted.pop()
        for oid in rule.items | {part.oid for part in rule.elsewhere}:
            if oid in seen or oid not in protocol.items:
                continue
            seen.add(oid)
            item = protocol.items[oid]
            wanted += [one for one in (item.compute, item.show_if) if one is not None]
            if item.compute is None:
                typed_items.add(oid)
    return typed_items


# -- the facts that everything else follows


def choose_facts(protocol: Protocol, goal: Goal, rng: random.Random, on: dt.date) -> Values | None:
    """Birth, sex and diagnosis that the criteria about nothing else accept; None where none was found."""
    judges = _judges_of_facts(protocol, goal)
    for _ in range(DRAWS):
        facts = _facts(protocol, rng, on)
        chart = Chart(protocol)
        dated = {CONSENT: on.isoformat()} if CONSENT in protocol.items else {}
        scope = chart.scope(
            overrides={oid: typed(protocol.items[oid].kind, value) for oid, value in {**facts, **dated}.items()}
        )
        if all(rule.evaluate(scope) is wanted for rule, wanted in judges):
            return facts
    return None


def _facts(protocol: Protocol, rng: random.Random, on: dt.date) -> Values:
    """Ages are drawn so that a month of an infant's life is as likely as some years of a grown person's."""
    age = int(math.exp(rng.uniform(math.log(28), math.log(OLDEST))))
    facts = {BIRTH: (on - dt.timedelta(days=age)).isoformat(), SEX: rng.choice("MF")}
    if DIAGNOSIS in protocol.items:
        codes = protocol.codelists[protocol.items[DIAGNOSIS].definition.codelist or ""]
        facts[DIAGNOSIS] = rng.choice([*codes, "KHE", "KHE", "KHE", "KHE", "KHE", "KHE"] if "KHE" in codes else list(codes))
    return {oid: value for oid, value in facts.items() if oid in protocol.items}


def _judges_of_facts(protocol: Protocol, goal: Goal) -> list[tuple[Rule, bool]]:
    known = {BIRTH, SEX, CONSENT, DIAGNOSIS}
    judges = []
    overridden = {code for one in protocol.questions if one.definition.code == goal.raised for code in one.definition.about}
    for criterion in protocol.criteria:
        definition = criterion.definition
        if definition.code in overridden:
            continue
        if inputs_of(protocol, [criterion.rule]) <= known:
            judges.append((criterion.rule, (definition.kind == "inclusion") is (definition.code != goal.broken)))
    for question in protocol.questions:
        if question.rule is not None and inputs_of(protocol, [question.rule]) <= known:
            judges.append((question.rule, question.definition.code == goal.raised))
    return judges


# -- the screening forms


@dataclass
class Draft:
    """The screening forms in the order in which they are saved, and what is typed into each."""

    visitor: Visitor
    spots: list[Spot]
    values: dict[str, Values] = field(default_factory=dict)

    def write(self) -> None:
        for spot in self.spots:
            filled = fill(self.visitor, spot, ANSWERS, careful=spot.form_oid in self.decisive())
            self.values[spot.form_oid] = filled.values
            self.visitor.chart.put(spot, filled.outcome)

    def decisive(self) -> set[str]:
        """The forms that a criterion reads: nothing may be missing there."""
        protocol = self.visitor.chart.protocol
        return {protocol.items[oid].form_oid for oid in inputs_of(protocol, _eligibility_rules(protocol))}

    def tried(self, spot: Spot, values: Values) -> tuple[Chart, int, Values]:
        """The chart as it would be with these values in one form, how often its hard checks fire, what is shown of them."""
        chart = self.visitor.chart.copy()
        outcome = chart.evaluate(spot, values)
        shown = {name: value for name, value in values.items() if name not in outcome.irrelevant}
        if shown != values:
            outcome = chart.evaluate(spot, shown)
        chart.put(spot, outcome)
        return chart, sum(finding.is_hard for finding in outcome.findings), shown


def _eligibility_rules(protocol: Protocol) -> list[Rule | None]:
    return [one.rule for one in protocol.criteria] + [
        one.rule for one in protocol.questions if one.definition.effect == "not_assessable"
    ]


def fit(draft: Draft, goal: Goal) -> bool:
    """Change what the criteria read until screening comes to the goal; whether it did.

    What was decided is kept in ``visitor.given``, the forms are filled around it once more, and checked again.
    """
    for _ in range(4):
        draft.write()
        found = draft.visitor.chart.assess()
        if goal.distance(found) == 0 or (goal.is_reached(found) and goal.broken):
            return True
        _climb(draft, goal)
        if goal.is_reached(draft.visitor.chart.assess()) and _is_settled(draft):
            return True
    return goal.is_reached(draft.visitor.chart.assess())


def _is_settled(draft: Draft) -> bool:
    """No required item was hidden when the form was filled and is asked now."""
    return all(
        not any(
            finding.severity == "required"
            for finding in draft.visitor.chart.evaluate(spot, draft.values[spot.form_oid]).findings
        )
        for spot in draft.spots
        if spot.form_oid in draft.decisive()
    )


def _climb(draft: Draft, goal: Goal) -> None:
    """Change one item after the other as long as that brings the goal nearer."""
    protocol = draft.visitor.chart.protocol
    best = goal.distance(draft.visitor.chart.assess())
    for _ in range(ROUNDS):
        moved = False
        for oid in _suspects(draft, goal):
            step = _best_value(draft, goal, protocol.items[oid], best)
            if step is not None:
                best, moved = step, True
            if best == 0:
                return
        if not moved:
            return


def _suspects(draft: Draft, goal: Goal) -> list[str]:
    """Items that the criteria (or the question) in the way read, in an order drawn anew."""
    protocol = draft.visitor.chart.protocol
    found = {result.code: result for result in draft.visitor.chart.assess().results}
    rules = [one.rule for one in protocol.criteria if _is_wrong(found[one.definition.code], goal)]
    rules += [one.rule for one in protocol.questions if one.rule and (one.definition.code == goal.raised or not goal.raised)]
    there = {spot.form_oid for spot in draft.spots}
    names = sorted(oid for oid in inputs_of(protocol, rules) if protocol.items[oid].form_oid in there)
    draft.visitor.rng.shuffle(names)
    return [oid for oid in names if oid not in (BIRTH, CONSENT)]


def _is_wrong(result: Any, goal: Goal) -> bool:
    return result.verdict != (Verdict.NOT_MET if result.code == goal.broken else Verdict.MET)


def _best_value(draft: Draft, goal: Goal, item: CompiledItem, best: int) -> int | None:
    """The first value that brings the goal nearer without breaking a hard check; taken over when there is one."""
    spot = next(one for one in draft.spots if one.form_oid == item.form_oid)
    before = draft.values[spot.form_oid]
    _same, hard, _shown = draft.tried(spot, before)
    for value in _candidates(draft.visitor, item, before):
        values = _with(before, item, value)
        chart, hard_now, shown = draft.tried(spot, values)
        distance = goal.distance(chart.assess())
        if distance < best and hard_now <= hard:
            draft.values[spot.form_oid] = shown
            draft.visitor.chart = chart
            draft.visitor.given[item.group.oid if item.line else item.oid] = shown.get(
                item.group.oid if item.line else item.oid
            )
            _remember(draft.visitor, item, value)
            return distance
    return None


def _remember(visitor: Visitor, item: CompiledItem, value: Any) -> None:
    """A laboratory value that was chosen is the disease's, so later ones start from it."""
    if item.definition.analyte and isinstance(value, str):
        visitor.patient.anchors[item.definition.analyte] = (visitor.on, float(value))


def _with(values: Values, item: CompiledItem, value: Any) -> Values:
    if not item.line:
        return {**values, item.oid: value}
    lines = values.get(item.group.oid) or [{"_key": "line1"}]
    return {**values, item.group.oid: [{**lines[0], item.oid: value}, *lines[1:]]}


def _candidates(visitor: Visitor, item: CompiledItem, values: Values) -> list[Any]:
    maker: Callable[..., list[Any]] | None = {
        "yesno": _yes_no,
        "choice": _codes,
        "choices": _codes_alone,
        "decimal": _numbers,
        "integer": _numbers,
        "date": _dates,
    }.get(item.definition.type)
    return maker(visitor, item, values) if maker else []


def _yes_no(visitor: Visitor, item: CompiledItem, values: Values) -> list[Any]:
    return ["N", "Y"]


def _codes(visitor: Visitor, item: CompiledItem, values: Values) -> list[Any]:
    return visitor.rng.sample(visitor.codes(item), len(visitor.codes(item)))


def _codes_alone(visitor: Visitor, item: CompiledItem, values: Values) -> list[Any]:
    return [[code] for code in _codes(visitor, item, values)]


def _numbers(visitor: Visitor, item: CompiledItem, values: Values) -> list[Any]:
    """Around the numbers that the criteria name, and around what stands there now; the bounds themselves last."""
    protocol, rng = visitor.chart.protocol, visitor.rng
    low, high = generic.bounds(item.definition)
    named = {float(n) for rule in _eligibility_rules(protocol) if rule for n in NUMBER.findall(rule.text)}
    now = values.get(item.oid)
    around = [float(now)] if isinstance(now, str) else []
    tried = [c * rng.uniform(0.15, 0.95) for c in named] + [c * rng.uniform(1.03, 1.7) for c in named]
    tried += [c * factor for c in around for factor in (0.97, 0.9, 0.8, 0.7, 0.5, 1.03, 1.1, 1.3, 1.6)]
    tried += [rng.uniform(low, high) for _ in range(TRIES // 2)]
    rng.shuffle(tried)
    return [generic.number_text(value, item.definition) for value in [*tried, *sorted(named)] if low <= value <= high]


def _dates(visitor: Visitor, item: CompiledItem, values: Values) -> list[Any]:
    """Some day of the person's life."""
    lived = max(visitor.patient.age_days(visitor.on), 2)
    days = [int(math.exp(visitor.rng.uniform(0, math.log(min(lived, 4000))))) for _ in range(TRIES)]
    return [(visitor.on - dt.timedelta(days=day)).isoformat() for day in [*days, 0]]
