"""A record entered for the wrong subject or visit: moved as a whole, named at both ends, or not at all."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse

from apps.audit.models import Event
from apps.capture.models import Attachment
from apps.capture.places import RecordRef
from apps.capture.replay import drifts
from apps.capture.services import inactivate_record, move_record, open_query, store_file
from apps.common.actors import SYSTEM
from apps.common.errors import Conflict, DomainError, Forbidden, NotVisible
from apps.review.services import freeze
from apps.subjects.selectors import milestones_of, today_at
from apps.visits.services import add_unscheduled
from tests.journeys import enter, locked, screened


@pytest.fixture
def subject(site, personas):
    assert personas["coordinator"] and personas["data_manager"]
    return screened(site)


@pytest.fixture
def other(site, subject):
    return screened(site)


def slot(subject, form, visit=None, repeat=1):
    return RecordRef(subject.pk, form, subject.visits.get(code=visit).pk if visit else None, repeat)


def moved(personas, record, to, who="coordinator", reason="Wrong child", revision=None):
    revision = record.revision if revision is None else revision
    return move_record(personas[who].actor, RecordRef.of(record), to, revision, reason=reason)


def test_it_works(subject, other, personas, run_outbox):
    record = enter(subject, "VS", "SCR", HEIGHT="30.0", WEIGHT="9.5")
    query = record.queries.get()
    new = moved(personas, record, slot(other, "VS", "SCR"))
    record.refresh_from_db()
    assert record.inactive and "Moved to" in record.revisions.last().reason
    assert (new.subject, new.data["HEIGHT"], new.inactive) == (other, "30.0", False)
    assert new.queries.get(status="open").check_oid == query.check_oid
    query.refresh_from_db()
    assert query.status == "closed"
    events = {event.action: event for event in Event.objects.filter(action__startswith="capture.record.").order_by("seq")}
    assert f'"moved_from":{record.pk}' in events["capture.record.moved"].body
    assert f'"moved_to":{new.pk}' in events["capture.record.inactivated"].body
    run_outbox()
    assert list(drifts(subject.study_id)) == []


def test_to_another_visit_of_the_same_subject(subject, personas):
    visit = add_unscheduled(SYSTEM, subject, "UNS", today_at(subject.site), reason="Bleeding")
    record = enter(subject, "VS", "SCR", HEIGHT="80.0")
    new = moved(personas, record, RecordRef(subject.pk, "VS", visit.pk))
    assert (new.visit, new.data["HEIGHT"]) == (visit, "80.0")


def test_a_log_takes_the_next_free_line(subject, other, personas):
    enter(other, "AE", AETERM="Cough")
    record = enter(subject, "AE", AETERM="Fever")
    assert moved(personas, record, slot(other, "AE")).repeat == 2


def test_dated_facts_follow(subject, other, personas):
    day = today_at(subject.site) - timedelta(days=3)
    record = enter(subject, "EC", ECSTDAT=day.isoformat(), ECDOSE="0.4", ECFREQ="BID")
    assert milestones_of(subject).first("first_dose") == day
    moved(personas, record, slot(other, "EC"))
    assert milestones_of(subject).first("first_dose") is None
    assert milestones_of(other).first("first_dose") == day


def test_files_go_along(subject, other, personas):
    upload = SimpleUploadedFile("letter.pdf", b"%PDF-1.7\n%%EOF\n")
    letter = store_file(SYSTEM, RecordRef(subject.pk, "DS"), "DSFILE", upload)
    record = enter(subject, "DS", DSFILE=str(letter.pk))
    new = moved(personas, record, slot(other, "DS"))
    copy = Attachment.objects.get(pk=new.data["DSFILE"])
    assert (copy.subject, copy.path, copy.sha256) == (other, letter.path, letter.sha256)


def refused(code, act):
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        act()
    assert refusal.value.code == code


def test_what_cannot_be(subject, other, personas):
    record = enter(subject, "VS", "SCR", HEIGHT="80.0")
    to = slot(other, "VS", "SCR")
    refused("reason_required", lambda: moved(personas, record, to, reason=" "))
    refused("other_form", lambda: moved(personas, record, slot(other, "DM", "SCR")))
    refused("taken", lambda: moved(personas, record, slot(subject, "VS", "SCR")))
    with pytest.raises(Conflict), transaction.atomic():
        moved(personas, record, to, revision=7)
    enter(other, "VS", "SCR", HEIGHT="70.0")
    refused("taken", lambda: moved(personas, record, to))
    record.refresh_from_db()
    assert not record.inactive


def test_a_hold_at_either_end_stops_it(subject, other, personas):
    record = enter(subject, "VS", "SCR", HEIGHT="80.0")
    to = slot(other, "VS", "SCR")
    frozen = freeze(SYSTEM, other, reason="cleaning")
    refused("held", lambda: moved(personas, record, to))
    frozen.hold = ""
    frozen.save()
    locked(subject)
    refused("held", lambda: moved(personas, record, to))


def test_what_was_taken_out_is_not_moved(subject, other, personas):
    record = enter(subject, "AE", AETERM="Fever")
    record = inactivate_record(SYSTEM, RecordRef.of(record), 1, reason="x")
    refused("nothing", lambda: moved(personas, record, slot(other, "AE")))


def test_rights_at_both_ends(subject, second_site, personas):
    far = screened(second_site)
    record = enter(subject, "AE", AETERM="Fever")
    for who in ("monitor", "investigator"):
        with pytest.raises(Forbidden):
            moved(personas, record, slot(far, "AE"), who=who)
    with pytest.raises(NotVisible), transaction.atomic():
        moved(personas, record, slot(far, "AE"))
    assert moved(personas, record, slot(far, "AE"), who="data_manager").subject == far


def test_the_page(subject, other, personas, small_trial):
    record = enter(subject, "VS", "SCR", HEIGHT="80.0")
    open_query(SYSTEM, record, item_oid="HEIGHT", text="Whose?")
    address = reverse("casebook:form_move", args=[small_trial.slug, subject.number, record.visit_id, "VS", record.repeat])
    client = personas["coordinator"].client
    assert "taken out of the data" in client.get(address).text
    typed = {"revision": "1", "number": "99-999", "visit": "SCR:0:1", "reason": "Wrong child"}
    for wrong in ({}, {"number": "\0"}, {"number": other.number, "visit": "M9:0:1"}, {"number": other.number, "reason": ""}):
        page = client.post(address, typed | wrong)
        assert page.status_code == 422 and (wrong.get("reason") == "" or "Wrong child" in page.text)
    done = client.post(address, typed | {"number": other.number}, follow=True)
    assert done.status_code == 200 and "The form is moved" in done.text and other.number in done.text
