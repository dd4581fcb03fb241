"""The close-out check list: what stands, what may be let stand, and that a lock waits for both."""

import pytest
from django.db import transaction

from apps.capture.places import RecordRef
from apps.capture.services import close_query, open_query, save_second_entry
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.review.models import Waiver
from apps.review.selectors.closing import LABELS, check_list, standing
from apps.review.services import lock, mark_record, sign_data, waive_line
from apps.subjects.selectors import today_at
from apps.visits.services import add_unscheduled
from tests.journeys import enter, screened, waived


@pytest.fixture
def subject(site, personas):
    assert personas["data_manager"]
    return screened(site)


def finished(subject, personas):
    """Every form of the visit complete and verified, and the casebook signed."""
    day = today_at(subject.site).isoformat()
    values = {"IC": {}, "DM": {}, "DX": {}, "ELIG": {}, "VS": {"VSDAT": day}, "HEM": {"HEMDAT": day, "PLT": "200"}}
    for form, typed in values.items():
        record = enter(subject, form, "SCR", complete=True, **typed)
        if form == "DM":
            again = {"BRTHDAT": record.data["BRTHDAT"], "SEX": record.data["SEX"]}
            save_second_entry(personas["site_staff"].actor, RecordRef.of(record), again, 0, complete=True)
        mark_record(personas["monitor"].actor, record, record.revision, kind="sdv")
    seen = dict(subject.records.values_list("pk", "revision"))
    sign_data(personas["investigator"].actor, subject, seen)


def numbers(scope):
    return {line.code: line.number for line in check_list(scope)}


def test_it_works(subject, personas, small_trial):
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        lock(personas["data_manager"].actor, subject, reason="Database lock")
    assert set(refusal.value.details["lines"]) == {"incomplete", "unsigned"}
    finished(subject, personas)
    assert standing(check_list(subject)) == []
    assert lock(personas["data_manager"].actor, subject, reason="Database lock").hold == "locked"


def test_forms_of_a_visit_that_took_place_are_asked_for(subject):
    assert numbers(subject)["incomplete"] == 6  # four begun, VS and HEM not
    add_unscheduled(SYSTEM, subject, "UNS", today_at(subject.site), reason="Bleeding")
    assert numbers(subject)["incomplete"] == 9


def test_an_open_query_stands(subject, personas):
    finished(subject, personas)
    record = subject.records.get(form_oid="DX")
    query = open_query(personas["monitor"].actor, record, item_oid="SHRINK", text="Really?")
    assert numbers(subject)["queries"] == 1
    close_query(personas["monitor"].actor, query, "Seen.")
    assert numbers(subject)["queries"] == 0


def test_a_result_that_could_not_be_graded_stands(subject, personas, run_outbox):
    from apps.safety.models import Grade

    record = enter(subject, "HEM", "SCR", HEMDAT=today_at(subject.site).isoformat(), PLT="200")
    Grade.objects.create(
        study=subject.study,
        subject=subject,
        record=record,
        revision=1,
        item_oid="PLT",
        analyte="PLT",
        term="platelets",
        ctcae_version="5.0",
        value="200",
        unit="10^9/L",
        grade=None,
        reason="no limit",
        at=record.updated_at,
    )
    assert numbers(subject)["ungraded"] == 1
    enter(subject, "HEM", "SCR", PLT="210")
    assert numbers(subject)["ungraded"] == 0


def test_a_line_may_stand_with_a_reason_until_more_comes(subject, personas):
    waived(subject)
    assert standing(check_list(subject)) == []
    enter(subject, "AE", AETERM="Fever")
    assert [line.code for line in standing(check_list(subject))] == ["incomplete"]


def test_a_waiver_says_why_and_of_what(subject, personas):
    actor = personas["data_manager"].actor
    for line, reason, code in [
        ("unsigned", " ", "reason_missing"),
        ("queries", "none", "nothing"),
        ("no-such", "x", "nothing"),
    ]:
        with pytest.raises(DomainError) as refusal, transaction.atomic():
            waive_line(actor, subject, line, reason=reason)
        assert refusal.value.code == code
    assert not Waiver.objects.exists()
    assert waive_line(actor, subject, "unsigned", reason="The investigator left.").number == 1


@pytest.mark.parametrize("who", ["monitor", "investigator", "coordinator", "outsider"])
def test_who_may_not_waive(subject, personas, small_trial, who):
    for scope in (subject, small_trial):
        with pytest.raises(Forbidden):
            waive_line(personas[who].actor, scope, "unsigned", reason="x")


@pytest.mark.parametrize("level", ["site", "study"])
def test_the_levels_above_ask_for_all_their_subjects(subject, site, small_trial, personas, level):
    scope = {"site": site, "study": small_trial}[level]
    assert numbers(scope)["unsigned"] == 1
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        lock(personas["data_manager"].actor, scope, reason="Database lock")
    assert refusal.value.code == "unfinished"
    waived(small_trial)
    assert lock(personas["data_manager"].actor, scope, reason="Database lock").hold == "locked"


def test_every_line_has_words(subject):
    assert [line.code for line in check_list(subject)] == list(LABELS)
    assert all(line.label for line in check_list(subject))
