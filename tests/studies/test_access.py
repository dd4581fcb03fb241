import pytest

from apps.common.actors import SYSTEM, Actor
from apps.common.errors import Forbidden, NotVisible
from apps.common.permissions import Permission, Role
from apps.studies.access import (
    get_study_for,
    is_blinded,
    may,
    require,
    require_everywhere,
    roles_at,
    sees_whole_study,
    sites_visible_to,
)
from apps.studies.models import Membership, Study
from apps.studies.permissions import MANAGE_PEOPLE
from tests.factories import published_study

pytestmark = pytest.mark.django_db
ENTER = Permission("tests.enter_something", "Enter something", frozenset({Role.COORDINATOR, Role.STUDY_ADMIN}))
ANONYMOUS = Actor(user_id=0, name="")


def test_it_works(personas, small_trial, site):
    actor = personas["coordinator"].actor
    assert get_study_for(actor, "small-trial") == small_trial
    require(actor, ENTER, study_id=small_trial.pk, site_id=site.pk)


def test_study_comes_without_its_definition(personas, django_assert_num_queries):
    actor = personas["coordinator"].actor
    with django_assert_num_queries(1):
        study = get_study_for(actor, "small-trial")
        assert study.version.number == 1
    assert "definition" in study.version.get_deferred_fields()


@pytest.mark.parametrize("name", ["outsider", "operator", "nobody"])
def test_who_has_no_role_sees_nothing(personas, small_trial, name):
    actor = personas[name].actor
    with pytest.raises(NotVisible):
        get_study_for(actor, "small-trial")
    assert small_trial not in Study.objects.visible_to(actor)
    assert not sites_visible_to(actor, small_trial.pk).exists()
    with pytest.raises(Forbidden):
        require(actor, ENTER, study_id=small_trial.pk)


def test_nobody_is_not_the_system(small_trial):
    assert not Study.objects.visible_to(ANONYMOUS).exists()
    assert not may(ANONYMOUS, ENTER, study_id=small_trial.pk)
    assert may(SYSTEM, ENTER, study_id=small_trial.pk)


def test_site_roles_end_at_the_site(personas, small_trial, site, second_site):
    actor = personas["other_site"].actor
    assert list(sites_visible_to(actor, small_trial.pk)) == [second_site]
    assert may(actor, ENTER, study_id=small_trial.pk, site_id=second_site.pk)
    assert not may(actor, ENTER, study_id=small_trial.pk, site_id=site.pk)
    assert not sees_whole_study(actor, small_trial.pk)


def test_roles_for_all_sites_hold_at_each(personas, small_trial, site, second_site):
    actor = personas["study_admin"].actor
    assert set(sites_visible_to(actor, small_trial.pk)) == {site, second_site}
    assert roles_at(actor, small_trial.pk, site.pk) == {"study_admin"}
    require_everywhere(actor, MANAGE_PEOPLE, study_id=small_trial.pk)
    with pytest.raises(Forbidden):
        require_everywhere(personas["monitor"].actor, MANAGE_PEOPLE, study_id=small_trial.pk)


def test_ended_role_is_none(personas, small_trial):
    persona = personas["coordinator"]
    Membership.objects.filter(user=persona.user).update(ended_at="2024-01-01T00:00:00Z")
    with pytest.raises(NotVisible):
        get_study_for(persona.actor, "small-trial")
    assert not may(persona.actor, ENTER, study_id=small_trial.pk)


def test_one_blinded_role_blinds(personas, small_trial, site):
    assert is_blinded(personas["blinded"].actor, small_trial)
    persona = personas["investigator"]
    assert not is_blinded(persona.actor, small_trial, site.pk)
    Membership.objects.create(user=persona.user, study=small_trial, role=Role.OUTCOME_ASSESSOR)
    assert is_blinded(persona.actor, small_trial, site.pk)
    assert not is_blinded(SYSTEM, small_trial)


def test_roles_of_one_study_are_nothing_in_another(personas, small_trial):
    other = published_study(study="third-trial")
    assert not may(personas["study_admin"].actor, ENTER, study_id=other.pk)
