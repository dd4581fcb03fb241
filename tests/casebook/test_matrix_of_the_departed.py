"""What was planned for a subject who left is neither due nor overdue, on the matrix, the subject's page and the rail."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.common.actors import SYSTEM
from apps.enrolment.services import depart
from apps.subjects.selectors import today_at
from tests.journeys import randomized


@pytest.fixture
def subject(site):
    subject = randomized(site)
    month = subject.visits.get(code="M1")
    month.target = month.earliest = month.latest = today_at(site) - timedelta(days=1)
    month.save()
    return subject


def page(personas, subject):
    study = subject.study.slug
    client = personas["coordinator"].client
    return client.get(reverse("casebook:subject", args=[study, subject.number])).text


def rail_count(personas, subject):
    response = personas["coordinator"].client.get(reverse("casebook:matrix", args=[subject.study.slug]))
    rooms = {str(room.room.view): room.count for room in response.context["rail"].rooms}
    return rooms["casebook:matrix"], response


def test_it_works(subject, personas):
    count, response = rail_count(personas, subject)
    assert count == 1
    states = [cell.state for cell in response.context["matrix"].rows[0].cells]
    assert "overdue" in states


def test_after_a_withdrawal_nothing_is_overdue(subject, personas):
    depart(SYSTEM, subject, "withdrawal", today_at(subject.site), reason="Moved away", scope="follow_up")
    count, response = rail_count(personas, subject)
    assert count == 0
    states = [cell.state for cell in response.context["matrix"].rows[0].cells]
    assert not {"due", "overdue"} & set(states)
    assert page(personas, subject).count("glyph-overdue") == 0
