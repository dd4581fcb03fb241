"""Calendar arithmetic as the protocols mean it: months are calendar months clamped to the month's end, weeks are 7 days."""

from calendar import monthrange
from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """31 January + 1 month = 28 or 29 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def completed_months(birth: date, at: date) -> int:
    """Whole calendar months lived; a child born on the 31st completes a month at the month's last day."""
    months = (at.year - birth.year) * 12 + at.month - birth.month
    return months if add_months(birth, months) <= at else months - 1


def completed_years(birth: date, at: date) -> int:
    return completed_months(birth, at) // 12


def add_offset(day: date, amount: int, unit: str) -> date:
    """``unit`` is days, weeks or months."""
    if unit == "months":
        return add_months(day, amount)
    return day + timedelta(days=amount * (7 if unit == "weeks" else 1))
