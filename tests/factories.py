"""One factory per model. What has a service in the app is made by that service, so that its events exist too."""

from functools import cache
from pathlib import Path

import factory
from factory.django import DjangoModelFactory

from apps.accounts.models import User
from apps.common.actors import SYSTEM, Actor
from apps.studies.definition import StudyDefinition
from apps.studies.loading import Library, load_study
from apps.studies.models import Membership, Study
from apps.studies.services import publish

SMALL_TRIAL = Path(__file__).with_name("small_trial.yaml")
PASSWORD = "correct-horse-battery"
ANALYTES = frozenset(("PLT", "HGB", "SIRO"))


@cache
def small_definition() -> StudyDefinition:
    """tests/small_trial.yaml, checked by the loader."""
    loaded = load_study(SMALL_TRIAL, Library(analytes=ANALYTES))
    assert loaded.definition is not None, [str(problem) for problem in loaded.problems]
    return loaded.definition


def published_study(definition: StudyDefinition | None = None, **changes) -> Study:
    """The small trial, published; ``changes`` replace top-level parts (``study="another"`` makes a second one)."""
    definition = (definition or small_definition()).model_copy(update=changes)
    return publish(SYSTEM, definition, "for tests").study


def actor_for(user: User) -> Actor:
    return Actor(user_id=user.pk, name=user.get_full_name(), address="192.0.2.1", request_id="test-request")


class UserFactory(DjangoModelFactory):
    """Signs in with PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    full_name = factory.LazyAttribute(lambda user: user.username.replace("_", " ").title())

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(*args, password=kwargs.pop("password", PASSWORD), **kwargs)


class MembershipFactory(DjangoModelFactory):
    """A role without its event; ``apps.studies.services.grant_role`` is how one is really given."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    study = factory.LazyFunction(published_study)
    site = None
    role = "coordinator"
