"""Each name once: items of the study, codes of a list, elements of a kind."""

from __future__ import annotations

from apps.studies.compiling import type_of
from apps.studies.loading.checks.findings import Findings
from apps.studies.loading.places import Path

KINDS = (
    ("arms", "code", "arm"),
    ("eligibility", "code", "criterion"),
    ("questions", "code", "question"),
    ("cycles", "code", "cycle"),
    ("visits", "code", "visit"),
    ("outcomes", "code", "outcome"),
    ("sites", "code", "site"),
    ("forms", "oid", "form"),
    ("codelists", "oid", "code list"),
)


# what tells who somebody is belongs to no form
IDENTIFYING = frozenset(
    ("NAME", "SUBJNAME", "PATNAME", "PHONE", "TEL", "MOBILE", "ADDRESS", "EMAIL", "IDCARD", "IDNO", "MRN")
)


def check_names(findings: Findings) -> None:
    for key, attribute, noun in KINDS:
        elements = getattr(findings.definition, key)
        _once(findings, (key,), [getattr(element, attribute) for element in elements], noun)
    for c, codelist in enumerate(findings.definition.codelists):
        noun = f"code list {codelist.oid}: the code"
        _once(findings, ("codelists", c, "codes"), [code.code for code in codelist.codes], noun)
    for f, form in enumerate(findings.definition.forms):
        _once(findings, ("forms", f, "groups"), [group.oid for group in form.groups], f"form {form.oid}: the group")
    _items_once(findings)
    _identifiers(findings)
    _checks_once(findings)


def _once(findings: Findings, path: Path, names: list[str], noun: str) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            where = findings.where((*path, first[name]))
            findings.add((*path, index), f"{noun} {name} stands twice, first at {where}; give one of them another name")
        first.setdefault(name, index)


def _items_once(findings: Findings) -> None:
    """An item stands in exactly one form, once; two of one name and different types are named so."""
    first: dict[str, Path] = {}
    places = dict(findings.items())
    for path, (_, _, item) in places.items():
        if item.oid not in first:
            first[item.oid] = path
            continue
        other = places[first[item.oid]]
        where = findings.where(first[item.oid])
        here, there = type_of(item), type_of(other.item)
        kinds = f" as {there}, here as {here}" if here != there else f" ({here})"
        advice = "an item stands in exactly one form, once: give the new meaning a new OID"
        findings.add(path, f"item {item.oid} stands already in form {other.form.oid} at {where}{kinds}; {advice}")


def _identifiers(findings: Findings) -> None:
    for path, (_, _, item) in findings.items():
        if item.oid in IDENTIFYING:
            words = f"{item.oid} looks like a direct identifier; clinical data hold none: see identification_list"
            findings.warn(path, words)


def _checks_once(findings: Findings) -> None:
    first: dict[tuple[str, str], Path] = {}
    for item_path, (form, _, item) in findings.items():
        for index, check in enumerate(item.checks):
            path = (*item_path, "checks", index)
            if (form.oid, check.oid) in first:
                where = findings.where(first[form.oid, check.oid])
                findings.add(path, f"check {check.oid} stands twice in form {form.oid}, first at {where}")
            first.setdefault((form.oid, check.oid), path)
