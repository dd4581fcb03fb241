"""The throw-away cluster keeps its promises to the other tests."""

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, connections


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
