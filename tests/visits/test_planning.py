"""Anchors, offsets, windows and courses: the pure plan."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.common.dates import add_months
from apps.studies.definition.study import Cycle, VisitDefinition
from apps.subjects.milestones import Milestones
from apps.visits.planning import Facts, days_out, plan

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


def visit(code="M1", anchor="first_dose", at="1 month", window=("-3d", "+3d"), **more):
    return VisitDefinition(code=code, label=code, anchor=anchor, at=at, window=window, forms=["VS"], source="record", **more)


def course(**more):
    return Cycle(
        **{"code": "C", "label": "Course", "anchor": "course_start", "length": "12 weeks", "max": 4, "source": "record"}
        | more
    )


def planned(visits, milestones=(), cycles=(), actual=(), branches=()):
    facts = Facts(Milestones(dict(milestones)), dict(actual), frozenset(branches))
    found = plan({v.code: v for v in visits}, {c.code: c for c in cycles}, facts)
    return {p.key: p for p in found}


def test_it_works():
    made = planned([visit()], {("first_dose", 1): date(2024, 5, 14)})[("M1", 0, 1)]
    assert made.dates == (date(2024, 6, 14), date(2024, 6, 11), date(2024, 6, 17))


def test_without_its_anchor_a_visit_is_planned_without_dates():
    assert planned([visit()])[("M1", 0, 1)].dates == (None, None, None)


def test_a_month_after_the_31st_is_the_end_of_the_next_month():
    for start, end in [((2024, 1, 31), (2024, 2, 29)), ((2023, 1, 31), (2023, 2, 28)), ((2024, 8, 31), (2024, 9, 30))]:
        made = planned([visit()], {("first_dose", 1): date(*start)})
        assert made[("M1", 0, 1)].target == date(*end)


def test_a_year_after_a_leap_day_is_28_february():
    made = planned([visit(at="12 months")], {("first_dose", 1): date(2024, 2, 29)})
    assert made[("M1", 0, 1)].target == date(2025, 2, 28)


@given(DAYS, st.integers(0, 60))
def test_months_are_counted_from_the_anchor_not_from_one_another(start, months):
    made = planned([visit(at=f"{months} months")], {("first_dose", 1): start})
    target = made[("M1", 0, 1)].target
    assert target == add_months(start, months)
    assert target.day <= start.day
    assert target.day == start.day or (target + timedelta(days=1)).day == 1


@given(DAYS, st.integers(0, 40), st.integers(0, 40), st.integers(-60, 60))
def test_windows_include_both_ends(start, before, after, shift):
    made = planned([visit(at="0 days", window=(f"-{before}d", f"+{after}d"))], {("first_dose", 1): start})
    one = made[("M1", 0, 1)]
    out = days_out(one.earliest, one.latest, start + timedelta(days=shift))
    assert (out == 0) == (-before <= shift <= after)
    assert out == (shift + before if shift < -before else shift - after if shift > after else 0)


def test_the_first_dose_is_the_earliest_and_the_last_dose_the_latest():
    visits = [visit("D0", at="0 days"), visit("FU", "last_dose", "30 days")]
    doses = {("first_dose", 1): date(2024, 3, 9), ("first_dose", 2): date(2024, 3, 2), ("last_dose", 1): date(2024, 4, 1)}
    made = planned(visits, doses | {("last_dose", 2): date(2024, 5, 1)})
    assert made[("D0", 0, 1)].target == date(2024, 3, 2)
    assert made[("FU", 0, 1)].target == date(2024, 5, 31)


def test_a_last_dose_before_another_dose_is_not_the_last():
    doses = {("first_dose", 1): date(2024, 3, 1), ("last_dose", 1): date(2024, 4, 1), ("first_dose", 2): date(2024, 4, 2)}
    assert planned([visit("FU", "last_dose", "30 days")], doses)[("FU", 0, 1)].target is None


def test_the_previous_visit_counts_from_its_actual_date():
    visits = [visit("D0", at="0 days"), visit("D14", "previous_visit", "14 days")]
    start = {("first_dose", 1): date(2024, 3, 1)}
    assert planned(visits, start)[("D14", 0, 1)].target == date(2024, 3, 15)
    moved = planned(visits, start, actual={("D0", 0, 1): date(2024, 3, 3)})
    assert moved[("D14", 0, 1)].target == date(2024, 3, 17)
    assert moved[("D0", 0, 1)].target == date(2024, 3, 1)


def test_a_named_visit_anchors_another():
    visits = [visit("D0", at="0 days"), visit("D7", at="7 days"), visit("D30", "visit:D0", "30 days")]
    start = {("first_dose", 1): date(2024, 3, 1)}
    made = planned(visits, start, actual={("D0", 0, 1): date(2024, 3, 2)})
    assert made[("D30", 0, 1)].target == date(2024, 4, 1)


def test_courses_that_were_started_and_the_next_one():
    week2 = visit("W2", "course_start", "2 weeks", cycle="C")
    week12 = visit("W12", "course_start", "12 weeks", cycle="C")
    started = {("course_start", 1): date(2024, 1, 1), ("course_start", 2): date(2024, 3, 26)}
    made = planned([week2, week12], started, [course()])
    assert [key[:2] for key in made] == [("W2", 1), ("W12", 1), ("W2", 2), ("W12", 2), ("W2", 3), ("W12", 3)]
    assert made[("W2", 2, 1)].target == date(2024, 4, 9)
    assert made[("W2", 3, 1)].target is None
    positions = [p.position for p in made.values()]
    assert positions == sorted(set(positions))


def test_there_are_no_more_courses_than_the_protocol_allows():
    started = {("course_start", n): date(2024, n, 1) for n in range(1, 5)}
    made = planned([visit("W2", "course_start", "2 weeks", cycle="C")], started, [course()])
    assert max(key[1] for key in made) == 4


def test_courses_on_one_fact_follow_at_their_length():
    cycle = course(anchor="first_dose", length="4 weeks", max=3)
    made = planned([visit("W2", "first_dose", "2 weeks", cycle="C")], {("first_dose", 1): date(2024, 1, 1)}, [cycle])
    assert [p.target for p in made.values()] == [date(2024, 1, 15), date(2024, 2, 12), date(2024, 3, 11)]


def test_each_relapse_and_each_dose_change_has_its_own_visits():
    after = visit("ST3", "relapse", "3 months")
    assert planned([after]) == {}
    made = planned([after], {("relapse", 1): date(2024, 1, 31), ("relapse", 2): date(2024, 11, 30)})
    assert [p.target for p in made.values()] == [date(2024, 4, 30), date(2025, 2, 28)]


def test_a_branch_is_planned_once_it_is_open():
    only_high = visit("H1", arm="HIGH")
    start = {("first_dose", 1): date(2024, 1, 1)}
    assert planned([only_high], start) == {}
    opened = planned([only_high], start, branches={"H1"})
    assert opened[("H1", 0, 1)].audience == "unblinded"


def test_unscheduled_visits_are_not_planned():
    extra = VisitDefinition(code="UNS", label="x", kind="unscheduled", forms=["VS"], source="record")
    assert planned([extra]) == {}


def test_a_visit_whose_date_tells_the_arm_is_not_for_the_blinded():
    end = visit("EOT", "last_dose", "0 days", blinding="arm")
    assert planned([end], {("last_dose", 1): date(2024, 1, 1)})[("EOT", 0, 1)].audience == "unblinded"
