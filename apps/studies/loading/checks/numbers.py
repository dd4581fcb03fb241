"""Numbers that must fit one another (ranges, factors, doses, blocks), and patterns that can be read."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

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
    _blocks(findings)


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


def _blocks(findings: Findings) -> None:
    plan = findings.definition.randomization
    ratio = sum(arm.ratio for arm in findings.definition.arms)
    for index, size in enumerate(plan.block_sizes if plan else ()):
        if size < 1 or size % ratio:
            words = f"a block of {size} cannot be balanced: the arms' ratios add up to {ratio}, so sizes are its multiples"
            findings.add(("randomization", "block_sizes", index), words)
