"""The five definitions are published as they stand, by the command that a site would use."""

import pytest
from django.core.management import call_command

from apps.studies.models import Arm, EligibilityCriterion, Item, PlannedVisit, Study
from apps.studies.protocol import get_protocol
from tests.trials.definitions import FIXTURES, SLUGS, protocol_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(capsys):
    call_command("load_study", *sorted(str(path) for path in (FIXTURES / "studies").glob("*.yaml")))
    return {study.slug: study for study in Study.objects.all()}


def test_it_works(published):
    assert set(published) == set(SLUGS)
    for slug, study in published.items():
        definition = protocol_of(slug).definition
        assert get_protocol(study.version_id).definition == definition
        assert study.registry_id == definition.registry.id
        assert study.sites.count() == len(definition.sites)


def test_rows_are_those_of_the_definitions(published):
    for slug, study in published.items():
        definition, rows = protocol_of(slug).definition, {"version": study.version}
        assert EligibilityCriterion.objects.filter(**rows).count() == len(definition.eligibility)
        assert PlannedVisit.objects.filter(**rows).count() == len(definition.visits)
        assert Arm.objects.filter(**rows).count() == len(definition.arms)
        assert Item.objects.filter(form__study=study).count() >= len(protocol_of(slug).items)


def test_loading_them_again_changes_nothing(published):
    versions = {slug: study.version_id for slug, study in published.items()}
    call_command("load_study", *sorted(str(path) for path in (FIXTURES / "studies").glob("*.yaml")))
    assert {study.slug: study.version_id for study in Study.objects.all()} == versions
