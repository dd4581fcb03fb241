import csv
import io
import json

import pytest
from django.urls import reverse

from apps.audit.models import Event
from apps.capture.services import close_query, open_query
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.enrolment.services import depart, take_back_departure
from apps.review.services import freeze, mark_record
from apps.studies.models import Membership
from apps.subjects.selectors import today_at
from apps.subjects.services import set_milestone
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
    (line,) = page.context["page"].rows
    assert ("SHRINK", "12.5", "13.0") in line.event.changes
    assert (line.action, line.what) == ("Form saved", f"{subject.number} · Screening · Diagnosis")
    assert "Shrinkage" in page.text
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
        seen += [line.event.id for line in page.rows]
        after = page.next_after
        if not after:
            break
    assert len(seen) == len(set(seen)) == 64


def test_the_blinded_who_may_read_find_no_trace_of_the_arm(site, small_trial, personas):
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


# -- words


def test_codes_are_said_in_words(subject, small_trial, personas):
    enter(subject, "DX", "SCR", KMP="Y")
    page = audit(personas["monitor"], small_trial, form="DX", action="capture.record.saved")
    change = page.context["page"].rows[0].changes[0]
    assert (change.label, change.code, change.old, change.new) == ("Kasabach–Merritt phenomenon", "KMP", "No", "Yes")


# -- every filter against plain Python


@pytest.fixture
def busy(site, personas, small_trial):
    """Two subjects, several people, forms and actions."""
    first, second = screened(site), screened(site)
    record = enter(first, "DX", "SCR", actor=personas["coordinator"].actor, SHRINK="13.0")
    query = open_query(personas["monitor"].actor, record, item_oid="SHRINK", text="Really?")
    close_query(personas["monitor"].actor, query, "Seen.")
    mark_record(personas["monitor"].actor, record, record.revision, kind="sdv")
    freeze(personas["data_manager"].actor, second, reason="cleaning")
    return first, second


def details(event):
    return json.loads(event.body)["details"]


def test_each_filter_shows_what_plain_python_finds(busy, personas, small_trial):
    first, _second = busy
    monitor = personas["monitor"].user.pk
    filters = {
        "area=capture": lambda e: e.action.startswith("capture."),
        "area=review": lambda e: e.action.startswith("review."),
        "action=capture.record.saved": lambda e: e.action == "capture.record.saved",
        f"person={monitor}": lambda e: e.actor_id == monitor,
        f"subject={first.number}": lambda e: e.subject_id == first.pk,
        "form=DX": lambda e: details(e).get("form") == "DX",
        f"form=DX&person={monitor}&subject={first.number}": lambda e: (
            details(e).get("form") == "DX" and e.actor_id == monitor and e.subject_id == first.pk
        ),
        "since=2020-01-01": lambda e: True,
        "since=2999-01-01": lambda e: False,
        "until=2020-01-01": lambda e: False,
        "until=2999-01-01T10:30": lambda e: True,
    }
    events = list(Event.objects.filter(chain=f"study:{small_trial.pk}").order_by("-seq"))
    for query, wanted in filters.items():
        page = audit(personas["monitor"], small_trial, **dict(pair.split("=") for pair in query.split("&")))
        shown = [line.event.id for line in page.context["page"].rows]
        assert shown == [event.pk for event in events if wanted(event)][:50], query


def test_a_time_cuts_to_the_second(busy, personas, small_trial):
    events = list(Event.objects.filter(chain=f"study:{small_trial.pk}").order_by("seq"))
    cut = events[len(events) // 2].at
    later = audit(personas["monitor"], small_trial, since=cut.isoformat()).context["page"].rows
    assert {line.event.id for line in later} == {event.pk for event in events if event.at >= cut}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"subject": "99-999"}, "No subject has the number"),
        ({"action": "no.such"}, "There is no action"),
        ({"person": "x"}, "There is no person"),
        ({"since": "2024-02-30"}, "is not a day"),
        ({"until": "soon"}, "is not a day"),
    ],
)
def test_a_filter_that_names_nothing_says_so(busy, personas, small_trial, params, words):
    page = audit(personas["monitor"], small_trial, **params)
    assert page.status_code == 200 and words in page.text
    assert page.context["page"].rows == []


@pytest.mark.parametrize("value", ["\0", "x" * 4000, "9" * 40, "9999-12-31T99:99"])
@pytest.mark.parametrize("name", ["area", "action", "person", "subject", "form", "since", "until", "after"])
def test_a_strange_filter_is_no_error(busy, personas, small_trial, name, value):
    assert audit(personas["monitor"], small_trial, **{name: value}).status_code == 200


# -- the file


def exported(personas, study, who="monitor", query=""):
    response = personas[who].client.post(reverse("casebook:audit_export", args=[study.slug]) + query)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_holds_all_that_the_filters_show(busy, personas, small_trial):
    rows = exported(personas, small_trial, query="?form=DX")
    events = [
        e for e in Event.objects.filter(chain=f"study:{small_trial.pk}").order_by("seq") if details(e).get("form") == "DX"
    ]
    assert list(dict.fromkeys(row["EVENTID"] for row in rows)) == [str(event.pk) for event in events]
    (row,) = [row for row in rows if row["NEW"] == "13.0" and row["ACTION"] == "capture.record.saved"]
    assert (row["ITEM"], row["ITEMLABEL"], row["OLD"], row["STATE"]) == ("SHRINK", "Shrinkage", "12.5", "incomplete")
    assert Event.objects.filter(action="casebook.trail.exported").count() == 1
    assert exported(personas, small_trial, query="?subject=99-999") == []


def test_a_site_role_exports_its_own_sites_only(busy, second_site, personas, small_trial):
    other = screened(second_site)
    assert other.number not in {row["WHAT"].split(" ")[0] for row in exported(personas, small_trial, "investigator")}
    assert other.number in {row["WHAT"].split(" ")[0] for row in exported(personas, small_trial)}


def test_the_blinded_export_nothing_of_the_arm(site, personas, small_trial):
    person = personas["monitor"]
    Membership.objects.create(user=person.user, study=small_trial, role="outcome_assessor")
    subject = randomized(site)
    enter(subject, "EC", ECSTDAT=today_at(site).isoformat(), ECDOSE="0.4", ECFREQ="BID")
    text = str(exported(personas, small_trial))
    assert subject.number in text
    for word in ("TAPER", "ECDOSE", "Low dose", "High dose", "Dose log"):
        assert word not in text, word


def test_the_blinded_do_not_learn_from_which_treatment_a_subject_left(site, personas):
    subject = randomized(site)
    set_milestone(SYSTEM, subject, "first_dose", today_at(site))
    depart(SYSTEM, subject, "lost", today_at(site), reason="No answer")
    take_back_departure(SYSTEM, subject, reason="They called")
    address = f"/studies/{site.study.slug}/audit/"
    for name, words in (("monitor", True), ("data_manager", False)):
        user = personas[name].user
        if not words:  # one blinded role blinds
            Membership.objects.create(user=user, study=site.study, role=Role.OUTCOME_ASSESSOR)
        html = personas[name].client.get(address).content.decode()
        assert "Lost to follow-up" in html
        assert ("on_treatment" in html) == words
        csv = b"".join(personas[name].client.post(f"{address}export/").streaming_content).decode()
        assert ("on_treatment" in csv) == words
