"""Statements of the hot path are planned once a connection, and still counted where statements are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.common.prepared import prepared_cursor

ASK = "SELECT %s::int + 1 AS sum_for_the_test"


def ask(number: int) -> int:
    with prepared_cursor() as cursor:
        cursor.execute(ASK, [number])
        return cursor.fetchone()[0]


def planned() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%sum_for_the_test'")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_it_works():
    assert [ask(number) for number in range(5)] == [1, 2, 3, 4, 5]
    assert planned() == 1


@pytest.mark.django_db
def test_a_refusal_is_django_s_own():
    from django.db import DataError, transaction

    with pytest.raises(DataError), transaction.atomic():
        ask("seven")
    assert ask(1) == 2


@pytest.mark.django_db
def test_it_is_counted_where_statements_are():
    with CaptureQueriesContext(connection) as captured:
        ask(1)
    assert [query["sql"] for query in captured] == ["SELECT 1::int + 1 AS sum_for_the_test"]
