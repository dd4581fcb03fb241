"""What is reminded of beside due visits: closing windows, begun forms, waiting queries, consents to be given again."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.capture.models import Query
from apps.capture.services import open_query
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.enrolment.services import depart
from apps.notifications import reminders
from apps.notifications.models import Notice
from apps.studies.services import add_consent_version
from apps.subjects.selectors import today_at
from apps.visits.services import record_visit_date
from tests import small
from tests.journeys import enter

pytestmark = pytest.mark.django_db


def published(code, days, role="coordinator", **more):
    rule = {"code": code, "days": days, "role": role} | more
    forms = [
        small.form("PC", small.item("SIROTR", "decimal", decimals=1), blinding="arm") if one["oid"] == "AE" else one
        for one in small.small_definition()["forms"]
    ]
    definition = small.small_definition(reminders=[rule], log_forms=["RIC"])
    definition["forms"] = [*forms, small.form("RIC", small.item("RICDAT", "date", milestone="reconsent"), repeating=True)]
    definition["visits"][2]["forms"] = ["VS", "PC"] if definition["visits"][2]["code"] == "M1" else ["VS"]
    definition["visits"][1]["forms"] = ["VS"]
    return small.publish_small(definition)


def people(study, site):
    """A coordinator of the site; one of another, and one who is blinded as well, who must hear nothing that tells."""
    first = small.user(study, Role.COORDINATOR, site)
    small.user(study, Role.COORDINATOR, small.site_of(study, "02"))
    blinded = small.user(study, Role.COORDINATOR, site)
    small.Membership.objects.create(user=blinded, study=study, role=Role.OUTCOME_ASSESSOR)
    return first, blinded


def remind(site, days=0):
    day = today_at(site) + timedelta(days=days)
    return reminders.remind(datetime.combine(day, time(12), ZoneInfo(site.time_zone)).astimezone(UTC))


def told(kind):
    return sorted(Notice.objects.filter(kind=kind).values_list("user_id", flat=True))


def consented(site, days_ago=40):
    subject = small.screened(site)
    small.consent(subject, today_at(site) - timedelta(days=days_ago))
    return subject


def test_a_window_that_closes():
    study = published("window_closing", 2)
    site = small.site_of(study)
    both = people(study, site)
    subject = consented(site, 0)
    end = subject.visits.get(code="SCR").latest
    days = (end - today_at(site)).days
    remind(site, days - 3)
    assert told("window_closing") == []
    remind(site, days - 2)
    remind(site, days - 1)
    assert told("window_closing") == sorted(user.pk for user in both)
    assert end.isoformat() in Notice.objects.first().body or str(end.day) in Notice.objects.first().body


def test_a_form_that_was_begun():
    study = published("form_incomplete", 3, every=7)
    site = small.site_of(study)
    both = people(study, site)
    subject = consented(site)
    visit = subject.visits.get(code="D0")
    record_visit_date(SYSTEM, visit, today_at(site))
    enter(subject, "VS", "D0", WEIGHT="12.5")
    remind(site, 2)
    assert told("form_incomplete") == []
    for day in (3, 4, 9):
        remind(site, day)
    assert told("form_incomplete") == sorted(user.pk for user in both), "once in a week"
    remind(site, 10)
    assert len(told("form_incomplete")) == 4, "and again in the next"
    enter(subject, "VS", "D0", complete=True, WEIGHT="12.5")
    remind(site, 17)
    assert len(told("form_incomplete")) == 4


def test_the_blinded_hear_nothing_of_a_form_that_they_may_not_see():
    study = published("form_incomplete", 0)
    site = small.site_of(study)
    coordinator, _blinded = people(study, site)
    subject = consented(site)
    record_visit_date(SYSTEM, subject.visits.get(code="M1"), today_at(site))
    enter(subject, "PC", "M1", SIROTR="8.1")
    remind(site)
    assert told("form_incomplete") == [coordinator.pk]


def test_a_query_that_waits():
    study = published("query_unanswered", 7)
    site = small.site_of(study)
    both = people(study, site)
    subject = consented(site)
    record_visit_date(SYSTEM, subject.visits.get(code="D0"), today_at(site))
    record = enter(subject, "VS", "D0", WEIGHT="12.5")
    query = open_query(SYSTEM, record, text="Is this right?")
    open_query(SYSTEM, record, text="And this?", assigned_role="investigator")
    remind(site, 6)
    assert told("query_unanswered") == []
    remind(site, 7)
    assert told("query_unanswered") == sorted(user.pk for user in both)
    Query.objects.filter(pk=query.pk).update(status=Query.Status.ANSWERED)
    Notice.objects.all().delete()
    remind(site, 8)
    assert told("query_unanswered") == []


def test_a_consent_to_be_given_again():
    study = published("reconsent_due", 0, every=14)
    site = small.site_of(study)
    both = people(study, site)
    subject, gone = consented(site), consented(site)
    depart(SYSTEM, gone, "lost", today_at(site), reason="No answer")
    remind(site)
    assert told("reconsent_due") == []
    day = today_at(site)
    add_consent_version(SYSTEM, site, label="2.0", language="en", approved_on=day, valid_from=day, again=True)
    for later in (0, 1, 13):
        remind(site, later)
    assert told("reconsent_due") == sorted(user.pk for user in both)
    assert set(Notice.objects.filter(kind="reconsent_due").values_list("subject_id", flat=True)) == {subject.pk}
    remind(site, 14)
    assert len(told("reconsent_due")) == 4
    enter(subject, "RIC", RICDAT=day.isoformat())
    remind(site, 28)
    assert len(told("reconsent_due")) == 4


def test_as_many_statements_however_many_wait(django_assert_max_num_queries):
    study = published("form_incomplete", 0)
    site = small.site_of(study)
    for _ in range(5):
        subject = consented(site)
        record_visit_date(SYSTEM, subject.visits.get(code="D0"), today_at(site))
        enter(subject, "VS", "D0", WEIGHT="12.5")
    with django_assert_max_num_queries(30):  # nobody is there to be told; finding costs the same at any size
        remind(site)
