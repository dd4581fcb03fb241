"""Subject list, screening, the subject's page, departure: seen by who may, in a constant number of statements."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.enrolment.models import Departure
from apps.enrolment.services import depart
from apps.randomization.services import randomize_subject
from apps.studies.models import Membership
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.subjects.services import set_milestone
from apps.visits.services import replan
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return small.publish_small()


@pytest.fixture
def site(study):
    return small.site_of(study)


@pytest.fixture
def coordinator(client, study, site):
    user = small.user(study, Role.COORDINATOR, site)
    client.force_login(user)
    return user


def page(name, study, number=None, **more):
    kwargs = {"slug": study.slug} | ({"number": number} if number else {}) | more
    return reverse(f"casebook:{name}", kwargs=kwargs)


def test_it_works(client, study, site, coordinator):
    subject = small.screened(site)
    set_milestone(SYSTEM, subject, "consent", today_at(site))
    replan(SYSTEM, subject)
    html = client.get(page("subjects", study)).content.decode()
    assert subject.number in html
    assert "Visit SCR" in html
    assert "In screening" in html


def test_other_sites_and_outsiders_see_nothing(client, study, site, coordinator):
    hidden = small.screened(small.site_of(study, "02"))
    assert hidden.number not in client.get(page("subjects", study)).content.decode()
    assert client.get(page("subject", study, hidden.number)).status_code == 404
    client.force_login(small.user())
    mine = small.screened(site)
    assert client.get(page("subjects", study)).status_code == 404
    assert client.get(page("subject", study, mine.number)).status_code == 404


def test_filters_sort_and_search_live_in_the_address(client, study, site, coordinator):
    first, second = small.screened(site), small.enrolled(small.screened(site))

    def shown(**params):
        return [row.subject.number for row in client.get(page("subjects", study), params).context["rows"]]

    assert shown() == [first.number, second.number]
    assert shown(sort="-number") == shown(sort="newest") == [second.number, first.number]
    assert shown(status="enrolled") == [second.number]
    assert shown(site="02") == []
    assert shown(q="002") == [second.number]
    found = client.get(page("subjects", study), {"q": second.number})
    assert found.url == page("subject", study, second.number)
    assert shown(status="nonsense", sort="nonsense", after="\x00") == [first.number, second.number]


def test_pages_follow_by_key(client, study, site, coordinator):
    Subject.objects.bulk_create(
        Subject(study=study, site=site, number=f"01-{n:03d}", screened_on=today_at(site)) for n in range(1, 121)
    )
    seen, after = [], ""
    for _ in range(3):
        context = client.get(page("subjects", study), {"after": after}).context
        seen += [row.subject.number for row in context["rows"]]
        after = context["page"].next_after
    assert seen == [f"01-{n:03d}" for n in range(1, 121)]
    assert after == ""


def statements(client, address):
    client.get(address)  # what is cached once in a process is not counted
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_list_needs_as_many_statements_for_forty_as_for_two(client, study, site, coordinator):
    for _ in range(2):
        small.consent(small.screened(site))
    few = statements(client, page("subjects", study))
    for _ in range(38):
        small.consent(small.screened(site))
    assert statements(client, page("subjects", study)) == few
    assert few <= 15


def test_an_arm_is_in_the_list_only_for_those_who_may_know(client, study, site, coordinator):
    small.live_scheme(study)
    subject = small.enrolled(small.screened(site))
    randomize_subject(SYSTEM, subject)
    pages = [page("subjects", study), page("subject", study, subject.number)]
    for address in pages:
        assert " dose" in client.get(address).content.decode()
    client.force_login(small.user(study, Role.OUTCOME_ASSESSOR))
    for address in pages:
        html = client.get(address).content.decode()
        assert " dose" not in html
        assert "Visit H1" not in html


def test_screening_gives_the_number_and_shows_the_subject(client, study, site, coordinator):
    answer = client.post(page("screen", study), {"site": site.pk, "screened_on": today_at(site).isoformat()}, follow=True)
    assert answer.redirect_chain[-1][0] == page("subject", study, "01-001")
    assert "01-001 is in screening." in answer.content.decode()


def test_a_refused_screening_keeps_what_was_typed(client, study, site, coordinator):
    tomorrow = (today_at(site) + timedelta(days=1)).isoformat()
    answer = client.post(page("screen", study), {"site": site.pk, "screened_on": tomorrow, "previous": "01-777"})
    html = answer.content.decode()
    assert tomorrow in html
    assert "01-777" in html
    assert "No subject of this site has this number." in html
    answer = client.post(page("screen", study), {"site": site.pk, "screened_on": tomorrow})
    assert "lies in the future" in answer.content.decode()
    assert not Subject.objects.exists()


def test_nobody_screens_at_a_site_that_is_not_theirs(client, study, coordinator):
    other = small.site_of(study, "02")
    client.post(page("screen", study), {"site": other.pk, "screened_on": today_at(other).isoformat()})
    assert not Subject.objects.exists()
    client.force_login(small.user(study, Role.MONITOR))
    assert client.get(page("screen", study)).status_code == 403


def next_step(client, study, subject):
    return client.get(page("subject", study, subject.number)).context["step"]


def test_the_next_step_follows_the_main_job(client, study, site, coordinator):
    small.live_scheme(study)
    Membership.objects.create(user=coordinator, study=study, site=site, role=Role.INVESTIGATOR)
    subject = small.screened(site)
    step = next_step(client, study, subject)
    assert (step.text, step.url.endswith("/IC/1/")) == ("Record informed consent", True)
    small.eligible(subject)
    assert next_step(client, study, subject).text == "Complete Visit SCR"
    small.enter(subject, "IC", RFICDAT=(today_at(site) - timedelta(days=5)).isoformat())
    assert next_step(client, study, subject).url == page("eligibility", study, subject.number)
    small.confirmed(subject)
    assert next_step(client, study, subject).url == page("enrol", study, subject.number)
    small.enrolment.enrol_subject(SYSTEM, subject)
    assert next_step(client, study, subject).url == page("randomize", study, subject.number)
    randomize_subject(SYSTEM, subject)
    assert next_step(client, study, subject).text == "Enter Visit D0"


def test_who_may_not_act_is_told_what_is_waited_for(client, study, site):
    client.force_login(small.user(study, Role.MONITOR))
    subject = small.screened(site)
    step = next_step(client, study, subject)
    assert (step.text, step.url) == ("Informed consent has not been recorded.", "")
    small.enrolled(subject)
    assert next_step(client, study, subject).url == ""


def test_the_header_says_age_next_visit_and_what_waits(client, study, site, coordinator):
    subject = small.screened(site)
    small.consent(subject)
    born = today_at(site) - timedelta(days=200)
    small.enter(subject, "DM", BRTHDAT=born.isoformat())
    header = client.get(page("subject", study, subject.number)).context["header"]
    assert header.age == "6 months"
    assert (header.next.visit.code, header.next.state) == ("SCR", "due")
    small.enter(subject, "DM", BRTHDAT=f"{today_at(site).year - 5}")
    assert client.get(page("subject", study, subject.number)).context["header"].age == ""


def test_leaving_is_recorded_and_refused_with_what_was_typed(client, study, site, coordinator):
    subject = small.screened(site)
    address = page("depart", study, subject.number)
    today = today_at(site).isoformat()
    kinds = dict(client.get(address).context["form"].fields["kind"].choices)
    assert "screen_failure" in kinds
    assert "completion" not in kinds
    answer = client.post(address, {"kind": "withdrawal", "on": today, "reason": "They moved", "scope": ""})
    assert "Say what the withdrawal covers." in answer.content.decode()
    assert "They moved" in answer.content.decode()
    answer = client.post(address, {"kind": "screen_failure", "on": today, "reason": "Platelets"}, follow=True)
    assert "Screen failure on" in answer.content.decode()
    assert Departure.objects.get().reason == "Platelets"
    client.force_login(small.user(study, Role.SITE_STAFF, site))
    assert client.get(address).status_code == 403


def test_enrolment_is_counted_for_the_study_page(client, study, site, coordinator):
    small.enrolled(small.screened(site))
    depart(SYSTEM, small.screened(site), "withdrawal", today_at(site), reason="Changed their mind", scope="follow_up")
    context = client.get(page("enrolment_count", study)).context
    assert (context["enrolled"], context["total"], context["target"]) == (1, 2, 100)


def test_every_page_speaks_chinese(client, study, site, coordinator):
    subject = small.screened(site)
    small.consent(subject)
    html = client.get(page("subject", study, subject.number), headers={"accept-language": "zh-hans"}).content.decode()
    assert "Visit SCR" not in html
