"""The screening log: everybody who was screened, and why who failed did."""

import pytest
from django.urls import reverse

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.enrolment.services import depart, screen
from apps.subjects.selectors import today_at
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return small.publish_small()


@pytest.fixture
def failed(study):
    subject = small.screened(small.site_of(study))
    depart(SYSTEM, subject, "screen_failure", today_at(subject.site), reason="Platelets too low")
    subject.refresh_from_db()
    return subject


def page(name="screening_log"):
    return reverse(f"casebook:{name}", args=["small"])


def test_it_works(client, study, failed):
    again = screen(SYSTEM, failed.site, today_at(failed.site), previous=failed)
    small.enrolled(small.screened(small.site_of(study, "02")))
    client.force_login(small.user(study, Role.MONITOR))
    html = client.get(page()).content.decode()
    assert html.count("Platelets too low") == 1
    assert again.number in html
    assert "Enrolled" in html
    failures = client.get(f"{page()}?outcome=failed").content.decode()
    assert "Platelets too low" in failures
    elsewhere = client.get(f"{page()}?site=02").content.decode()
    assert "Platelets too low" not in elsewhere
    assert "Enrolled" in elsewhere


def test_as_a_file(client, study, failed):
    client.force_login(small.user(study, Role.MONITOR))
    text = b"".join(client.post(f"{page('screening_export')}?outcome=failed").streaming_content).decode()
    assert text.splitlines()[0].endswith("Screened before as,Screened again as")
    assert f"{failed.number},01," in text
    assert "Platelets too low" in text
    assert Event.objects.filter(action="casebook.screening.exported").count() == 1


def test_one_sees_ones_own_sites(client, study, failed):
    client.force_login(small.user(study, Role.COORDINATOR, small.site_of(study, "02")))
    assert failed.number not in client.get(page()).content.decode()


def test_as_many_statements_at_any_size(client, study, failed, django_assert_max_num_queries):
    client.force_login(small.user(study, Role.MONITOR))
    for _ in range(6):
        small.screened(failed.site)
    with django_assert_max_num_queries(12):
        client.get(page())
