"""Every rule compiles, gives what is needed, and computed items and conditions do not go in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from apps.rules import Kind, Rule, RuleError, Schema, compile_rule
from apps.studies.compiling import RESULTS, Standing, schema_at, schema_of
from apps.studies.loading.checks.findings import Findings
from apps.studies.loading.places import Path

# selectors that look at other visits only: reading an item there is no circle
OTHER_VISITS = frozenset(("baseline", "previous"))


class Written(NamedTuple):
    path: Path
    text: str
    schema: Schema
    expect: Kind


def check_rules(findings: Findings) -> None:
    schema = schema_of(findings.definition.forms, findings.definition.codelists)
    depends: dict[str, set[str]] = {}
    for path, place in findings.items():
        for written in _of_item(path, place, schema):
            rule = _compiled(findings, written)
            if rule and written.path[-1] in {"compute", "show_if"}:
                depends.setdefault(place.item.oid, set()).update(_reads(rule, schema))
    for written in _of_study(findings, schema):
        _compiled(findings, written)
    _circles(findings, depends)


def _of_item(path: Path, place: Standing, schema: Schema) -> Iterator[Written]:
    here, item = schema_at(schema, place.form, place.group), place.item
    if item.show_if:
        yield Written((*path, "show_if"), item.show_if, here, Kind.BOOL)
    if item.compute:
        yield Written((*path, "compute"), item.compute, here, RESULTS[item.result])
    for index, check in enumerate(item.checks):
        yield Written((*path, "checks", index, "rule"), check.rule, here, Kind.BOOL)


def _of_study(findings: Findings, schema: Schema) -> Iterator[Written]:
    study = findings.definition
    for index, criterion in enumerate(study.eligibility):
        yield Written(("eligibility", index, "rule"), criterion.rule, schema, Kind.BOOL)
    parts: list[tuple[str, list[Any]]] = [("visits", study.visits), ("questions", study.questions)]
    for key, elements in parts:
        for index, element in enumerate(elements):
            if element.when:
                yield Written((key, index, "when"), element.when, schema, Kind.BOOL)
    if study.dosing:
        for key in ("start", "targets"):
            for index, element in enumerate(getattr(study.dosing, key)):
                if element.when:
                    yield Written(("dosing", key, index, "when"), element.when, schema, Kind.BOOL)


def _compiled(findings: Findings, written: Written) -> Rule | None:
    try:
        return compile_rule(written.text, written.schema, expect=written.expect)
    except RuleError as error:
        if not (error.code.startswith("unknown_item") and error.params.get("name") in findings.lost):
            place = f"at character {error.column} of “{_around(error)}”"
            findings.add(written.path, f"{error.message} ({place})")
        return None


def _around(error: RuleError) -> str:
    text = " ".join(error.text.split())
    return text if len(text) <= 80 else text[:77] + "…"


def _reads(rule: Rule, schema: Schema) -> set[str]:
    """The items whose value in the same place the rule needs."""
    reads = set(rule.items)
    for oid, selector, form in rule.elsewhere:
        spec = schema.get(oid, form)
        if selector not in OTHER_VISITS and spec is not None and spec.repeating:
            reads.add(oid)
    return reads


def _circles(findings: Findings, depends: dict[str, set[str]]) -> None:
    """One problem for each circle, at the first of its items in the file."""
    told: set[frozenset[str]] = set()
    for path, (_, _, item) in findings.items():
        circle = find_circle(item.oid, depends)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            ways = " → ".join([*circle, circle[0]])
            words = f"items depend on one another in a circle: {ways}; let one of them not need the others"
            findings.add((*path, "compute" if item.compute else "show_if"), words)


def find_circle(start: str, depends: dict[str, set[str]]) -> list[str]:
    """The shortest way from an item back to itself, or nothing."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop(0)
        for oid in sorted(depends.get(way[-1], ())):
            if oid == start:
                return way
            if oid not in seen:
                seen.add(oid)
                ways.append([*way, oid])
    return []
