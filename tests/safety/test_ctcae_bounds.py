"""Every threshold of the ten terms, at the bound and one step to each side, in each version (NCI's own text)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.safety.ctcae import Sample, grade
from apps.safety.ctcae.scales import TERMS

PLT, HGB, WBC, ANC = "platelet_count_decreased", "anemia", "white_blood_cell_decreased", "neutrophil_count_decreased"
ALT, AST = "alanine_aminotransferase_increased", "aspartate_aminotransferase_increased"
BILI, CREAT = "blood_bilirubin_increased", "creatinine_increased"
CHOL, TRIG = "cholesterol_high", "hypertriglyceridemia"


def graded(term, version, value, unit="", **limits):
    numbers = {key: Decimal(limits[key]) for key in ("low", "high", "baseline") if limits.get(key) is not None}
    sample = Sample(Decimal(value), unit, baseline_status=limits.get("baseline_status", ""), **numbers)
    return grade(term, version, sample).grade


def test_it_works():
    assert graded(PLT, "5.0", "60", "10^9/L", low="125") == 2


LOW = [
    (PLT, "10^9/L", "125", [("75", 1), ("50", 2), ("25", 3)], ("4.03", "5.0")),
    (PLT, "10^9/L", "125", [("75", 1), ("50", 2), ("10", 3)], ("6.0",)),
    (PLT, "/mm3", "125000", [("75000", 1), ("50000", 2), ("25000", 3)], ("4.03", "5.0")),
    (PLT, "/mm3", "125000", [("75000", 1), ("50000", 2), ("10000", 3)], ("6.0",)),
    (HGB, "g/L", "115", [("100", 1), ("80", 2)], ("4.03", "5.0", "6.0")),
    (HGB, "g/dL", "11.5", [("10.0", 1), ("8.0", 2)], ("4.03", "5.0", "6.0")),
    (HGB, "mmol/L", "7.1", [("6.2", 1), ("4.9", 2)], ("4.03", "5.0", "6.0")),
    (WBC, "10^9/L", "4.3", [("3.0", 1), ("2.0", 2), ("1.0", 3)], ("4.03", "5.0", "6.0")),
    (WBC, "/mm3", "4300", [("3000", 1), ("2000", 2), ("1000", 3)], ("4.03", "5.0", "6.0")),
    (ANC, "10^9/L", "1.8", [("1.5", 1), ("1.0", 2), ("0.5", 3)], ("4.03", "5.0")),
    (ANC, "10^9/L", "1.8", [("1.5", 0), ("1.0", 1), ("0.5", 2), ("0.1", 3)], ("6.0",)),
]
STEP = Decimal("0.0001")


@pytest.mark.parametrize(("term", "unit", "lln", "cuts", "versions"), LOW)
def test_each_cut_of_a_decrease(term, unit, lln, cuts, versions):
    for version in versions:
        for cut, at_grade in cuts:
            bound = Decimal(cut)
            assert graded(term, version, bound, unit, low=lln) == at_grade, (version, cut)
            assert graded(term, version, bound + STEP, unit, low=lln) == at_grade
            assert graded(term, version, bound - STEP, unit, low=lln) == at_grade + 1
        assert graded(term, version, lln, unit, low=lln) == 0


HIGH = [
    (ALT, ["3.0", "5.0", "20.0"], ("4.03", "5.0", "6.0")),
    (AST, ["3.0", "5.0", "20.0"], ("4.03", "5.0", "6.0")),
    (BILI, ["1.5", "3.0", "10.0"], ("4.03", "5.0", "6.0")),
    (CREAT, ["1.5", "3.0", "6.0"], ("5.0", "6.0")),
]


@pytest.mark.parametrize(("term", "cuts", "versions"), HIGH)
def test_each_multiple_of_the_upper_limit(term, cuts, versions):
    limits = {"high": "40", "baseline": "40", "baseline_status": "normal"} if term != CREAT else {"high": "40"}
    if term == CREAT:  # a baseline so high that no multiple of it decides
        limits |= {"baseline": "1000", "baseline_status": "high"}
    for version in versions:
        assert graded(term, version, "40", **limits) == 0
        assert graded(term, version, "40.0001", **limits) == 1
        for at_grade, cut in enumerate(cuts, start=1):
            bound = Decimal(cut) * 40
            assert graded(term, version, bound, **limits) == at_grade
            assert graded(term, version, bound + STEP, **limits) == at_grade + 1


@pytest.mark.parametrize(
    ("term", "version", "cuts", "opens"),
    [
        (ALT, "5.0", ["1.5", "3.0", "5.0", "20.0"], True),
        (AST, "5.0", ["1.5", "3.0", "5.0", "20.0"], True),
        (ALT, "6.0", ["1.0", "1.5", "2.0", "4.0"], True),
        (AST, "6.0", ["1.0", "1.5", "2.0", "4.0"], True),
        (BILI, "5.0", ["1.0", "1.5", "3.0", "10.0"], False),
        (BILI, "6.0", ["1.0", "1.5", "2.5", "10.0"], True),
    ],
)
def test_an_abnormal_baseline_is_the_measure_from_v5(term, version, cuts, opens):
    limits = {"high": "40", "baseline": "100", "baseline_status": "high"}
    first = Decimal(cuts[0]) * 100
    assert graded(term, version, first, **limits) == (1 if opens else 0)
    assert graded(term, version, first - STEP, **limits) == 0
    for at_grade, cut in enumerate(cuts[1:], start=1):
        assert graded(term, version, Decimal(cut) * 100, **limits) == at_grade
        assert graded(term, version, Decimal(cut) * 100 + STEP, **limits) == at_grade + 1


def test_v4_takes_no_notice_of_an_abnormal_baseline_for_transaminases():
    assert graded(ALT, "4.03", "200", high="40", baseline="100", baseline_status="high") == 2


def test_creatinine_counts_baseline_multiples_by_version():
    limits = {"high": "100", "baseline": "30", "baseline_status": "normal"}
    assert graded(CREAT, "4.03", "45", **limits) == 1
    assert graded(CREAT, "5.0", "45", **limits) == 0
    assert graded(CREAT, "5.0", "46", **limits) == 2
    assert graded(CREAT, "5.0", "91", **limits) == 3
    assert graded(CREAT, "6.0", "91", **limits) == 0
    assert graded(CREAT, "6.0", "91", **{**limits, "baseline_status": "low"}) == 3
    assert graded(CREAT, "4.03", "90", high="100") is None


LIPIDS = [
    (CHOL, "mmol/L", ["7.75", "10.34", "12.92"], {"high": "5.2"}),
    (CHOL, "mg/dL", ["300", "400", "500"], {"high": "200"}),
    (TRIG, "mmol/L", ["3.42", "5.7", "11.4"], {}),
    (TRIG, "mg/dL", ["300", "500", "1000"], {}),
]


@pytest.mark.parametrize(("term", "unit", "cuts", "limits"), LIPIDS)
def test_lipids_in_the_unit_they_were_reported_in(term, unit, cuts, limits):
    for version in ("4.03", "5.0", "6.0"):
        for at_grade, cut in enumerate(cuts, start=1):
            assert graded(term, version, cut, unit, **limits) == at_grade
            assert graded(term, version, Decimal(cut) + STEP, unit, **limits) == at_grade + 1


def test_triglycerides_start_at_a_closed_bound_without_a_limit():
    assert graded(TRIG, "5.0", "1.71", "mmol/L") == 1
    assert graded(TRIG, "5.0", "1.7099", "mmol/L") == 0


def test_a_missing_limit_is_ungradable_but_not_where_an_absolute_bound_decides():
    assert graded(HGB, "5.0", "79", "g/L") == 3
    assert graded(HGB, "5.0", "105", "g/L") is None
    assert graded(ALT, "5.0", "400") is None


def test_a_unit_that_nci_does_not_print_is_ungradable_with_a_reason():
    found = grade(PLT, "5.0", Sample(Decimal(60), "furlong", Decimal(125)))
    assert found.grade is None
    assert "furlong" in found.reason


@given(
    term=st.sampled_from([PLT, WBC, ANC]),
    version=st.sampled_from(["4.03", "5.0", "6.0"]),
    a=st.decimals("0", "200", places=2),
    b=st.decimals("0", "200", places=2),
)
def test_a_lower_count_never_has_a_lower_grade(term, version, a, b):
    low, high = sorted((a, b))
    lln = Decimal(125) if term == PLT else Decimal(4)
    unit = "10^9/L"
    assert grade(term, version, Sample(low, unit, lln)).grade >= grade(term, version, Sample(high, unit, lln)).grade


def test_every_term_has_the_three_versions():
    assert all(set(term.scales) == {"4.03", "5.0", "6.0"} for term in TERMS.values())
