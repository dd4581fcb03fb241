"""`/healthz` and `/readyz`: to anyone, without a sign-in, each thing by its name."""

import pytest
from django.db import connection

from trialcapture import health


@pytest.mark.django_db
def test_it_works(client):
    assert client.get("/healthz").json() == {"process": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "redis": "ok", "migrations": "ok"}
    assert "no-store" in answer["Cache-Control"]


def test_the_process_lives_without_its_database(client):
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_a_redis_that_is_gone_is_named(client, settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "redis": "unreachable", "migrations": "ok"}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_is_named(client, monkeypatch):
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "unreachable", "redis": "ok", "migrations": "unknown"}


@pytest.mark.django_db
def test_a_migration_that_is_missing_is_named(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'audit'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"] == "missing"


@pytest.mark.django_db
def test_only_reading(client):
    assert client.post("/readyz").status_code == 405
