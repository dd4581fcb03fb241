"""21 CFR 11: what a signature shows (11.50), what it is bound to (11.70). Re-authentication (11.200) is the page's."""

import pytest
from django.db import transaction

from apps.audit.models import Event
from apps.capture.places import RecordRef
from apps.capture.services import close_query, inactivate_record, open_query
from apps.common.actors import SYSTEM
from apps.common.errors import Conflict, DomainError, Forbidden
from apps.enrolment.services import confirm_eligibility
from apps.review.models import Signature
from apps.review.selectors.signatures import is_current, signature_states, signed_records
from apps.review.services import freeze, mark_record, sign, sign_data
from apps.subjects.selectors import today_at
from apps.visits.models import SubjectVisit
from apps.visits.services import add_unscheduled
from tests.journeys import enter, locked, randomized, screened


@pytest.fixture
def subject(site, personas):
    assert personas["investigator"]
    subject = screened(site)
    for form in ("IC", "DM", "DX", "ELIG"):
        enter(subject, form, "SCR", complete=True)
    return subject


def records(subject):
    return list(subject.records.filter(form_oid__in=["DM", "DX", "IC", "ELIG"]).order_by("pk"))


def seen(target, subject):
    rows = subject.records.filter(inactive=False)
    if isinstance(target, SubjectVisit):
        rows = rows.filter(visit=target)
    return dict(rows.values_list("pk", "revision"))


def signed(personas, target, subject):
    return sign_data(personas["investigator"].actor, target, seen(target, subject))


def state(personas, subject):
    return signature_states(personas["investigator"].actor, subject)[0]


def test_it_works(subject, personas):
    confirm_eligibility(personas["investigator"].actor, subject)
    signature = Signature.objects.get()
    assert signature.actor_name == personas["investigator"].user.full_name
    assert "criteria" in signature.meaning
    assert {line[0] for line in signature.signed} == {record.pk for record in records(subject)}
    assert is_current(signature, records(subject))


def test_21_cfr_11_50_name_time_and_meaning_are_kept_with_it(subject, personas):
    signature = signed(personas, subject, subject)
    assert signature.actor_name == personas["investigator"].user.full_name
    assert signature.at.tzinfo is not None
    assert signature.meaning.startswith("I have reviewed this casebook")
    event = Event.objects.get(action="review.signature.given")
    assert (event.actor_id, event.object_id) == (personas["investigator"].user.pk, str(signature.pk))


@pytest.mark.parametrize("level", ["record", "visit", "casebook"])
def test_21_cfr_11_70_a_change_breaks_it_even_when_reverted(subject, personas, level):
    record = subject.records.get(form_oid="DX")
    target = {"record": record, "visit": record.visit, "casebook": subject}[level]
    shown = {record.pk: record.revision} if level == "record" else seen(target, subject)
    sign_data(personas["investigator"].actor, target, shown)
    assert record.pk in signed_records([subject.pk])
    enter(subject, "DX", "SCR", SHRINK="13.0")
    enter(subject, "DX", "SCR", SHRINK="12.5")
    assert record.pk not in signed_records([subject.pk])
    now = state(personas, subject)
    assert not now.is_current
    assert [broken.record.form_oid for broken in now.broken] == ["DX"]
    assert now.broken[0].changes == []  # the same values again, and yet changed since


def test_it_says_what_has_changed(subject, personas):
    signed(personas, subject, subject)
    enter(subject, "DX", "SCR", SHRINK="13.0")
    assert state(personas, subject).broken[0].changes == [["SHRINK", "12.5", "13.0"]]


def test_what_comes_later_is_not_signed(subject, personas):
    signed(personas, subject, subject)
    later = enter(subject, "AE", complete=True, AETERM="Fever", AESTDAT="2024-05", AESER="N")
    now = state(personas, subject)
    assert [record.pk for record in now.added] == [later.pk]
    assert not now.is_current


def test_what_changes_no_data_does_not_break_it(subject, personas):
    record = subject.records.get(form_oid="DX")
    signed(personas, subject, subject)
    query = open_query(personas["monitor"].actor, record, item_oid="SHRINK", text="Really?")
    close_query(personas["monitor"].actor, query, "Seen in the source.")
    mark_record(personas["monitor"].actor, record, record.revision, kind="sdv")
    freeze(personas["monitor"].actor, subject, reason="cleaning")
    assert state(personas, subject).is_current


def test_taking_a_record_out_breaks_it(subject, personas):
    event = enter(subject, "AE", complete=True, AETERM="Fever", AESTDAT="2024-05", AESER="N")
    signed(personas, subject, subject)
    inactivate_record(personas["coordinator"].actor, RecordRef.of(event), event.revision, reason="another child's")
    assert [broken.record.pk for broken in state(personas, subject).broken] == [event.pk]
    assert event.pk not in signed_records([subject.pk])


def test_a_form_in_progress_is_not_signed(subject, personas):
    enter(subject, "AE", AETERM="Fever")
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        signed(personas, subject, subject)
    assert refusal.value.code == "unfinished"
    assert not Signature.objects.exists()


def test_nothing_is_not_signed(subject, personas):
    visit = add_unscheduled(SYSTEM, subject, "UNS", today_at(subject.site), reason="Bleeding")
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        sign_data(personas["investigator"].actor, visit, {})
    assert refusal.value.code == "nothing"


def test_one_signs_what_the_page_showed(subject, personas):
    shown = seen(subject, subject)
    enter(subject, "DX", "SCR", SHRINK="13.0")
    with pytest.raises(Conflict), transaction.atomic():
        sign_data(personas["investigator"].actor, subject, shown)
    assert not Signature.objects.exists()


def test_a_lock_stops_it_a_freeze_does_not(subject, personas):
    freeze(personas["data_manager"].actor, subject, reason="cleaning")
    assert signed(personas, subject, subject)
    subject.refresh_from_db()
    locked(subject, personas["data_manager"].actor)
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        signed(personas, subject, subject)
    assert refusal.value.code == "held"


def test_the_blinded_see_a_signature_without_what_is_hidden(site, personas):
    subject = randomized(site)
    for form in ("IC", "DM", "DX", "ELIG"):
        enter(subject, form, "SCR", complete=True)
    day = subject.records.get(form_oid="IC").data["RFICDAT"]
    signed(personas, subject, subject)
    enter(subject, "EC", complete=True, ECSTDAT=day, ECDOSE="0.4", ECFREQ="BID")
    assert [record.form_oid for record in state(personas, subject).added] == ["EC"]
    assert signature_states(personas["blinded"].actor, subject)[0].added == []


@pytest.mark.parametrize("who", ["coordinator", "monitor", "other_site", "outsider"])
def test_who_may_not_sign(subject, personas, who):
    with pytest.raises(Forbidden):
        sign(personas[who].actor, subject, level="casebook", object_id=subject.pk, meaning="x", records=[])
    with pytest.raises(Forbidden):
        sign_data(personas[who].actor, subject, {})
