"""The study's list of queries: filtered, paged by key, blinded, in the same number of statements at any size."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.capture.models import Query
from apps.capture.services import open_query, save_record
from tests.capture.capture_study import SmallStudy, build


@pytest.fixture
def small(db) -> SmallStudy:
    return build()


def page_of(small: SmallStudy, who: str, **filters):
    client = Client()
    client.force_login(small.people[who], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.get(reverse("casebook:queries", args=[small.study.slug]), filters)


def ask(small: SmallStudy, count: int = 1, item: str = "PLT"):
    record = save_record(small.actor(), small.ref("HEM"), {"PLT": "90"}, 0)
    return [open_query(small.actor("monitor"), record, item_oid=item, text=f"Question {n}") for n in range(count)]


def test_it_works(small):
    ask(small)
    page = page_of(small, "coordinator").content.decode()
    assert "Question 0" in page
    assert re.search(r'/visits/\d+/HEM/1/#item-PLT"', page)


def test_outside_the_site_nothing_is_listed(small):
    ask(small)
    assert "Question 0" not in page_of(small, "other_site").content.decode()
    assert page_of(small, "outsider").status_code == 404


def test_the_blinded_see_no_query_of_a_blinded_item(small):
    ask(small, item="DOSEHINT")
    assert "Question 0" not in page_of(small, "outcome_assessor").content.decode()
    assert "Question 0" in page_of(small, "monitor").content.decode()


def test_filters_live_in_the_address(small):
    (query,) = ask(small)
    Query.objects.filter(pk=query.pk).update(status="closed")
    assert "Question 0" not in page_of(small, "monitor").content.decode()
    assert "Question 0" in page_of(small, "monitor", status="closed").content.decode()
    assert "Question 0" in page_of(small, "monitor", status="closed", site="01").content.decode()
    assert "Question 0" not in page_of(small, "monitor", status="closed", site="02").content.decode()
    assert page_of(small, "monitor", status="forged", site="\0", after="x").status_code == 200


def test_pages_follow_one_another_in_the_same_number_of_statements(small):
    ask(small, 60)
    with CaptureQueriesContext(connection) as first:
        page = page_of(small, "monitor")
    assert page.content.decode().count("Question") == 50
    after = re.search(r"after=(\d+)", page.content.decode())[1]
    with CaptureQueriesContext(connection) as second:
        page = page_of(small, "monitor", after=after)
    assert page.content.decode().count("Question") == 10
    assert len(second) == len(first)
