import pytest
from django.urls import reverse

from apps.common.actors import SYSTEM
from apps.subjects.selectors import today_at
from tests.journeys import enter, randomized, screened


@pytest.fixture
def subject(site):
    return screened(site)


def audit(persona, study, **params):
    return persona.client.get(reverse("casebook:audit", args=[study.slug]), params)


def test_it_works(subject, small_trial, personas):
    enter(subject, "DX", "SCR", actor=personas["coordinator"].actor, SHRINK="13.0")
    page = audit(personas["monitor"], small_trial, area="capture", person=personas["coordinator"].user.pk)
    assert page.status_code == 200
    (event,) = page.context["page"].rows
    assert ("SHRINK", "12.5", "13.0") in event.changes
    assert "12.5 → 13.0" in page.text


def test_a_site_role_reads_its_own_sites_only(subject, second_site, small_trial, personas):
    other = screened(second_site)
    shown = audit(personas["investigator"], small_trial).text
    assert subject.number in shown
    assert other.number not in shown
    assert other.number in audit(personas["monitor"], small_trial).text


def test_pages_follow_without_gap_or_double(subject, small_trial, personas):
    seen, after = [], ""
    for number in range(60):
        enter(subject, "DX", "SCR", SHRINK=f"{number}.5")
    while True:
        page = audit(personas["monitor"], small_trial, area="capture", after=after).context["page"]
        seen += [event.id for event in page.rows]
        after = page.next_after
        if not after:
            break
    assert len(seen) == len(set(seen)) == 64


def test_the_blinded_who_may_read_find_no_trace_of_the_arm(site, small_trial, personas):
    from apps.studies.models import Membership

    person = personas["monitor"]
    Membership.objects.create(user=person.user, study=small_trial, role="outcome_assessor")
    subject = randomized(site)
    enter(subject, "EC", ECSTDAT=today_at(site).isoformat(), ECDOSE="0.4", ECFREQ="BID")
    shown = audit(person, small_trial).text
    assert subject.number in shown
    for word in ("TAPER", "ECDOSE", "Dose log", "randomization.allocation", "Low dose", "High dose"):
        assert word not in shown, word


def test_the_blinded_find_no_notice_about_a_subject(site, small_trial, personas):
    """A reminder of an arm's own visit, or of a flag that they may not see, would tell."""
    from apps.notifications import services, wording
    from apps.studies.models import Membership

    subject, coordinator = randomized(site), personas["coordinator"].user
    services.notify(
        SYSTEM, small_trial, [coordinator], kind="visit_due", occasion="visit_due:1", say=wording.visit_due,
        args=(subject.number, today_at(site)), subject=subject,
    )  # fmt: skip
    person = personas["monitor"]
    assert "visit_due" in audit(person, small_trial).text
    Membership.objects.create(user=person.user, study=small_trial, role="outcome_assessor")
    assert "visit_due" not in audit(person, small_trial).text


@pytest.mark.parametrize(
    "params",
    [
        {"after": "x"},
        {"after": "00000000-0000-0000-0000-000000000000"},
        {"person": "9" * 30},
        {"since": "2024-13-45", "until": "9999-12-31"},
        {"area": "nope"},
        {"subject": "\x00"},
    ],
)
def test_forged_filters_show_a_page(subject, small_trial, personas, params):
    assert audit(personas["monitor"], small_trial, **params).status_code == 200


def test_the_trail_takes_a_constant_number_of_queries(subject, small_trial, personas, django_assert_max_num_queries):
    audit(personas["monitor"], small_trial)  # signs in
    with django_assert_max_num_queries(15):
        audit(personas["monitor"], small_trial)
