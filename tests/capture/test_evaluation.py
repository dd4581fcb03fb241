"""Properties of a record's evaluation: no hidden item is ever checked, and the order of items does not matter."""

import datetime as dt
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.capture.evaluation import evaluate
from apps.capture.paths import applied, changes_between, data_of, item_of, paths_of
from apps.capture.scope import Filled, SubjectScope
from apps.rules import UNKNOWN
from apps.studies.definition import StudyDefinition
from apps.studies.protocol import compile_protocol
from tests.capture.capture_study import DEFINITION

STUDY = StudyDefinition.model_validate(DEFINITION)
PROTOCOL = compile_protocol(1, 1, STUDY, {form.oid: number for number, form in enumerate(STUDY.forms, 1)})
SUBJECT = SimpleNamespace(pk=1)

number = st.one_of(st.none(), st.integers(-5, 300).map(str), st.just({"missing": "ND"}))
line = st.fixed_dictionaries(
    {"_key": st.text("abcdef0123456789", min_size=4, max_size=6)},
    optional={"LESLOC": st.text("abc", min_size=1), "LENGTH": number, "WIDTH": number, "_inactive": st.just("twice")},
)
record = st.fixed_dictionaries(
    {},
    optional={
        "HEIGHT": number,
        "WEIGHT": number,
        "TEMPDONE": st.sampled_from(["Y", "N"]),
        "TEMP": number,
        "FEVER": st.sampled_from(["Y", "N"]),
        "SIGNS": st.sampled_from([["PAIN"], ["PAIN", "HEAT"]]),
        "_entered": st.just({"HEIGHT": {"value": "40", "unit": "in"}}),
        "LESION": st.lists(line, min_size=1, max_size=4, unique_by=lambda one: one["_key"]),
    },
)


def clean(data: dict) -> dict:
    """As a save leaves it: nothing empty is stored."""
    kept = {name: value for name, value in data.items() if value is not None}
    if "LESION" in kept:
        kept["LESION"] = [{name: v for name, v in one.items() if v is not None} for one in kept["LESION"]]
    return kept


def here(data: dict, **more) -> Filled:
    return Filled(1, "VS", 1, 5, "incomplete", data, frozenset(), "SCR", **more)


def run(data: dict, *, complete: bool = True, others: tuple = ()):
    scope = SubjectScope(SUBJECT, PROTOCOL, filled=others, here=here(data), milestones={})
    return evaluate(PROTOCOL.forms["VS"], data, scope, complete=complete)


def test_it_works():
    outcome = run({"HEIGHT": "100", "WEIGHT": "16", "TEMPDONE": "Y", "TEMP": "39", "FEVER": "N"})
    assert outcome.data["BSA"] == "0.6667"
    assert {finding.check_oid for finding in outcome.findings} == {"FEVER_SAID", "REQUIRED"}


@settings(max_examples=300)
@given(record)
def test_no_hidden_item_is_ever_checked(data):
    outcome = run(clean(data))
    hidden = set(outcome.irrelevant)
    assert not {finding.item_oid for finding in outcome.findings if not finding.line_key} & hidden
    assert ("TEMP" in hidden) == (data.get("TEMPDONE") != "Y")


@settings(max_examples=300)
@given(record)
def test_a_hidden_value_is_kept_and_unknown_to_every_rule(data):
    data = clean(data) | {"TEMPDONE": "N", "TEMP": "39"}
    outcome = run(data)
    assert outcome.data["TEMP"] == "39"
    assert "FEVER" in outcome.irrelevant
    assert not any(finding.item_oid in ("TEMP", "FEVER") for finding in outcome.findings)


@settings(max_examples=200)
@given(record)
def test_evaluating_what_was_evaluated_changes_nothing(data):
    once = run(clean(data))
    again = run(once.data)
    assert (again.data, again.irrelevant) == (once.data, once.irrelevant)
    assert [finding.key for finding in again.findings] == [finding.key for finding in once.findings]


@settings(max_examples=200)
@given(record)
def test_what_was_given_is_not_touched(data):
    data = clean(data)
    before = repr(data)
    run(data)
    assert repr(data) == before


@settings(max_examples=300)
@given(record)
def test_paths_say_all_of_the_data(data):
    data = clean(data)
    assert data_of(paths_of(data)) == data


