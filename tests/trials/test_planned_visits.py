"""The five schedules: anchors, days and windows as assumed, extra troughs, cycles, relapse and dose changes."""

import pytest

from tests.trials.definitions import SLUGS, T1, T2, T3, T4, T5, protocol_of, scope_of

DAY_ZERO = {T1: "randomization", T2: "course_start", T3: "first_dose", T4: "first_dose", T5: "first_dose"}
# months or weeks after day 0 that have a visit
FOLLOW_UP = {
    T1: [f"{month} months" for month in range(1, 13)],
    T2: ["2 weeks", "4 weeks", "8 weeks", "12 weeks"],
    T3: ["2 weeks", "1 months", "2 months", "3 months", "6 months"],
    T4: ["2 weeks", *(f"{month} months" for month in range(1, 13))],
    T5: ["1 months", "2 months", "4 months", "6 months", "12 months"],
}


def planned(slug):
    """The visits of day 0 and after that hang on it, in order, without the early trough."""
    visits = protocol_of(slug).visits.values()
    return [visit for visit in visits if visit.anchor == DAY_ZERO[slug] and visit.code not in ("ETR", "D0")]


def window(visit):
    before, after = visit.window
    return (before.amount, after.amount, before.unit, after.unit)


def test_it_works():
    visit = protocol_of(T3).visits["M1"]
    assert (visit.anchor, visit.at.amount, visit.at.unit, window(visit)) == (
        "first_dose",
        1,
        "months",
        (-3, 3, "days", "days"),
    )
    assert (visit.source, visit.window_source) == ("record", "assumption")


@pytest.mark.parametrize("slug", SLUGS)
def test_day_zero_and_the_visits_after_it(slug):
    zero = protocol_of(slug).visits["D0"]
    assert (zero.anchor, zero.at.amount) == (DAY_ZERO[slug], 0)
    assert [f"{visit.at.amount} {visit.at.unit}" for visit in planned(slug)] == FOLLOW_UP[slug]


@pytest.mark.parametrize("slug", SLUGS)
def test_windows_follow_the_common_assumptions(slug):
    """±3 days up to month 1; then ±7 where the visit before is less than 2 months earlier, ±14 where it is not."""
    before = 0
    for visit in planned(slug):
        day = visit.at.approximate_days()
        days = 3 if day <= 30 else 7 if day - before < 60 else 14
        assert window(visit) == (-days, days, "days", "days"), visit.code
        before = day


@pytest.mark.parametrize("slug", SLUGS)
def test_screening_within_28_days_end_of_treatment_and_safety_follow_up(slug):
    visits = protocol_of(slug).visits
    assert (visits["SCR"].anchor, window(visits["SCR"])[:2]) == ("consent", (0, 28))
    assert (visits["EOT"].anchor, visits["EOT"].at.amount) == ("last_dose", 0)
    follow_up = visits["SFU"]
    assert (follow_up.anchor, follow_up.at.amount, follow_up.at.unit) == ("last_dose", 30, "days")
    assert visits["UNS"].kind == "unscheduled"


@pytest.mark.parametrize("slug", [T2, T3, T4])
@pytest.mark.parametrize(("born", "extra"), [("2023-06-16", True), ("2023-06-15", False), ("2023-06", None)])
def test_infants_have_a_trough_on_days_5_to_7(slug, born, extra):
    protocol = protocol_of(slug)
    visit = protocol.visits["ETR"]
    assert (visit.anchor, visit.at.amount, window(visit)[:2], visit.forms) == ("first_dose", 6, (-1, 1), ["PC"])
    scope = scope_of(slug, {"BRTHDAT": born, "ECSTDAT": ["2024-06-15", "2024-08-15"]})
    answer = protocol.conditions["ETR"].evaluate(scope)
    assert (answer is True) is (extra is True)
    assert (answer is False) is (extra is False)


@pytest.mark.parametrize("slug", [T1, T5])
def test_no_early_trough_where_nobody_is_an_infant(slug):
    assert "ETR" not in protocol_of(slug).visits


def test_t2_has_at_most_four_courses_of_twelve_weeks():
    protocol = protocol_of(T2)
    cycle = protocol.cycles["COURSE"]
    assert (cycle.anchor, cycle.length.amount, cycle.length.unit, cycle.max) == ("course_start", 12, "weeks", 4)
    assert [visit.code for visit in protocol.visits.values() if visit.cycle] == ["CW2", "CW4", "CW8", "CW12"]
    assert protocol.visits["D0"].cycle is None  # week 12 is day 0 of the next


def test_t1_stabilization_hangs_on_the_relapse():
    visits = protocol_of(T1).visits
    stabilization = [(visit.at.amount, visit.at.unit) for visit in visits.values() if visit.anchor == "relapse"]
    assert stabilization == [(1, "months"), (2, "months"), (3, "months")]
    assert visits["REL"].kind == "unscheduled"
    assert protocol_of(T1).items["RLPDAT"].definition.milestone == "relapse"


def test_t4_takes_a_level_two_weeks_after_a_change_of_dose():
    visit = protocol_of(T4).visits["DCH"]
    assert (visit.anchor, visit.at.amount, visit.at.unit, visit.forms) == ("dose_change", 2, "weeks", ["PC"])
    assert "PC" in protocol_of(T4).forms_at("W2")
    assert "RESP" in protocol_of(T4).forms_at("M12")


@pytest.mark.parametrize("slug", [T1, T4])
def test_levels_are_taken_every_month(slug):
    assert all("PC" in visit.forms for visit in planned(slug))
