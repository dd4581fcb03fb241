"""Who acts, and the rights that name themselves once."""

import pytest

from apps.common.actors import SYSTEM, Actor
from apps.common.errors import Conflict, DomainError, Forbidden
from apps.common.permissions import REGISTRY, Permission, Role


def test_it_works():
    assert SYSTEM.is_system
    assert not Actor(user_id=7, name="Zhang Wei").is_system


def test_whoever_is_not_signed_in_is_not_the_system():
    assert not Actor(user_id=0, name="").is_system


def test_an_actor_is_what_it_was():
    with pytest.raises(AttributeError):
        SYSTEM.name = "somebody"


def test_two_rights_of_one_name_are_refused():
    known = next(iter(REGISTRY.values()))
    with pytest.raises(ValueError, match=known.code):
        Permission(known.code, "another", frozenset())
    assert REGISTRY[known.code] == known


def test_every_right_is_named_by_its_app_and_held_by_roles_that_exist():
    for code, permission in REGISTRY.items():
        app, _, verb = code.partition(".")
        assert app and verb and str(permission.label)
        assert permission.roles <= set(Role)


def test_errors_speak():
    error = DomainError("The visit is frozen.", code="held", item="PLT")
    assert (str(error), error.code, error.item, error.details) == ("The visit is frozen.", "held", "PLT", {})
    assert isinstance(Conflict("x", code="stale"), DomainError)
    right = next(iter(REGISTRY.values()))
    assert str(Forbidden(right)) == str(right.label)
