"""Whether a consent stands, by dates alone."""

from datetime import date

import pytest

from apps.subjects.consent import Standing, consent_on, form_on, forms_of
from apps.subjects.milestones import Milestones

FORMS = forms_of(
    [
        {"label": "2.0", "language": "zh-hans", "since": "2026-03-01", "again": True},
        {"label": "1.0", "language": "zh-hans", "since": "2026-01-01", "again": False},
        {"label": "2.0e", "language": "en", "since": "2026-03-01", "again": True},
        {"label": "2.1", "language": "zh-hans", "since": "2026-05-01", "again": False},
    ]
)


def on(day, *given, withdrawn=None, forms=FORMS):
    rows = [("consent" if n == 0 else "reconsent", max(n, 1), date.fromisoformat(one)) for n, one in enumerate(given)]
    if withdrawn:
        rows.append(("withdrawal", 1, date.fromisoformat(withdrawn)))
    return consent_on(date.fromisoformat(day), Milestones.of(rows), forms)


@pytest.mark.parametrize(
    ("day", "given", "standing"),
    [
        ("2026-02-01", [], Standing.MISSING),
        ("2026-02-01", ["2026-02-02"], Standing.MISSING),
        ("2026-02-02", ["2026-02-02"], Standing.VALID),
        ("2026-02-28", ["2026-02-02"], Standing.VALID),
        ("2026-03-01", ["2026-02-02"], Standing.OUTDATED),
        ("2026-03-10", ["2026-02-02", "2026-03-10"], Standing.VALID),
        ("2026-03-09", ["2026-02-02", "2026-03-10"], Standing.OUTDATED),
        ("2026-06-01", ["2026-02-02", "2026-03-10"], Standing.VALID),  # 2.1 need not be signed again
        ("2026-03-01", ["2026-03-01"], Standing.VALID),
    ],
)
def test_it_works(day, given, standing):
    assert on(day, *given).standing == standing


def test_without_versions_only_the_dates_count():
    assert on("2030-01-01", "2026-02-02", forms=[]).is_valid


def test_since_when_it_does_not_stand():
    outdated = on("2026-04-01", "2026-02-02")
    assert (outdated.given, outdated.since) == (date(2026, 2, 2), date(2026, 3, 1))
    withdrawn = on("2026-03-21", "2026-02-02", "2026-03-10", withdrawn="2026-03-20")
    assert (withdrawn.standing, withdrawn.since) == (Standing.WITHDRAWN, date(2026, 3, 20))
    assert on("2026-03-20", "2026-02-02", "2026-03-10", withdrawn="2026-03-20").is_valid, "that day itself may be before it"


def test_the_form_in_force_in_each_language():
    assert [form.label for form in form_on(date(2026, 2, 1), FORMS)] == ["1.0"]
    assert {form.label for form in form_on(date(2026, 4, 1), FORMS)} == {"2.0", "2.0e"}
    assert form_on(date(2025, 1, 1), FORMS) == []
