"""Every rule that a page shows compiles and gives what the page says, on the items of a registered trial."""

import re
from decimal import Decimal

import pytest

from apps.rules import FUNCTION_NAMES, UNKNOWN, DictScope, Kind, PartialDate, RuleError, as_text, compile_rule, typed
from tests.docs.docs_read import ROOT, all_blocks
from tests.trials.definitions import T1, protocol_of

RULES = all_blocks("rules")
REFUSED = all_blocks("refused")
GIVEN = re.compile(r"^(?:(baseline|previous|first|last)\()?([A-Z][A-Z0-9_]*)\)? = (.+)$")
EXAMPLE = re.compile(r"^(.+?)\s*#\s*(.*)$")


def schema():
    return protocol_of(T1).schema


def stored(text: str) -> str:
    return {"yes": "Y", "no": "N", "missing": ""}.get(text, text)


def scope_of(lines: list[str]) -> DictScope:
    """``OID = value``, ``baseline(OID) = value``, and several values with commas for an item that repeats."""
    values, visits, repeats = {}, {}, {}
    for line in lines:
        which, oid, text = GIVEN.fullmatch(line).groups()
        spec = schema().get(oid)
        if which:
            visits.setdefault(which, {})[oid] = typed(spec.kind, stored(text))
            repeats.setdefault(oid, [typed(spec.kind, stored(text))])
        elif spec.repeating:
            repeats[oid] = [typed(spec.kind, stored(part.strip())) for part in text.split(",")]
        else:
            values[oid] = typed(spec.kind, stored(text))
            assert text == "missing" or values[oid] is not UNKNOWN, f"{line}: no value of a {spec.kind}"
    return DictScope(values, visits=visits, repeats=repeats)


def said(result) -> str:
    if result is UNKNOWN:
        return "unknown"
    if isinstance(result, bool):
        return "yes" if result else "no"
    return as_text(result)


def examples_of(block):
    given, _, rules = block.text.partition("\n\n")
    return scope_of(given.splitlines()), [EXAMPLE.fullmatch(line).groups() for line in rules.splitlines() if line.strip()]


def is_same(result, expected: str) -> bool:
    if isinstance(result, Decimal):
        return result == Decimal(expected)
    return said(result) == expected


def test_it_works():
    assert sum(len(examples_of(block)[1]) for block in RULES) >= 30
    assert said(PartialDate.parse("2024-05")) == "2024-05"


@pytest.mark.parametrize("block", RULES, ids=lambda block: block.name)
def test_an_example_gives_what_the_page_says(block):
    scope, examples = examples_of(block)
    for rule, expected in examples:
        result = compile_rule(rule, schema()).evaluate(scope)
        assert is_same(result, expected), f"{block.name}: {rule} gives {said(result)}"


@pytest.mark.parametrize("block", REFUSED, ids=lambda block: block.name)
def test_an_example_of_a_refusal_is_refused(block):
    for line in filter(None, block.text.splitlines()):
        rule, words = EXAMPLE.fullmatch(line).groups()
        with pytest.raises(RuleError) as caught:
            compile_rule(rule, schema(), expect=Kind.BOOL)
        assert words in str(caught.value), rule


def test_the_page_names_every_function():
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    missing = [name for name in FUNCTION_NAMES if f"`{name}" not in page]
    assert not missing
