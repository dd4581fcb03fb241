"""Values for items that nobody wrote an answer for."""

import datetime as dt
import random
import re

import pytest

from apps.capture.reading import read_item
from apps.studies.definition import ItemDefinition
from trialcapture.simulation.generic import value_for

ON = dt.date(2024, 2, 29)
CODES = ["NONE", "SOME", "OTHER"]
BASE = {"oid": "X", "label": {"en": "X"}}
ITEMS = [
    {"type": "text", "max_length": 12},
    {"type": "text", "pattern": "[A-Z]{2}-[0-9]{3,4}(/[a-f]+)?"},
    {"type": "text", "pattern": r"\d{2}:(AM|PM)"},
    {"type": "integer"},
    {"type": "integer", "range": {"hard": "[0, 10]"}},
    {"type": "decimal", "decimals": 3, "range": {"soft": "[0.5, 0.6]"}},
    {"type": "decimal", "range": {"hard": "[, 7]"}},
    {"type": "decimal", "range": {"hard": "[100, ]"}},
    {"type": "date"},
    {"type": "date", "partial": True},
    {"type": "time"},
    {"type": "datetime"},
    {"type": "yesno"},
    {"type": "choice", "codelist": "LIST"},
    {"type": "choices", "codelist": "LIST"},
]


@pytest.mark.parametrize("given", ITEMS, ids=lambda given: "-".join(map(str, given.values())))
def test_it_works(given):
    """Fifty values of each type are read as they would be from a person, and lie in the range."""
    definition = ItemDefinition.model_validate({**BASE, **given})
    rng = random.Random("forms")
    for _ in range(50):
        value = value_for(definition, CODES, rng, ON, "zh-hans")
        stored = read_item(definition, value, dict.fromkeys(CODES)).value
        assert stored == value
        if definition.pattern:
            assert re.fullmatch(definition.pattern, value)
        for interval in filter(None, (definition.range.soft, definition.range.hard) if definition.range else ()):
            assert type(interval.low or interval.high)(value) in interval


@pytest.mark.parametrize("kind", ["file", "note"])
def test_nothing_is_typed_where_nothing_can_be(kind):
    definition = ItemDefinition.model_validate({**BASE, "type": kind})
    assert value_for(definition, [], random.Random(1), ON, "en") is None
