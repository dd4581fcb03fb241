from datetime import date

import pytest

from apps.common.actors import SYSTEM
from apps.labs.services import open_laboratory, set_ranges
from apps.subjects.selectors import today_at
from tests.journeys import enter, randomized


@pytest.fixture
def subject(site):
    laboratory = open_laboratory(SYSTEM, site, "LAB1", "Hospital laboratory")
    row = {"analyte": "PLT", "unit": "10^9/L", "low": "125", "high": "350"}
    set_ranges(SYSTEM, laboratory, [row], effective_from=date(2020, 1, 1), reason="Sheet")
    return randomized(site)


def page_of(persona, subject, form, visit):
    from django.urls import reverse

    place = subject.visits.get(code=visit)
    address = reverse("casebook:form", args=[subject.study.slug, subject.number, place.pk, form, 1])
    return persona.client.get(address)


def test_it_works(subject, personas, run_outbox):
    enter(subject, "HEM", "D0", HEMDAT=today_at(subject.site).isoformat(), PLT="40")
    run_outbox()
    shown = page_of(personas["coordinator"], subject, "HEM", "D0").text
    assert "Grade 3" in shown
    assert "[25, 50)" in shown


def test_a_grade_goes_with_the_value_it_was_given_for(subject, personas, run_outbox):
    day = today_at(subject.site).isoformat()
    enter(subject, "HEM", "D0", HEMDAT=day, PLT="40")
    run_outbox()
    enter(subject, "HEM", "D0", PLT="400")
    assert "Grade 3" not in page_of(personas["coordinator"], subject, "HEM", "D0").text  # not graded yet
    enter(subject, "HEM", "D0", PLT="400", HGB="120")
    run_outbox()
    assert "Grade 0" in page_of(personas["coordinator"], subject, "HEM", "D0").text


def test_a_grade_stays_when_another_item_changes(subject, personas, run_outbox):
    enter(subject, "HEM", "D0", HEMDAT=today_at(subject.site).isoformat(), PLT="40")
    run_outbox()
    enter(subject, "HEM", "D0", HGB="120")
    run_outbox()
    assert "Grade 3" in page_of(personas["coordinator"], subject, "HEM", "D0").text
