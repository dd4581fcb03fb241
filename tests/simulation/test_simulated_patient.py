"""The hidden truth of a simulated person is plausible."""

import datetime as dt
import random
from decimal import Decimal
from statistics import median

import pytest

from apps.safety.ctcae import Sample, grade
from trialcapture.simulation.nature import body_surface, limits, median_size
from trialcapture.simulation.patient import Dose, Episode, Patient

ON = dt.date(2024, 5, 17)
TERMS = {
    "ALT": "alanine_aminotransferase_increased",
    "CHOL": "cholesterol_high",
    "TRIG": "hypertriglyceridemia",
    "PLT": "platelet_count_decreased",
    "ANC": "neutrophil_count_decreased",
    "WBC": "white_blood_cell_decreased",
    "BILI": "blood_bilirubin_increased",
}
UNITS = {"ALT": "U/L", "CHOL": "mmol/L", "TRIG": "mmol/L", "BILI": "umol/L"}


def born(years: float, seed: int = 1, sex: str = "F") -> Patient:
    return Patient.born(random.Random(seed), ON - dt.timedelta(days=int(years * 365.25)), sex)


def test_it_works():
    for sex in "MF":
        heights = [median_size(sex, months)[0] for months in range(0, 240, 3)]
        assert heights == sorted(heights)
        assert 48 <= heights[0] <= 52
        assert 155 <= heights[-1] <= 176
    assert body_surface(173, 66) == pytest.approx(1.78, abs=0.01)


def test_a_child_grows():
    child = born(1.0)
    assert child.height(ON + dt.timedelta(days=365)) > child.height(ON) + 5
    assert child.weight(ON + dt.timedelta(days=365)) > child.weight(ON) + 1


@pytest.mark.parametrize("analyte", ["HGB", "WBC", "ALT", "CREAT", "CHOL", "DDIMER"])
def test_most_results_of_the_well_are_normal(analyte):
    people = [born(years, seed) for seed in range(60) for years in (0.3, 4, 35)]
    inside = 0
    for one in people:
        low, high = limits(analyte, one.sex, one.age_days(ON))
        inside += low <= one.result(analyte, ON) <= high
    assert inside > 0.85 * len(people)


@pytest.mark.parametrize("analyte", sorted(TERMS))
@pytest.mark.parametrize("wanted", [1, 2, 3, 4])
def test_an_episode_has_the_grade_it_was_given(analyte, wanted):
    one = born(30, seed=wanted)
    one.episodes = [Episode(TERMS[analyte], analyte, ON, ON, wanted)]
    low, high = limits(analyte, one.sex, one.age_days(ON))
    value = Decimal(f"{one.result(analyte, ON):.2f}")
    sample = Sample(value, UNITS.get(analyte, "10^9/L"), Decimal(str(low)), Decimal(str(high)), None, "")
    assert grade(TERMS[analyte], "5.0", sample).grade == wanted


def test_platelets_recover_in_who_responds():
    one = born(0.5)
    one.responds, one.treated_from = 0.95, ON
    one.anchors["PLT"] = (ON, 18.0)
    assert one.result("PLT", ON) == 18.0
    assert one.result("PLT", ON + dt.timedelta(days=120)) > 120


def test_the_level_follows_the_dose():
    one = born(6)
    daily = 1.6 * one.surface(ON)
    one.dose = Dose(daily / 2, "BID", ON)
    steady = median(one.trough(ON + dt.timedelta(days=20), 12) for _ in range(99))
    assert steady == pytest.approx(6.2 * 1.6 / one.clearance, rel=0.1, abs=0)
    assert median(one.trough(ON + dt.timedelta(days=1), 12) for _ in range(99)) < steady / 2
    assert median(one.trough(ON + dt.timedelta(days=20), 3) for _ in range(99)) > steady * 1.3
