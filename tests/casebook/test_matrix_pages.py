"""The matrix: one sign a cell, two statements at any size."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.capture.models import Query
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.randomization.services import randomize_subject
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.subjects.services import set_milestone
from apps.visits.models import SubjectVisit
from apps.visits.services import add_unscheduled, mark_missed, replan
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
    client.force_login(small.user(study, Role.COORDINATOR, site))


def cells(client, study, **params):
    """number → {visit label → state}."""
    matrix = client.get(reverse("casebook:matrix", args=[study.slug]), params).context["matrix"]
    labels = [label["en"] for label in matrix.labels]
    return {
        row.subject.number: {label: cell.state for label, cell in zip(labels, row.cells, strict=True) if cell.state}
        for row in matrix.rows
    }


def test_it_works(client, study, site, coordinator):
    subject = small.screened(site)
    small.consent(subject)
    assert cells(client, study)[subject.number] == {"Visit SCR": "due", "Visit D0": "empty", "Visit M1": "empty"}


def test_each_state_has_its_sign(client, study, site, coordinator):
    subject = small.screened(site)
    number = subject.number
    small.consent(subject, today_at(site) - timedelta(days=40))
    assert cells(client, study)[number]["Visit SCR"] == "overdue"
    record = small.enter(subject, "DM", AGE="3")
    assert cells(client, study)[number]["Visit SCR"] == "in_progress"
    small.enter(subject, "IC")
    small.enter(subject, "DX")
    assert cells(client, study)[number]["Visit SCR"] == "complete"
    query = Query.objects.create(
        study=study, subject=subject, record=record, item_oid="AGE", kind="manual", text={"en": "?"}
    )
    assert cells(client, study)[number]["Visit SCR"] == "queried"
    Query.objects.filter(pk=query.pk).update(status="closed")
    assert cells(client, study)[number]["Visit SCR"] == "complete"
    day0 = SubjectVisit.objects.select_related("subject").get(subject=subject, code="D0")
    mark_missed(SYSTEM, day0, reason="x")
    assert cells(client, study)[number]["Visit D0"] == "missed"
    Subject.objects.filter(pk=subject.pk).update(hold="locked")
    assert set(cells(client, study)[number].values()) == {"locked"}


def test_the_subject_page_says_the_same(client, study, site, coordinator):
    subject = small.screened(site)
    small.consent(subject)
    small.enter(subject, "DM", AGE="3")
    address = reverse("casebook:subject", args=[study.slug, subject.number])
    rows = client.get(address).context["grid"].rows
    assert {row.label["en"]: row.state for row in rows} == cells(client, study)[subject.number]
    assert [cell.state for cell in rows[0].filled] == ["complete", "due", "due"]


def test_unscheduled_visits_stand_at_the_end(client, study, site, coordinator):
    subject = small.screened(site)
    add_unscheduled(SYSTEM, subject, "UNS", today_at(site), reason="Fever")
    html = client.get(reverse("casebook:matrix", args=[study.slug])).content.decode()
    assert "Unscheduled" in html


def statements(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_as_many_statements_for_forty_subjects_as_for_two(client, study, site, coordinator):
    address = reverse("casebook:matrix", args=[study.slug])
    for _ in range(2):
        small.consent(small.screened(site))
    few = statements(client, address)
    for _ in range(38):
        small.enter(small.eligible(small.screened(site)), "IC")
    assert statements(client, address) == few
    assert few <= 15


def test_other_sites_are_absent(client, study, coordinator):
    hidden = small.screened(small.site_of(study, "02"))
    assert hidden.number not in cells(client, study)
    client.force_login(small.user())
    assert client.get(reverse("casebook:matrix", args=[study.slug])).status_code == 404


def test_visits_of_one_arm_have_no_column_for_the_blinded(client, study, site, coordinator):
    small.live_scheme(study)
    subject = small.enrolled(small.screened(site))
    while randomize_subject(SYSTEM, subject).arm != "HIGH":
        subject = small.enrolled(small.screened(site))
    assert "Visit H1" in cells(client, study)[subject.number]
    client.force_login(small.user(study, Role.OUTCOME_ASSESSOR))
    assert "Visit H1" not in cells(client, study)[subject.number]


def test_filters_live_in_the_address(client, study, site, coordinator):
    small.enrolled(small.screened(site))
    other = small.screened(site)
    assert list(cells(client, study, status="screened")) == [other.number]
    assert cells(client, study, site="02") == {}


def test_an_anchor_gives_every_cell_a_day(client, study, site, coordinator):
    subject = small.screened(site)
    set_milestone(SYSTEM, subject, "randomization", today_at(site))
    replan(SYSTEM, subject)
    html = client.get(reverse("casebook:matrix", args=[study.slug])).content.decode()
    assert f"Due: {today_at(site).isoformat()}, 0/1" in html
