from datetime import date
from decimal import Decimal

import pytest

from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.labs.analytes import analytes
from apps.labs.models import ReferenceRange
from apps.labs.selectors import ranges_for
from apps.labs.services import open_laboratory, set_ranges

START = date(2024, 1, 1)


@pytest.fixture
def laboratory(site):
    return open_laboratory(SYSTEM, site, "LAB1", "Hospital laboratory")


def row(**changes):
    return {"analyte": "PLT", "unit": "10^9/L", "low": "125", "high": "350"} | changes


def test_it_works(site, laboratory):
    set_ranges(SYSTEM, laboratory, [row()], effective_from=START, reason="Sheet of 2024")
    found = ranges_for(site.pk, sex="F", age_days=400, on=date(2024, 5, 1))["PLT"]
    assert (found.low, found.high, found.unit) == (Decimal(125), Decimal(350), "10^9/L")


def test_the_range_of_the_day_counts_not_todays(site, laboratory):
    set_ranges(SYSTEM, laboratory, [row()], effective_from=START, reason="first")
    set_ranges(SYSTEM, laboratory, [row(low="100")], effective_from=date(2024, 7, 1), reason="new method")
    assert ranges_for(site.pk, sex="F", age_days=400, on=date(2024, 6, 30))["PLT"].low == 125
    assert ranges_for(site.pk, sex="F", age_days=400, on=date(2024, 7, 1))["PLT"].low == 100
    assert ReferenceRange.objects.count() == 2  # ended, never overwritten


def test_before_the_first_range_there_is_none(site, laboratory):
    set_ranges(SYSTEM, laboratory, [row()], effective_from=START, reason="first")
    assert ranges_for(site.pk, sex="F", age_days=400, on=date(2023, 12, 31)) == {}


def test_age_bands_are_half_open_and_one_sex_wins_over_both(site, laboratory):
    bands = [
        row(age_from_days=0, age_to_days=365, low="200"),
        row(age_from_days=365, age_to_days=6000, low="150"),
        row(age_from_days=365, age_to_days=6000, sex="M", low="140"),
    ]
    set_ranges(SYSTEM, laboratory, bands, effective_from=START, reason="bands")
    assert ranges_for(site.pk, sex="F", age_days=364, on=START)["PLT"].low == 200
    assert ranges_for(site.pk, sex="F", age_days=365, on=START)["PLT"].low == 150
    assert ranges_for(site.pk, sex="M", age_days=365, on=START)["PLT"].low == 140


def test_an_unknown_age_takes_only_a_range_for_all_ages(site, laboratory):
    set_ranges(SYSTEM, laboratory, [row(age_to_days=365)], effective_from=START, reason="infants")
    assert ranges_for(site.pk, sex="F", age_days=None, on=START) == {}
    set_ranges(
        SYSTEM, laboratory, [row(analyte="HGB", unit="g/L", low="110", high="150")], effective_from=START, reason="all"
    )
    assert set(ranges_for(site.pk, sex="F", age_days=None, on=START)) == {"HGB"}


def test_another_sites_laboratory_is_not_asked(second_site, laboratory):
    set_ranges(SYSTEM, laboratory, [row()], effective_from=START, reason="first")
    assert ranges_for(second_site.pk, sex="F", age_days=400, on=START) == {}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"analyte": "NOPE"}, "unknown_analyte"),
        ({"low": "400"}, "limits_crossed"),
        ({"unit": "furlong"}, "unknown_unit"),
    ],
)
def test_one_bad_row_and_nothing_is_written(laboratory, bad, code):
    with pytest.raises(DomainError) as refusal:
        set_ranges(SYSTEM, laboratory, [row(), row(**bad)], effective_from=START, reason="x")
    assert refusal.value.code == code
    assert "2" in str(refusal.value)  # the row is named
    assert not ReferenceRange.objects.exists()


@pytest.mark.parametrize("who", ["coordinator", "monitor", "outsider", "other_site"])
def test_only_whoever_maintains_ranges_may(laboratory, personas, who):
    with pytest.raises(Forbidden):
        set_ranges(personas[who].actor, laboratory, [row()], effective_from=START, reason="x")


def test_units_convert_exactly_and_strange_ones_not_at_all():
    hgb = analytes()["HGB"]
    assert hgb.converted(Decimal("11.25"), "g/dL") == Decimal("112.5")
    assert hgb.converted(Decimal("112.5"), "g/L") == Decimal("112.5")
    assert hgb.converted(Decimal("1"), "mmol/s") is None


def test_every_graded_analyte_names_a_term_that_exists():
    from apps.safety.ctcae.scales import TERMS

    for analyte in analytes().values():
        assert set(analyte.ctcae.values()) <= set(TERMS), analyte.code