@settings(max_examples=300)
@given(record, record)
def test_changes_lead_from_one_state_to_the_other(before, after):
    before, after = clean(before), clean(after)
    assert applied(before, changes_between(before, after)) == after


def test_a_change_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="HEIGHT"):
        applied({"HEIGHT": "1"}, [["HEIGHT", "2", "3"]])


@pytest.mark.parametrize(("path", "oid"), [("PLT", "PLT"), ("PLT@entered", "PLT"), ("G/ab/X", "X"), ("G/ab/X@entered", "X")])
def test_the_item_of_a_path(path, oid):
    assert item_of(path) == oid


def test_inactive_lines_count_nowhere():
    lines = [{"_key": "aaaa", "LENGTH": "2"}, {"_key": "bbbb", "LENGTH": "5", "WIDTH": "9", "_inactive": "twice"}]
    outcome = run({"LESION": lines})
    assert outcome.data["TOTAL"] == "2.0"
    assert {finding.line_key for finding in outcome.findings} <= {"", "aaaa"}


def test_five_hundred_lines_cost_the_same_each():
    lines = [{"_key": f"{n:04d}", "LESLOC": "x", "LENGTH": "2", "WIDTH": "1"} for n in range(500)]
    outcome = run({"LESION": lines})
    assert outcome.data["LESION"][499]["AREA"] == "2.00"
    assert outcome.data["TOTAL"] == "1000.0"


# -- the subject around the record


def visit(number: int, on, data: dict, code: str = "W2", irrelevant=()) -> Filled:
    return Filled(100 + number, "VS", 1, number, "complete", data, frozenset(irrelevant), code, on, (number, 0, 0))


def test_values_of_other_visits():
    day = dt.date(2024, 5, 1)
    filled = [
        visit(1, day, {"WEIGHT": "10"}, "SCR"),
        visit(2, day + dt.timedelta(14), {"WEIGHT": "11"}),
        visit(3, day + dt.timedelta(30), {"WEIGHT": "12"}, irrelevant=["WEIGHT"]),
    ]
    scope = SubjectScope(SUBJECT, PROTOCOL, filled=filled, milestones={("first_dose", 1): day + dt.timedelta(14)})
    assert str(scope.at_visit("WEIGHT", "first", None)) == "10"
    assert str(scope.at_visit("WEIGHT", "last", None)) == "11"
    assert str(scope.at_visit("WEIGHT", "baseline", None)) == "11"
    scope = SubjectScope(SUBJECT, PROTOCOL, filled=filled, milestones={})
    assert str(scope.at_visit("WEIGHT", "baseline", None)) == "10"
    assert scope.value("WEIGHT") is UNKNOWN  # the newest record has it hidden
    assert str(SubjectScope(SUBJECT, PROTOCOL, filled=filled[:2], milestones={}).value("WEIGHT")) == "11"


def test_overrides_go_first():
    scope = SubjectScope(SUBJECT, PROTOCOL, filled=[], milestones={}, overrides={"WEIGHT": UNKNOWN, "PULSE": "x"})
    assert scope.value("PULSE") == "x"


def test_a_form_planned_at_the_visit_and_not_filled_gives_nothing():
    """An old value must not pass for one of this visit."""
    hem = Filled(7, "HEM", 1, 9, "incomplete", {}, frozenset(), "W2", None, (2, 0, 0))
    scope = SubjectScope(SUBJECT, PROTOCOL, filled=[visit(1, None, {"WEIGHT": "10"}, "SCR")], here=hem, milestones={})
    assert scope.value("WEIGHT") is UNKNOWN


def test_all_lines_of_a_log_are_seen_with_the_one_being_edited():
    logs = [Filled(n, "AE", n, None, "complete", {"AETERM": f"e{n}"}, frozenset()) for n in (1, 2)]
    scope = SubjectScope(SUBJECT, PROTOCOL, filled=logs, milestones={})
    assert list(scope.repeats("AETERM", None)) == ["e1", "e2"]
    editing = Filled(2, "AE", 2, None, "incomplete", {}, frozenset())
    scope = SubjectScope(SUBJECT, PROTOCOL, filled=logs, here=editing, milestones={})
    evaluate(PROTOCOL.forms["AE"], {"AETERM": "changed"}, scope)
    assert list(scope.repeats("AETERM", None)) == ["e1", "changed"]
