import datetime as dt

import pytest
from django.db import transaction

from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.studies.models import SiteVersion
from apps.studies.protocol import protocol_for_site, site_today, version_for_site
from apps.studies.services import activate_version, publish
from tests.factories import published_study, small_definition

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(small_trial):
    return publish(SYSTEM, small_definition().model_copy(update={"target": 31}), "")


def test_it_works(personas, site, second_site, second):
    today = site_today(site)
    assert version_for_site(site).number == 1
    activate_version(personas["study_admin"].actor, site, second, today, today + dt.timedelta(days=3))
    assert version_for_site(site).number == 1
    assert version_for_site(site, today + dt.timedelta(days=3)).number == 2
    assert protocol_for_site(site, today + dt.timedelta(days=3)).definition.target == 31
    assert protocol_for_site(site).definition.target == 30
    assert version_for_site(second_site, today + dt.timedelta(days=30)).number == 1
    assert version_for_site(site, today - dt.timedelta(days=30)) is None


def test_wrong_person(personas, site, second):
    with pytest.raises(Forbidden):
        activate_version(personas["coordinator"].actor, site, second, None, site_today(site))


@pytest.mark.parametrize(
    ("approved", "active", "code"),
    [(2, 1, "before_approval"), (None, -2, "past"), (None, 0, "not_newer"), (None, 0, "other_study")],
)
def test_refused(personas, small_trial, site, second, approved, active, code):
    day = lambda n: None if n is None else site_today(site) + dt.timedelta(days=n)  # noqa: E731
    version = {"not_newer": small_trial.version, "other_study": None}.get(code, second)
    if version is None:
        version = published_study(study="other-trial").version
    with pytest.raises(DomainError) as caught, transaction.atomic():
        activate_version(personas["study_admin"].actor, site, version, day(approved), day(active))
    assert caught.value.code == code
    assert SiteVersion.objects.filter(site=site).count() == 1
