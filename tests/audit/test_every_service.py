"""Every service writes exactly the events that the table says: none is forgotten, none comes by surprise."""

import sys

import pytest
import scenarios_corrections
import scenarios_decided
import scenarios_entered_twice
import scenarios_people
import scenarios_records
import scenarios_review
import scenarios_subjects
from ledger_helpers import kinds
from service_scenarios import SCENARIOS, STEPS, Scenario, World
from services_found import services

from apps.audit.models import Event
from apps.audit.selectors import view_of
from apps.casebook.selectors.trail import AREAS
from apps.casebook.selectors.trail_words import ACTIONS

TABLES = (
    scenarios_decided,
    scenarios_corrections,
    scenarios_entered_twice,
    scenarios_people,
    scenarios_records,
    scenarios_review,
    scenarios_subjects,
)


def new_events(before: set) -> list:
    return [view_of(row) for row in Event.objects.exclude(pk__in=before).order_by("chain", "seq")]


@pytest.mark.django_db
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_it_works(scenario: Scenario, request, small_trial):
    call = scenario.prepare(World(request, small_trial))
    before = set(Event.objects.values_list("pk", flat=True))
    call()
    events = new_events(before)
    assert [event.action for event in events] == list(scenario.actions)
    for event in events:
        assert event.actor.name and event.label
        assert event.subject_id is None or event.site_id is not None
    assert kinds() == set()


def test_every_service_is_in_the_table():
    missing = set(services()) - {scenario.service for scenario in SCENARIOS} - set(STEPS)
    assert not missing, f"Say in tests/audit/scenarios_*.py which events they write: {sorted(missing)}"


def test_the_table_names_only_services():
    found = set(services())
    assert {scenario.service for scenario in SCENARIOS} <= found
    assert set(STEPS) <= found and set(STEPS.values()) <= found


@pytest.mark.django_db
@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_is_run_by_the_service_that_stands_for_it(step, request, small_trial):
    scenario = next(scenario for scenario in SCENARIOS if scenario.service == STEPS[step] and scenario.actions)
    call, code, ran = scenario.prepare(World(request, small_trial)), services()[step].__code__, []
    sys.setprofile(lambda frame, event, _arg: ran.append(event) if frame.f_code is code else None)
    try:
        call()
    finally:
        sys.setprofile(None)
    assert ran


def test_an_action_is_app_noun_and_past_participle():
    for action in {action for scenario in SCENARIOS for action in scenario.actions}:
        app, noun, verb = action.split(".")
        assert app and noun and verb == verb.lower()


def test_every_action_that_a_service_writes_has_a_name():
    """The audit trail says it in words."""
    told = {action for one in SCENARIOS for action in one.actions}
    assert len(told) > 60
    assert told <= ACTIONS.keys()
    assert {action.split(".")[0] for action in ACTIONS} <= AREAS.keys() | {"accounts", "audit"}
