import pytest
from django.db import transaction
from django.urls import reverse

from apps.audit.models import Event, Seal
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.review import services
from tests.journeys import enter, locked, screened


@pytest.fixture
def subject(site):
    return screened(site)


def levels(subject):
    record = subject.records.get(form_oid="DX")
    return {
        "study": subject.study,
        "site": subject.site,
        "subject": subject,
        "visit": record.visit,
        "record": record,
    }


def test_it_works(subject, personas):
    actor = personas["data_manager"].actor
    frozen = services.freeze(actor, subject, reason="Data cleaning")
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        enter(subject, "DX", "SCR", SHRINK="20.0")
    assert refusal.value.code == "held"
    services.release(actor, frozen, reason="Correction allowed")
    assert enter(subject, "DX", "SCR", SHRINK="20.0").data["SHRINK"] == "20.0"
    assert [event.action for event in Event.objects.filter(action__startswith="review.hold").order_by("seq")] == [
        "review.hold.frozen",
        "review.hold.released",
    ]


@pytest.mark.parametrize("level", ["study", "site", "subject", "visit", "record"])
def test_each_level_stops_the_save_and_says_so(subject, personas, level):
    services.freeze(personas["data_manager"].actor, levels(subject)[level], reason="Data cleaning")
    with pytest.raises(DomainError) as refusal:
        enter(subject, "DX", "SCR", SHRINK="20.0")
    assert refusal.value.code == "held"
    assert refusal.value.details["level"] == level
    assert personas["data_manager"].user.full_name in str(refusal.value)
    assert "Data cleaning" in str(refusal.value)


def test_a_lock_seals_the_ledger_first(subject, personas):
    before = Seal.objects.count()
    locked(subject, personas["data_manager"].actor)
    assert Seal.objects.count() == before + 1


def test_a_monitor_freezes_and_does_not_lock(subject, personas):
    actor = personas["monitor"].actor
    services.freeze(actor, subject, reason="x")
    with pytest.raises(Forbidden):
        services.lock(actor, subject, reason="x")


@pytest.mark.parametrize("who", ["coordinator", "investigator", "other_site", "outsider", "operator"])
def test_who_may_not(subject, personas, who):
    with pytest.raises(Forbidden):
        services.freeze(personas[who].actor, subject, reason="x")


def test_a_lock_is_undone_by_who_may_lock(subject, personas):
    locked(subject)
    subject.refresh_from_db()
    with pytest.raises(Forbidden):
        services.release(personas["monitor"].actor, subject, reason="x")
    services.release(personas["data_manager"].actor, subject, reason="x")


@pytest.mark.parametrize(("step", "code"), [("freeze", "hold_state"), ("release", "hold_changed")])
def test_twice_is_refused(subject, step, code):
    frozen = services.freeze(SYSTEM, subject, reason="x")
    assert frozen.hold == "frozen"
    stale = type(subject).objects.get(pk=subject.pk)
    stale.hold = "" if step == "freeze" else "locked"
    with pytest.raises(DomainError) as refusal:
        getattr(services, step)(SYSTEM, stale, reason="x")
    assert refusal.value.code == code


def test_a_hold_needs_a_reason(subject):
    with pytest.raises(DomainError) as refusal:
        services.freeze(SYSTEM, subject, reason="  ")
    assert refusal.value.code == "reason_missing"
    subject.refresh_from_db()
    assert subject.hold == ""


def test_the_page_holds_and_shows(subject, personas, small_trial):
    client, address = personas["data_manager"].client, reverse("review:holds", args=[small_trial.slug])
    done = client.post(address, {"step": "freeze", "subject": subject.number, "reason": "Cleaning"}, follow=True)
    assert done.status_code == 200
    assert subject.number in done.text
    subject.refresh_from_db()
    assert subject.hold == "frozen"


@pytest.mark.parametrize(
    "typed",
    [
        {"step": "freeze", "subject": "no-such", "reason": "x"},
        {"step": "freeze", "site": "99", "reason": "x"},
        {"step": "melt", "reason": "x"},
        {"step": "freeze", "reason": ""},
        {"step": "release", "reason": "x"},
    ],
)
def test_bad_input_is_said_keeps_what_was_typed_and_changes_nothing(subject, personas, small_trial, typed):
    page = personas["data_manager"].client.post(reverse("review:holds", args=[small_trial.slug]), typed)
    assert page.status_code == 422
    assert not Event.objects.filter(action__startswith="review.hold").exists()
