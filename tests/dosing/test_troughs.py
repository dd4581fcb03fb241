from decimal import Decimal

import pytest

from apps.dosing.models import TroughAssessment
from apps.dosing.troughs import Trough, judge
from apps.studies.definition.base import Interval

HOURS = {"QD": Interval.model_validate("[20, 28]"), "BID": Interval.model_validate("[10, 14]")}
V = TroughAssessment.Verdict


def verdict(level, target, hours="12", frequency="BID"):
    trough = Trough(
        None if level is None else Decimal(level),
        None if hours is None else Decimal(hours),
        frequency,
        None if target is None else Interval.model_validate(target),
    )
    return judge(trough, HOURS)[0]


def test_it_works():
    assert verdict("8.1", "[7, 10]") == V.IN_RANGE


@pytest.mark.parametrize(
    ("level", "target", "expected"),
    [
        ("10.0", "[7, 10]", V.IN_RANGE),  # T4 LOW includes 10
        ("10.0", "(10, 15]", V.BELOW),  # T4 HIGH excludes 10
        ("10.01", "(10, 15]", V.IN_RANGE),
        ("15", "(10, 15]", V.IN_RANGE),
        ("15.1", "(10, 15]", V.ABOVE),
        ("7", "[7, 10]", V.IN_RANGE),
        ("6.9", "[7, 10]", V.BELOW),
        ("0.1", "[, 7]", V.IN_RANGE),  # T1's guided discontinuation is never low
        ("7.1", "[, 7]", V.ABOVE),
    ],
)
def test_bounds_are_exactly_as_written(level, target, expected):
    assert verdict(level, target) == expected


@pytest.mark.parametrize(
    ("hours", "frequency", "expected"),
    [
        ("9.9", "BID", V.NOT_A_TROUGH),
        ("10", "BID", V.IN_RANGE),
        ("14", "BID", V.IN_RANGE),
        ("14.1", "BID", V.NOT_A_TROUGH),
        ("14", "QD", V.NOT_A_TROUGH),
        ("24", "QD", V.IN_RANGE),
        (None, "QD", V.NOT_ASSESSABLE),
        ("24", None, V.NOT_ASSESSABLE),
    ],
)
def test_a_trough_is_a_matter_of_hours(hours, frequency, expected):
    assert verdict("8", "[7, 10]", hours, frequency) == expected


def test_what_is_missing_is_never_in_range():
    assert verdict(None, "[7, 10]") == V.NOT_ASSESSABLE
    assert verdict("8", None) == V.NOT_ASSESSABLE


def test_a_huge_level_is_above_and_keeps_its_digits():
    trough = Trough(Decimal("1e30"), Decimal("12"), "BID", Interval.model_validate("[7, 10]"))
    found, reason = judge(trough, HOURS)
    assert found == V.ABOVE
    assert "1E+30" in reason["en"]
