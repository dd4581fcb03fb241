"""The throw-away cluster keeps its promises to the other tests."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, connections

from apps.accounts.models import User
from apps.audit.ledger import ledger
from apps.audit.models import Outbox
from apps.audit.tasks import sweep
from apps.common.actors import SYSTEM
from tests import cluster
from trialcapture.runtime.places import BASE_DIR
from trialcapture.runtime.processes import is_alive


@pytest.mark.django_db
def test_it_works():
    ContentType.objects.create(app_label="nowhere", model="nothing")
    assert ContentType.objects.filter(app_label="nowhere").count() == 1


@pytest.mark.django_db
def test_a_test_leaves_nothing_to_the_next():
    assert not ContentType.objects.filter(app_label="nowhere").exists()


@pytest.mark.django_db
def test_tests_connect_as_the_web_role_that_owns_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("trialcapture_web", False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["TRUNCATE django_content_type CASCADE", "CREATE TABLE mine (n int)"])
def test_the_web_role_may_not(statement):
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", [1, 2])
def test_a_committing_test_gets_a_fresh_database(round_):
    assert not ContentType.objects.filter(app_label="nowhere").exists()
    ContentType.objects.create(app_label="nowhere", model="nothing")


def test_the_owner_sees_what_was_committed(owner_connection: psycopg.Connection):
    ContentType.objects.create(app_label="nowhere", model="nothing")
    found = owner_connection.execute("SELECT current_user, count(*) FROM django_content_type WHERE app_label='nowhere'")
    assert found.fetchone() == ("trialcapture_owner", 1)


@pytest.mark.django_db
def test_reads_of_the_replica_see_the_tests_own_rows():
    ContentType.objects.create(app_label="nowhere", model="nothing")
    assert connections["replica"] is connections["default"]
    assert ContentType.objects.using("replica").filter(app_label="nowhere").exists()


@pytest.mark.parametrize("round_", [1, 2])
def test_the_cache_is_empty_at_first(round_):
    assert cache.get("seen") is None
    cache.set("seen", round_)


def test_a_real_worker_does_what_was_sent_on_commit(celery_worker_process):
    """Through Valkey to another process, and back through the database."""
    user = User.objects.create(username="somebody", email="somebody@example.org", full_name="Some Body")
    with ledger(SYSTEM, None) as entry:
        entry(action="accounts.user.noticed", obj=user, label=str(user), outbox=True)
    sweep.delay()
    deadline = time.monotonic() + 30
    while Outbox.objects.filter(expanded=False).exists():
        assert celery_worker_process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert Outbox.objects.filter(action="accounts.user.noticed", expanded=True).count() == 1


def test_without_the_worker_a_task_runs_where_it_is_sent(transactional_db):
    user = User.objects.create(username="somebody", email="somebody@example.org", full_name="Some Body")
    with ledger(SYSTEM, None) as entry:
        entry(action="accounts.user.noticed", obj=user, label=str(user), outbox=True)
    sweep.delay()
    assert Outbox.objects.get(action="accounts.user.noticed").expanded


def test_a_live_server_sees_the_same_database(live_server):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(live_server.url + "/readyz") as answer:
        assert json.load(answer) == {"database": "ok", "redis": "ok", "migrations": "ok"}


def test_nothing_of_a_killed_run_is_left(tmp_path):
    """The controller dies by `kill -9` in the middle of a test: its guard stops PostgreSQL and Valkey, and tidies up."""
    (tmp_path / "test_hangs.py").write_text(
        "import os, pathlib, time, pytest\n"
        "@pytest.mark.django_db\n"
        "def test_hangs():\n"
        f"    pathlib.Path({str(tmp_path / 'top')!r}).write_text(os.environ['TC_TEST_RUN'])\n"
        "    time.sleep(600)\n"
    )
    names = "_clone_instead_of_flush, _empty_valkey, _tasks_at_once"
    (tmp_path / "conftest.py").write_text(f"from tests.databases import *\nfrom tests.databases import {names}\n")
    environ = {name: value for name, value in os.environ.items() if name != cluster.RUN_VARIABLE}
    environ = {name: value for name, value in environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(BASE_DIR)]
    command += ["-c", str(BASE_DIR / "pyproject.toml"), str(tmp_path / "test_hangs.py")]
    with (tmp_path / "words").open("w") as words:
        run = subprocess.Popen(command, cwd=BASE_DIR, env=environ, stdout=words, stderr=words)
    try:
        wait_for(lambda: (tmp_path / "top").exists() or run.poll() is not None, 120)
        assert run.poll() is None, (tmp_path / "words").read_text()
        top = (tmp_path / "top").read_text()
        assert any(top in " ".join(process.cmdline()) for process in living())
    finally:
        run.kill()
        run.wait()
    wait_for(lambda: not Path(top).exists(), 30)
    assert not [process for process in living() if top in " ".join(process.cmdline())]


def living() -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if is_alive(process)]


def wait_for(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
