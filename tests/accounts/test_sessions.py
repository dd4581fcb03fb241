"""The idle session: prolonged by work alone, and never at the cost of what was typed."""

import time

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.sessions import SEEN
from tests.accounts.conftest import make_person

OPERATOR = "/server/accounts/new/"


def age(client, seconds):
    """As if nothing had been done for so long."""
    session = client.session
    session[SEEN] = int(time.time()) - seconds
    session.save()


def state(client):
    return client.get(reverse("accounts:session"), headers={"accept": "application/json"}).json()


@pytest.fixture
def signed_in(client, person):
    client.force_login(person)
    client.get("/account/")
    return client


def test_it_works(signed_in, person, settings):
    answer = state(signed_in)
    assert answer["signed_in"] and answer["person"] == person.pk and answer["csrf"]
    assert settings.SESSION_COOKIE_AGE - 5 <= answer["seconds"] <= settings.SESSION_COOKIE_AGE


def test_asking_does_not_prolong(signed_in):
    age(signed_in, 600)
    before = state(signed_in)["seconds"]
    assert abs(state(signed_in)["seconds"] - before) <= 1


def test_work_prolongs_and_writes_at_most_once_a_minute(signed_in, settings, django_assert_num_queries):
    age(signed_in, 600)
    signed_in.get("/account/")
    assert state(signed_in)["seconds"] > settings.SESSION_COOKIE_AGE - 5
    seen = signed_in.session[SEEN]
    age(signed_in, 30)
    signed_in.get("/account/")
    assert signed_in.session[SEEN] < seen  # not written again within the minute


def test_stay_signed_in(signed_in, settings):
    age(signed_in, 1700)
    assert signed_in.post(reverse("accounts:extend")).json()["seconds"] > settings.SESSION_COOKIE_AGE - 5


def test_the_database_ends_an_idle_session(signed_in):
    Session.objects.update(expire_date=timezone.now() - timezone.timedelta(seconds=1))
    assert state(signed_in) == {"signed_in": False}
    assert signed_in.get("/account/").status_code == 302


def test_a_fragment_is_answered_401_not_with_the_sign_in_page(client, db):
    assert client.get("/account/", headers={"hx-request": "true"}).status_code == 401


def posted(client, data, **headers):
    return client.post(OPERATOR, data, headers=headers)


def test_a_form_sent_too_late_comes_back_whole(client, db):
    response = posted(client, {"full_name": "王伟", "notes": "two\nlines", "password": "geheim"}, origin="http://testserver")
    page = response.content.decode()
    assert response.status_code == 401
    assert 'name="full_name" value="王伟"' in page and "two\nlines" in page
    assert f'action="{OPERATOR}"' in page
    assert "geheim" not in page


def test_values_are_never_offered_again_for_another_sites_form(client, db):
    page = posted(client, {"full_name": "forged"}, origin="https://evil.example").content.decode()
    assert "forged" not in page
    assert "forged" not in posted(client, {"full_name": "forged"}).content.decode()


def test_a_stale_token_gives_the_form_back_with_a_fresh_one(person):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    response = client.post(
        OPERATOR, {"full_name": "王伟", "csrfmiddlewaretoken": "x" * 64}, headers={"origin": "http://testserver"}
    )
    page = response.content.decode()
    assert response.status_code == 403 and 'value="王伟"' in page
    token = page.split('csrfmiddlewaretoken" value="')[1].split('"')[0]
    again = client.post(
        OPERATOR, {"full_name": "王伟", "csrfmiddlewaretoken": token}, headers={"origin": "http://testserver"}
    )
    assert "Please send it once more" not in again.content.decode()


def test_a_forged_form_is_refused_and_not_repeated(person):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    response = client.post(OPERATOR, {"full_name": "forged"}, headers={"origin": "https://evil.example"})
    assert response.status_code == 403
    assert "forged" not in response.content.decode()


def test_another_persons_session_is_told_apart(client, person):
    client.force_login(make_person("wang.wei"))
    assert state(client)["person"] != person.pk
