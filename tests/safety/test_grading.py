from datetime import date, timedelta

import pytest

from apps.common.actors import SYSTEM
from apps.labs.services import open_laboratory, set_ranges
from apps.safety.models import Flag, Grade
from apps.safety.services import grade_record
from apps.subjects.selectors import today_at
from tests.journeys import enter, screened


@pytest.fixture
def laboratory(site):
    made = open_laboratory(SYSTEM, site, "LAB1", "Hospital laboratory")
    rows = [
        {"analyte": "PLT", "unit": "10^9/L", "low": "125", "high": "350"},
        {"analyte": "HGB", "unit": "g/L", "low": "110", "high": "150"},
    ]
    set_ranges(SYSTEM, made, rows, effective_from=date(2020, 1, 1), reason="From the laboratory's sheet")
    return made


@pytest.fixture
def subject(site, laboratory):
    return screened(site)


def count(subject, visit="SCR", **values):
    """A blood count at the visit, sampled on the day of consent."""
    day = today_at(subject.site) - timedelta(days=40)
    return enter(subject, "HEM", visit, HEMDAT=day.isoformat(), **values)


def test_it_works(subject, run_outbox):
    record = count(subject, PLT="40", HGB="112")
    run_outbox()
    graded = {row.item_oid: row for row in Grade.objects.filter(record=record)}
    assert graded["PLT"].grade == 3
    assert graded["PLT"].low == 125
    assert graded["PLT"].ctcae_version == "5.0"
    assert graded["HGB"].grade == 0


def test_a_grade_as_bad_as_at_baseline_raises_no_flag_and_a_worse_one_does(subject, run_outbox):
    count(subject, PLT="40")
    run_outbox()
    before = Flag.objects.filter(kind="ctcae").count()
    unscheduled = _unscheduled(subject)
    enter(subject, "HEM", "UNS", HEMDAT=unscheduled.actual.isoformat(), PLT="30")
    run_outbox()
    assert Flag.objects.filter(kind="ctcae").count() == before  # still grade 3
    enter(subject, "HEM", "UNS", PLT="20")
    run_outbox()
    flag = Flag.objects.filter(kind="ctcae").latest("pk")
    assert flag.severity == Flag.Severity.CRITICAL
    assert "grade 4" in flag.text["en"]
    assert "4级" in flag.text["zh"]


def _unscheduled(subject):
    from apps.visits.services import add_unscheduled

    return add_unscheduled(SYSTEM, subject, "UNS", today_at(subject.site), reason="Bleeding")


def test_a_baseline_however_bad_raises_no_flag(subject, run_outbox):
    """Patients with consumptive thrombocytopenia enter with grades 3 and 4."""
    record = count(subject, PLT="8")
    run_outbox()
    assert Grade.objects.get(record=record, item_oid="PLT").grade == 4
    assert not Flag.objects.filter(kind="ctcae").exists()


def test_the_handler_may_run_twice(subject, run_outbox):
    count(subject, PLT="200")
    unscheduled = _unscheduled(subject)
    record = enter(subject, "HEM", "UNS", HEMDAT=unscheduled.actual.isoformat(), PLT="20")
    run_outbox()
    grade_record(SYSTEM, record)
    grade_record(SYSTEM, record)
    assert Grade.objects.filter(record=record, item_oid="PLT").count() == 1
    assert Flag.objects.filter(record=record, kind="ctcae").count() == 1


def test_without_a_full_date_the_limits_are_not_known_and_an_absolute_bound_still_decides(subject, run_outbox):
    record = enter(subject, "HEM", "SCR", PLT="100", HGB="70")
    run_outbox()
    graded = {row.item_oid: row for row in Grade.objects.filter(record=record)}
    assert graded["PLT"].grade is None
    assert "no full date" in graded["PLT"].reason
    assert graded["HGB"].grade == 3


def test_a_missing_code_is_not_graded(subject, run_outbox):
    record = count(subject, PLT={"missing": "ND"})
    run_outbox()
    assert not Grade.objects.filter(record=record, item_oid="PLT").exists()


def test_a_corrected_value_is_graded_again_and_the_old_grade_stays(subject, run_outbox):
    record = count(subject, PLT="20")
    run_outbox()
    count(subject, PLT="200")
    run_outbox()
    assert list(Grade.objects.filter(record=record).order_by("pk").values_list("revision", "grade")) == [(1, 4), (2, 0)]


def test_a_serious_event_is_flagged_once(subject, run_outbox):
    enter(subject, "AE", AETERM="Pneumonia", AESTDAT="2024-05", AESER="Y", AETOXGR="3")
    run_outbox()
    enter(subject, "AE", AETOXGR="4")
    run_outbox()
    flag = Flag.objects.get(kind="sae")
    assert flag.severity == Flag.Severity.CRITICAL
    assert "Pneumonia" in flag.text["en"]
