"""Fixtures: a small published trial and the people around it. tests/conftest.py imports them.

``personas[role]`` holds the role at site 01 (roles of a site) or at all sites (the others). Besides the roles:
``other_site`` (coordinator at site 02 only), ``outsider`` (administrator and coordinator of another study), ``blinded``
(the outcome assessor), ``operator`` (runs the server, no role), ``nobody`` (an account without any role).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest
from django.test import Client
from django.utils import translation

from apps.accounts.models import User
from apps.common.actors import Actor
from apps.common.permissions import SITE_ROLES, Role
from apps.review.plan import plan_rows
from apps.studies.models import Membership, Site, Study
from apps.studies.protocol import get_protocol
from tests.factories import UserFactory, actor_for, published_study


@dataclass
class Persona:
    user: User

    @property
    def actor(self) -> Actor:
        return actor_for(self.user)

    @cached_property
    def client(self) -> Client:
        client = Client()
        client.force_login(self.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client


class Personas(dict):
    """Made when asked for, so that a test pays only for the people in it."""

    def __init__(self, makers: dict[str, Callable[[], User]]) -> None:
        super().__init__()
        self.makers = makers

    def __missing__(self, name: str) -> Persona:
        self[name] = Persona(self.makers[name]())
        return self[name]

    @property
    def names(self) -> list[str]:
        return list(self.makers)


@pytest.fixture(autouse=True)
def _no_protocol_left(request) -> Iterator[None]:
    """A cloned database gives a version's id again to another definition; a person's language ends with the test."""
    yield
    translation.deactivate()
    marker = request.node.get_closest_marker("django_db")
    cloned = {"transactional_db", "live_server"} & set(request.fixturenames)
    if cloned or (marker and marker.kwargs.get("transaction")):
        get_protocol.cache_clear()
        plan_rows.cache_clear()


@pytest.fixture
def small_trial(db) -> Study:
    """tests/small_trial.yaml, published: arms LOW and HIGH, sites 01 (Shanghai) and 02 (Berlin)."""
    return published_study()


@pytest.fixture
def site(small_trial) -> Site:
    return small_trial.sites.get(code="01")


@pytest.fixture
def second_site(small_trial) -> Site:
    return small_trial.sites.get(code="02")


@pytest.fixture
def other_trial(db) -> Study:
    """Another study, of which nobody but the outsider may know."""
    return published_study(study="other-trial")


@pytest.fixture
def personas(small_trial, site, second_site, request) -> Personas:
    def holder(name: str, role: str, where: Site | None, study: Study = small_trial) -> User:
        user = UserFactory(username=name)
        Membership.objects.create(user=user, study=study, site=where, role=role)
        return user

    def outsider() -> User:
        other = request.getfixturevalue("other_trial")
        user = holder("outsider", Role.STUDY_ADMIN, None, other)
        Membership.objects.create(user=user, study=other, role=Role.COORDINATOR)
        return user

    def of_role(role: Role) -> Callable[[], User]:
        return lambda: holder(role.value, role, site if role in SITE_ROLES else None)

    return Personas(
        {role.value: of_role(role) for role in Role}
        | {
            "other_site": lambda: holder("other_site", Role.COORDINATOR, second_site),
            "outsider": outsider,
            "blinded": lambda: holder("blinded", Role.OUTCOME_ASSESSOR, None),
            "operator": lambda: UserFactory(username="operator", is_operator=True),
            "nobody": lambda: UserFactory(username="nobody"),
        }
    )
