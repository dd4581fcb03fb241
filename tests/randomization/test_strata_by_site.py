"""The site as a stratum, sites that come later, and lists that run low."""

import pytest

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.notifications.models import Notice
from apps.randomization.checking import problems_in
from apps.randomization.gathering import evidence_of
from apps.randomization.selectors import slots_left
from apps.randomization.services import extend_lists, randomize_subject
from apps.studies.models import Site, SiteVersion
from tests import small

pytestmark = pytest.mark.django_db
PLAN = {"method": "permuted_blocks", "block_sizes": [2, 4], "strata": ["SITE", "KMP"], "list_length": 10} | small.R


@pytest.fixture
def study():
    return small.publish_small(randomization=PLAN)


@pytest.fixture
def scheme(study):
    return small.live_scheme(study)


def test_each_site_has_lists_of_its_own(study, scheme):
    assert {row.stratum for row in slots_left(scheme)} == {f"KMP={k},SITE={site}" for k in "NY" for site in ("01", "02")}
    given = randomize_subject(SYSTEM, small.enrolled(small.screened(small.site_of(study, "02"))))
    assert given.stratum == "KMP=Y,SITE=02"
    assert given.strata_values == {"KMP": "Y", "SITE": "02"}
    assert list(problems_in(evidence_of(scheme))) == []


def test_a_site_that_comes_later_gets_lists_by_an_extension(study, scheme):
    site = Site.objects.create(study=study, code="03", name={"en": "Third"}, subject_pattern="{site}-{seq:03d}")
    SiteVersion.objects.create(site=site, version=study.version, active_from=small.LONG_AGO)
    subject = small.enrolled(small.screened(small.site_of(study, "03")))
    with small.refused("no_list") as refused:
        randomize_subject(SYSTEM, subject)
    assert "KMP=Y,SITE=03" in str(refused.value)
    before = {row.stratum: row.total for row in slots_left(scheme)}
    longer = extend_lists(SYSTEM, scheme, 10, reason="A third site")
    after = {row.stratum: row.total for row in slots_left(longer)}
    assert {stratum: after[stratum] for stratum in before} == before
    assert set(after) - set(before) == {"KMP=N,SITE=03", "KMP=Y,SITE=03"}
    assert randomize_subject(SYSTEM, subject).stratum == "KMP=Y,SITE=03"
    assert list(problems_in(evidence_of(longer))) == []
    with small.refused("length_below"):
        extend_lists(SYSTEM, longer, 10, reason="Nothing new")


def test_the_keeper_hears_once_when_a_fifth_is_left(study, scheme, run_outbox):
    keeper = small.user(study, Role.UNBLINDED_STATISTICIAN)
    small.user(study, Role.STUDY_ADMIN)
    total = next(row.total for row in slots_left(scheme) if row.stratum == "KMP=Y,SITE=01")
    site = small.site_of(study)
    for used in range(1, total + 1):
        randomize_subject(SYSTEM, small.enrolled(small.screened(site)))
        low = Event.objects.filter(action="randomization.list.running_low").count()
        assert low == int((total - used) * 5 <= total)
    run_outbox()
    notice = Notice.objects.get(kind="list")
    assert notice.user == keeper
    assert "HIGH" not in notice.title + notice.body
    assert {row.stratum for row in slots_left(scheme) if row.is_low} == {"KMP=Y,SITE=01"}
