"""The rail shows the rooms that one may enter, with what waits there, at the same price everywhere."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone

from apps.capture.services import open_query
from apps.casebook.context import rail, rail_of
from apps.casebook.waiting import open_queries
from apps.common.actors import SYSTEM
from apps.safety.models import Flag
from tests.journeys import enter, screened


def rail_for(persona, name="studies:detail", slug="small-trial", **params):
    url = reverse(name, kwargs={"slug": slug} if slug else {})
    request = RequestFactory().get(url, params)
    request.user, request.actor, request.resolver_match = persona.user, persona.actor, resolve(url)
    return rail_of(request)


def rooms(built):
    return {room.room.view: room for room in built.rooms}


@pytest.fixture
def waiting(site, small_trial):
    subject = screened(site)
    open_query(SYSTEM, subject.records.get(form_oid="DM"), item_oid="SEX", text="Is this right?")
    for audience in ("", "unblinded"):
        Flag.objects.create(
            study=small_trial,
            subject=subject,
            kind="x",
            occasion=f"o{audience}",
            severity="warning",
            text={},
            audience=audience,
        )
    late = timezone.now().date() - timedelta(days=3)
    subject.visits.filter(code="D0").update(target=late, latest=late, earliest=late)
    return subject


def test_it_works(personas, waiting):
    built = rail_for(personas["coordinator"])
    assert built.study.slug == "small-trial"
    assert rooms(built)["studies:detail"].current
    assert rooms(built)["safety:flags"].count == 2
    assert rooms(built)["casebook:matrix"].count == 1


def test_only_rooms_that_one_may_enter(personas):
    assert "exports:list" in rooms(rail_for(personas["data_manager"]))
    assert "exports:list" not in rooms(rail_for(personas["site_staff"]))
    assert "safety:flags" not in rooms(rail_for(personas["coder"]))


def test_another_study_is_not_even_named(personas):
    built = rail_for(personas["outsider"])
    assert built.study is None and not built.rooms
    assert [study.slug for study in built.studies] == ["other-trial"]


def test_another_site_counts_nothing_of_this_one(personas, waiting):
    assert not any(room.count for room in rail_for(personas["other_site"]).rooms)


def test_the_blinded_are_not_told_how_many_unblinded_flags_there_are(personas, waiting):
    assert rooms(rail_for(personas["outcome_assessor"]))["safety:flags"].count == 1


def test_nor_of_queries_on_blinded_forms(personas, waiting):
    open_query(SYSTEM, enter(waiting, "EC", ECDOSE="0.8"), item_oid="ECDOSE", text="Is this right?")
    seen = {name: waiting_queries(personas[name]) for name in ("data_manager", "outcome_assessor")}
    assert seen == {"data_manager": 2, "outcome_assessor": 1}


def waiting_queries(persona):
    built = rail_for(persona)
    roles = frozenset(persona.user.memberships.values_list("role", flat=True))
    blinded = "outcome_assessor" in roles
    return open_queries(persona.actor, built.study, built.sites, blinded).count()


def test_a_page_of_one_subject_stands_in_subjects(personas, waiting):
    url = reverse("casebook:subject", kwargs={"slug": "small-trial", "number": waiting.number})
    page = personas["coordinator"].client.get(url)
    assert [room.room.view for room in page.context["rail"].rooms if room.current] == ["casebook:subjects"]


def test_nobody_and_nowhere(personas, client):
    assert rail_for(personas["nobody"], "studies:list", slug="").rooms == []
    assert client.get("/account/login/").context["rail"].studies == []


def test_a_fragment_without_a_frame_asks_nothing(personas, django_assert_num_queries, rf):
    request = rf.get("/")
    request.user = personas["coordinator"].user
    with django_assert_num_queries(0):
        assert rail(request)


def test_its_price_does_not_grow(personas, waiting, django_assert_max_num_queries):
    personas["coordinator"].user  # noqa: B018 (made before counting)
    with django_assert_max_num_queries(6):
        rail_for(personas["coordinator"])


def test_the_site_in_the_address_is_the_chosen_one(personas):
    assert rail_for(personas["monitor"], site="02").site.code == "02"
    assert rail_for(personas["monitor"], site="nowhere").site is None
