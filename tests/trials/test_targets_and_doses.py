"""Target ranges with open and closed ends, starting doses, and the questions of T2 about the third birthday."""

from decimal import Decimal

import pytest

from tests.trials.definitions import SLUGS, T1, T2, T3, T4, T5, assessment_of, protocol_of, scope_of


def target_of(slug, arm=None, **values):
    """The first target of the arm whose condition holds."""
    scope = scope_of(slug, values)
    for target in protocol_of(slug).targets:
        fits = target.definition.arm in (None, arm)
        if fits and (target.rule is None or target.rule.evaluate(scope) is True):
            return target.definition.range
    return None


def starts_of(slug, arm=None, **values):
    scope = scope_of(slug, values)
    return [
        (start.definition.amount, start.definition.unit, start.definition.frequency, start.definition.days)
        for start in protocol_of(slug).starts
        if start.definition.arm in (None, arm) and (start.rule is None or start.rule.evaluate(scope) is True)
    ]


def position(interval, level):
    level = Decimal(level)
    return "low" if interval.is_below(level) else "high" if interval.is_above(level) else "in"


def test_it_works():
    assert str(target_of(T3)) == "[8, 15]"


LEVELS = [
    (T1, "MAINT", "4.99", "low"),
    (T1, "MAINT", "5", "in"),
    (T1, "MAINT", "7.0", "in"),
    (T1, "MAINT", "7.01", "high"),
    (T1, "GDISC", "0", "in"),  # while the dose is tapered a level is never low
    (T1, "GDISC", "7.00", "in"),
    (T1, "GDISC", "7.01", "high"),
    (T2, "RAPA", "9.99", "low"),
    (T2, "RAPA", "10", "in"),
    (T2, "RAPA", "15", "in"),
    (T2, "RAPA", "15.01", "high"),
    (T3, "PROP_SIRO", "7.99", "low"),
    (T3, "PROP_SIRO", "8", "in"),
    (T3, "PROP_SIRO", "15.0", "in"),
    (T3, "PROP_SIRO", "15.1", "high"),
    (T4, "HIGH", "10.0", "low"),
    (T4, "HIGH", "10.01", "in"),
    (T4, "HIGH", "15", "in"),
    (T4, "HIGH", "15.01", "high"),
    (T4, "LOW", "6.99", "low"),
    (T4, "LOW", "7", "in"),
    (T4, "LOW", "10.0", "in"),
    (T4, "LOW", "10.01", "high"),
    (T5, "SIRO", "5.99", "low"),
    (T5, "SIRO", "6", "in"),
    (T5, "SIRO", "15", "in"),
    (T5, "SIRO", "15.01", "high"),
]


@pytest.mark.parametrize(("slug", "arm", "level", "expected"), LEVELS)
def test_bounds(slug, arm, level, expected):
    assert position(target_of(slug, arm), level) == expected


@pytest.mark.parametrize(
    ("decisions", "sample", "expected"),
    [
        ([], "2024-06-01", "[10, 15]"),
        ([("2024-05-01", "UP")], "2024-06-01", "(15, 20]"),
        ([("2024-06-01", "UP")], "2024-06-01", "[10, 15]"),  # the level that it was decided on
        ([("2024-06-01", "UP")], "2024-06-02", "(15, 20]"),
        ([("2024-05-01", "UP"), ("2024-06-01", "DOWN")], "2024-07-01", "[10, 15]"),
    ],
)
def test_the_step_to_15_20_is_a_recorded_decision(decisions, sample, expected):
    dates, choices = [list(part) for part in zip(*decisions, strict=True)] or ([], [])
    assert str(target_of(T2, TGTDAT=dates, TGTDEC=choices, PCDAT=sample)) == expected


@pytest.mark.parametrize("slug", SLUGS)
def test_a_trough_is_10_to_14_or_20_to_28_hours_after_the_dose(slug):
    hours = protocol_of(slug).definition.dosing.trough_hours
    assert {frequency: str(window) for frequency, window in hours.items()} == {"QD": "[20, 28]", "BID": "[10, 14]"}


BORN = {"BRTHDAT": "2021-06-15"}  # three years old on 15 June 2024


@pytest.mark.parametrize(
    ("first_dose", "frequency", "questions"),
    [
        ("2024-06-14", "QD", set()),
        ("2024-06-15", "BID", {"Q01"}),  # exactly three years
        ("2025-06-14", "BID", {"Q01"}),
        ("2025-06-15", "BID", set()),
    ],
)
def test_t2_once_a_day_under_three_years_by_the_age_at_the_dose(first_dose, frequency, questions):
    values = BORN | {"RFICDAT": "2024-06-01", "ECSTDAT": [first_dose], "VSDAT": first_dose}
    assert starts_of(T2, **values) == [("0.8", "mg/m2/dose", frequency, None)]
    assert assessment_of(T2, values).raised == questions


def test_t2_before_the_first_dose_the_age_at_consent_counts():
    assert starts_of(T2, **BORN, RFICDAT="2024-06-14")[0][2] == "QD"
    assert starts_of(T2, **BORN, RFICDAT="2024-06-15")[0][2] == "BID"


@pytest.mark.parametrize(("visit", "raised"), [("2024-06-14", set()), ("2024-06-15", {"Q02"})])
def test_t2_turning_three_on_study_is_flagged(visit, raised):
    values = BORN | {"RFICDAT": "2024-01-10", "ECSTDAT": ["2024-01-15", "2024-03-01"], "VSDAT": visit}
    assert assessment_of(T2, values).raised == raised
    assert starts_of(T2, **values)[0][2] == "QD"  # never switched silently


def test_starting_doses_of_the_others():
    assert starts_of(T1) == []
    assert starts_of(T3) == [("0.1", "mg/kg/day", "QD", None)]
    assert starts_of(T4, "HIGH") == [("0.8", "mg/m2/dose", "BID", None)]
    assert starts_of(T4, "LOW") == [("0.7", "mg/m2/dose", "BID", None)]
    assert starts_of(T5) == [("2", "mg/day", "QD", 3), ("1", "mg/day", "QD", None)]


def test_taper_of_t1():
    assert protocol_of(T1).definition.dosing.taper == {
        "arm": "GDISC",
        "max_cut_percent": 10,
        "cut_period": "1 month",
        "min_days_between_cuts": 14,
        "min_taper_months": 6,
        "stabilization_months": 3,
        "max_cut_percent_after_relapse": 5,
    }
