"""The tables of trialcapture/wiring.py name things that exist."""

import inspect

import pytest
from django.db import connection
from django.utils.module_loading import import_string

from apps.audit import checks, outbox
from trialcapture import wiring
from trialcapture.celery import app
from trialcapture.runtime.places import BASE_DIR


def test_it_works():
    assert {action: tuple(names) for action, names in wiring.HANDLERS.items()} == outbox.HANDLERS
    assert set(checks.CHECKS) == set(wiring.CHECKS)


@pytest.mark.parametrize("name", sorted({name for names in wiring.HANDLERS.values() for name in names}))
def test_a_handler_takes_an_event_and_nothing_else(name):
    assert len(inspect.signature(import_string(name)).parameters) == 1
    assert len(name) <= 120


@pytest.mark.parametrize("name", sorted(wiring.BEAT))
def test_a_beat_is_a_task_that_exists(name):
    task, seconds = wiring.BEAT[name]
    app.loader.import_default_modules()
    assert task in app.tasks and seconds >= 10
    assert app.conf.beat_schedule[name] == {"task": task, "schedule": seconds, "options": {"expires": seconds}}


@pytest.mark.parametrize("action", sorted(wiring.HANDLERS))
def test_an_action_with_handlers_is_recorded_for_the_outbox_somewhere(action):
    """Spelled out in the service that records it; a typing error in the table would otherwise never be noticed."""
    noun = action.rpartition(".")[0]
    sources = [path.read_text() for path in (BASE_DIR / "apps").rglob("*.py")]
    assert any(f'"{action}"' in source or f'"{noun}.' in source or f'f"{noun}' in source for source in sources)


@pytest.mark.django_db
def test_every_table_with_guards_is_in_the_list_that_verification_asks_about():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgfoid = 'audit_refuse_change'::regproc"
        )
        guarded = {name for (name,) in cursor.fetchall()}
    assert guarded == checks.INSERT_ONLY


def test_a_check_is_registered_once():
    with pytest.raises(ValueError, match="called published versions"):
        checks.register("published versions", list)
