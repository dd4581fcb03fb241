"""T3: shrinkage from three diameters of two scans; exactly 30 %, or two measures that disagree, is not assessable."""

import pytest

from tests.trials.definitions import T3, assessment_of, evaluated, fired, protocol_of, scope_of, verdict_of
from tests.trials.test_criteria_decided import ELIGIBLE

SCANS = {"SHBMOD": "US", "SHAMOD": "US", "SHBDAT": "2024-01-01", "SHADAT": "2024-04-01"}


def propranolol(before, after, **changes):
    sizes = dict(zip(("SHBL", "SHBW", "SHBD"), before, strict=True)) | dict(
        zip(("SHAL", "SHAW", "SHAD"), after, strict=True)
    )
    return evaluated(T3, "PRO", {**SCANS, **sizes, **changes})


def shrunk(by, volume=None):
    return ELIGIBLE[T3] | {"SHRINK": by, "SHRINKV": by if volume is None else volume}


def test_it_works():
    data = propranolol(("10", "5", "5"), ("9", "5", "5"), PROPST="2024-01-01", PROPEN="2024-04-01").data
    assert (data["PROPDUR"], data["SHRINK"], data["SHRINKV"]) == ("3", "10.0", "10.0")


@pytest.mark.parametrize(
    ("by", "included", "excluded", "eligible"),
    [
        ("29.9", "met", "met", True),
        ("30.0", "not_assessable", "not_assessable", False),
        ("30.1", "not_met", "not_met", False),
        ("-12.0", "met", "met", True),  # bigger
        ("0.0", "met", "met", True),
    ],
)
def test_about_thirty_percent(by, included, excluded, eligible):
    """“met” of an exclusion criterion: nothing excludes."""
    assessment = assessment_of(T3, shrunk(by))
    verdicts = {result.code: result.verdict for result in assessment.results}
    assert (verdicts["I03"], verdicts["E05"]) == (included, excluded)
    assert assessment.is_eligible is eligible


def test_exactly_thirty_names_the_question_and_refuses():
    assessment = assessment_of(T3, shrunk("30.0"))
    assert assessment.raised == {"Q01"}
    assert assessment.verdict == "not_assessable"
    assert {result.code for result in assessment.without("met")} == {"I03", "E05"}


def test_the_criteria_themselves_leave_thirty_to_nobody():
    """As the record has them: below 30 % is included, above is excluded."""
    rules = {criterion.definition.code: criterion.rule for criterion in protocol_of(T3).criteria}
    scope = scope_of(T3, shrunk("30.0"))
    assert rules["I03"].evaluate(scope) is False
    assert rules["E05"].evaluate(scope) is False


@pytest.mark.parametrize(
    ("by", "volume", "verdict"),
    [
        ("11.2", "30.0", "not_assessable"),
        ("11.2", "29.9", "met"),
        ("11.2", "30.1", "not_assessable"),
        ("40.0", "78.4", "not_met"),
        ("40.0", "30.0", "not_assessable"),
        ("40.0", "20.0", "not_assessable"),
        ("30.0", "65.7", "not_assessable"),
    ],
)
def test_the_two_measures_must_agree_about_thirty(by, volume, verdict):
    assert verdict_of(T3, "I03", shrunk(by, volume)) == verdict


def test_a_sphere_that_loses_thirty_percent_of_volume_loses_a_ninth_of_its_diameter():
    data = propranolol(("10", "10", "10"), ("8.88", "8.88", "8.88")).data
    assert (data["SHRINK"], data["SHRINKV"]) == ("11.2", "30.0")


@pytest.mark.parametrize(
    ("after", "shrink"),
    [("7.01", "29.9"), ("7.00", "30.0"), ("6.99", "30.1"), ("7.004", "30.0"), ("11", "-10.0")],
)
def test_rounded_to_a_tenth_before_it_is_compared(after, shrink):
    data = propranolol(("10", "4", "4"), (after, "4", "4")).data
    assert (data["SHRINK"], data["SHRINKV"]) == (shrink, shrink)


def test_the_longest_diameter_may_be_another_one_afterwards():
    data = propranolol(("10", "6", "5"), ("5", "8", "5")).data
    assert data["SHRINK"] == "20.0"


def test_scans_of_different_modality_give_no_shrinkage():
    evaluation = propranolol(("10", "4", "4"), ("5", "4", "4"), SHAMOD="MRI")
    assert {"SHRINK", "SHRINKV"} <= set(evaluation.irrelevant)
    assert "PRO_C03" in fired(evaluation)
    without = ELIGIBLE[T3] | {"SHRINK": "", "SHRINKV": ""}
    assert verdict_of(T3, "I03", without) == "not_assessable"


@pytest.mark.parametrize(
    ("began", "ended", "months"),
    [
        ("2024-01-31", "2024-04-29", "2"),
        ("2024-01-31", "2024-04-30", "3"),  # clamped to the end of the month
        ("2024-01", "2024-04", None),  # two or three
        ("2024-01", "2024-06", None),
    ],
)
def test_months_of_propranolol(began, ended, months):
    assert propranolol(("10", "4", "4"), ("9", "4", "4"), PROPST=began, PROPEN=ended).data.get("PROPDUR") == months


def test_all_three_outcomes_are_measured_at_baseline_and_at_one_month():
    for code in ("D0", "M1"):
        assert {"TUM", "MARK"} <= set(protocol_of(T3).forms_at(code))
