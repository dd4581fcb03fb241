"""Months are calendar months, clamped to the month's end."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.dates import add_months, add_offset, completed_months, completed_years

days = st.dates(date(1900, 1, 1), date(2200, 12, 31))


def test_it_works():
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert completed_years(date(2020, 5, 17), date(2024, 5, 16)) == 3
    assert completed_years(date(2020, 5, 17), date(2024, 5, 17)) == 4


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2024, 1, 15), -1, date(2023, 12, 15)),
        (date(2024, 12, 31), 2, date(2025, 2, 28)),
    ],
)
def test_month_ends_and_leap_days(day, months, expected):
    assert add_months(day, months) == expected


@pytest.mark.parametrize(
    ("birth", "at", "months"),
    [
        (date(2024, 1, 31), date(2024, 2, 28), 0),
        (date(2024, 1, 31), date(2024, 2, 29), 1),
        (date(2020, 2, 29), date(2021, 2, 28), 12),
        (date(2024, 5, 17), date(2024, 5, 17), 0),
        (date(2024, 5, 17), date(2024, 5, 16), -1),
    ],
)
def test_a_month_is_completed_on_its_day_or_at_the_months_end(birth, at, months):
    assert completed_months(birth, at) == months


@given(days, st.integers(0, 1200))
def test_what_is_added_is_completed_that_day_and_not_the_day_before(day, months):
    if day.year + months // 12 < 2290:
        then = add_months(day, months)
        assert completed_months(day, then) == months
        assert completed_months(day, then - timedelta(days=1)) == months - 1


@given(days, st.integers(-600, 600))
def test_the_day_stays_or_is_clamped_to_the_months_last(day, months):
    then = add_months(day, months)
    assert then.day == day.day or (then.day < day.day and (then + timedelta(days=1)).day == 1)


def test_weeks_are_seven_days():
    assert add_offset(date(2024, 1, 1), 2, "weeks") == add_offset(date(2024, 1, 1), 14, "days") == date(2024, 1, 15)
    assert add_offset(date(2024, 1, 31), 1, "months") == date(2024, 2, 29)
