"""Numbers that must fit one another (ranges, factors, doses, blocks), and patterns that can be read."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from apps.common.numbering import number_of
from apps.common.permissions import Role
from apps.studies.definition import RandomizationPlan
from apps.studies.definition.base import Interval
from apps.studies.loading.checks.findings import Findings
from apps.studies.loading.places import Path


def check_numbers(findings: Findings) -> None:
    for path, (_, _, item) in findings.items():
        if item.range and item.range.soft and item.range.hard and not _holds(item.range.hard, item.range.soft):
            words = f"item {item.oid}: the soft range {item.range.soft} must lie within the hard range {item.range.hard}"
            findings.add((*path, "range"), words)
        _pattern(findings, (*path, "pattern"), item.pattern)
        for unit, factor in item.unit_choices.items():
            _positive(findings, (*path, "unit_choices", unit), factor, f"the factor from {unit} to {item.unit}")
        if item.type == "computed" and item.result == "number" and item.decimals is None:
            words = f"item {item.oid} computes a number and declares no decimals, so it is not rounded; add decimals: …"
            findings.warn(path, words)
    _doses(findings)
    _patterns(findings)
    _randomization(findings)


def _pattern(findings: Findings, path: Path, pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError) as error:
        findings.add(path, f"“{pattern}” is no regular expression ({error})")


def _holds(outer: Interval, inner: Interval) -> bool:
    low = outer.low is None or (inner.low is not None and inner.low >= outer.low)
    high = outer.high is None or (inner.high is not None and inner.high <= outer.high)
    return low and high


def _positive(findings: Findings, path: Path, text: str, what: str) -> None:
    try:
        fits = Decimal(text).is_finite() and Decimal(text) > 0
    except InvalidOperation:
        fits = False
    if not fits:
        findings.add(path, f"{what} is “{text}”; write a number above zero, such as 0.8")


def _doses(findings: Findings) -> None:
    dosing = findings.definition.dosing
    for index, start in enumerate(dosing.start if dosing else ()):
        _positive(findings, ("dosing", "start", index, "amount"), start.amount, "the dose")


def _patterns(findings: Findings) -> None:
    for index, site in enumerate(findings.definition.sites):
        try:
            number_of(site.subject_pattern, site.code, 1)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            words = f"“{site.subject_pattern}” makes no number ({error}); write for example {{site}}-{{seq:03d}}-{{check}}"
            findings.add(("sites", index, "subject_pattern"), words)


def _randomization(findings: Findings) -> None:
    plan = findings.definition.randomization
    if plan is None:
        return
    ratios = [arm.ratio for arm in findings.definition.arms]
    if plan.method == "permuted_blocks":
        _blocks(findings, plan, sum(ratios))
    elif plan.block_sizes:
        findings.add(("randomization", "block_sizes"), f"{plan.method} has no blocks; remove block_sizes")
    if plan.method == "minimization":
        if not plan.strata:
            findings.add(("randomization", "strata"), "minimization balances factors; name at least one in strata")
        if not Fraction(min(ratios), sum(ratios)) < Fraction(plan.coin):
            words = f"a coin of {plan.coin} is no bias; it must be above {Fraction(min(ratios), sum(ratios))}"
            findings.add(("randomization", "coin"), words)
    elif plan.weights:
        findings.add(("randomization", "weights"), f"{plan.method} weighs nothing; remove weights")


def _blocks(findings: Findings, plan: RandomizationPlan, unit: int) -> None:
    """``unit``: the sum of the ratios."""
    if not plan.block_sizes:
        findings.add(("randomization", "method"), "permuted_blocks needs block_sizes, for example [4, 6]")
    for index, size in enumerate(plan.block_sizes):
        if size < 1 or size % unit:
            words = f"a block of {size} cannot be balanced: the arms' ratios add up to {unit}, so sizes are its multiples"
            findings.add(("randomization", "block_sizes", index), words)
    if plan.block_sizes and _is_predictable(findings, plan, unit):
        words = (
            "who randomizes knows the arms given so far, and can tell the last ones of blocks as small as these, or all of "
            f"one size; use several sizes up to {3 * unit} or more, or minimization"
        )
        findings.warn(("randomization", "block_sizes"), words)


def _is_predictable(findings: Findings, plan: RandomizationPlan, unit: int) -> bool:
    """One size, or none of three times the ratios' sum, where a person who randomizes is not blinded."""
    blinded = set(findings.definition.blinding.blinded)
    sees = not {Role.COORDINATOR.value, Role.INVESTIGATOR.value} <= blinded
    return sees and (len(set(plan.block_sizes)) == 1 or max(plan.block_sizes) < 3 * unit)
