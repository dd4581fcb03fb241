"""Fixtures of the database, Valkey and Celery. tests/conftest.py imports them, so that they go before pytest-django's.

`db`: rolled back at the end, as the web role. `transactional_db`, `live_server`, `django_db(transaction=True)`: the
worker's database is replaced by a fresh clone afterwards, because triggers refuse the TRUNCATE of Django's flush.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import SimpleTestCase, TransactionTestCase

from tests import cluster
from tests.own_cluster import own_cluster  # noqa: F401
from trialcapture.runtime.places import BASE_DIR


def database_name() -> str:
    return f"trialcapture_{cluster.worker()}"


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The names are right already: tests/cluster.py set them before the settings were read."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> Iterator[None]:
    """This worker's clone of the migrated template."""
    cluster.current().ensure()
    cluster.current().clone(database_name())
    with django_db_blocker.unblock():
        # a test's transaction is seen by its own connection only, so reads of the replica go there too
        connections["replica"] = connections["default"]
    yield
    connections.close_all()


def replace_database(_case) -> None:
    """In place of Django's flush."""
    connections.close_all()
    cluster.current().clone(database_name())


def without_replica(method):
    """Django forbids a test the databases it did not ask for, and would forbid `default` by its second name."""

    def wrapped(cls):
        replica = connections.settings.pop("replica")
        try:
            return method.__func__(cls)
        finally:
            connections.settings["replica"] = replica

    return classmethod(wrapped)


@pytest.fixture(scope="session", autouse=True)
def _clone_instead_of_flush() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", replace_database)
        for name in ("_add_databases_failures", "_remove_databases_failures"):
            patch.setattr(SimpleTestCase, name, without_replica(vars(SimpleTestCase)[name]))
        yield


@pytest.fixture(scope="session", autouse=True)
def _tasks_at_once() -> None:
    """Celery runs a task where it is sent; a test with `celery_worker_process` sends it to a real worker."""
    from trialcapture.celery import app

    app.conf.update(task_always_eager=True, task_eager_propagates=True)


@pytest.fixture(autouse=True)
def _empty_valkey() -> Iterator[None]:
    """No test sees another's cache, locks or queues."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushdb()
    yield


@pytest.fixture
def owner_connection(transactional_db) -> Iterator[psycopg.Connection]:
    """A connection as the owner of the tables, for tests that tamper; autocommit, on this worker's database."""
    with cluster.current().connect_as_owner(database_name()) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _no_seals_left() -> Iterator[None]:
    """A seal's copy outlives the database that a test rolls back, and would accuse the next one."""
    yield
    shutil.rmtree(settings.SEAL_DIR, ignore_errors=True)


@pytest.fixture
def celery_worker_process(transactional_db) -> Iterator[subprocess.Popen]:
    """A real Celery worker on this worker's database; tasks sent on commit reach it through Valkey."""
    from trialcapture.celery import app

    app.conf.task_always_eager = False
    command = [sys.executable, "-m", "celery", "-A", "trialcapture", "worker", "-Q", "default,exports,mail"]
    command += ["--concurrency=1", "--loglevel=WARNING", "--without-mingle", "--without-gossip"]
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "trialcapture.settings"}
    process = subprocess.Popen(command, cwd=BASE_DIR, env=environ, start_new_session=True)
    try:
        wait_for_worker(app, process)
        yield process
    finally:
        app.conf.task_always_eager = True
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_worker(app, process: subprocess.Popen, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if app.control.ping(timeout=0.3):
            return
    raise AssertionError(f"The Celery worker did not answer within {seconds} s (exit status {process.poll()}).")
