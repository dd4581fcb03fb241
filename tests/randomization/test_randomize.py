"""One locked transaction: everything or nothing, nobody twice, no slot shared or skipped."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.common.permissions import Role
from apps.enrolment.services import confirm_eligibility
from apps.randomization import services
from apps.randomization.checking import problems_in
from apps.randomization.gathering import evidence_of
from apps.randomization.models import Allocation, Slot
from apps.randomization.sealing import open_arm
from apps.randomization.selectors import visible_allocation
from apps.randomization.services import admit_subject, allocating, randomize_subject
from apps.subjects.models import Milestone, Subject
from apps.subjects.selectors import milestones_of, today_at
from apps.subjects.services import set_milestone
from apps.visits.models import SubjectVisit
from tests import small

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = small.publish_small()
    small.live_scheme(study)
    return study


@pytest.fixture
def site(study):
    return small.site_of(study)


@pytest.fixture
def subject(site):
    return small.enrolled(small.screened(site))


def arms_in_order(scheme, stratum):
    slots = Slot.objects.filter(scheme=scheme, stratum=stratum).order_by("position")
    return [open_arm(stratum, slot.position, slot.sealed_arm) for slot in slots]


def nothing_happened(subject):
    subject.refresh_from_db()
    return (
        not Allocation.objects.filter(subject=subject).exists()
        and not Slot.objects.exclude(used_at=None).exists()
        and not Event.objects.filter(action__startswith="randomization.", subject_id=subject.pk).exists()
        and not Milestone.objects.filter(subject=subject, kind="randomization").exists()
        and subject.status != "randomized"
    )


def test_it_works(study, subject):
    coordinator = small.person(study, Role.COORDINATOR, subject.site)
    allocation = randomize_subject(coordinator, subject)
    assert allocation.stratum == "KMP=Y"
    assert allocation.arm == arms_in_order(study.scheme, "KMP=Y")[0]
    subject.refresh_from_db()
    assert subject.status == "randomized"
    assert milestones_of(subject).first("randomization") == today_at(subject.site)
    assert SubjectVisit.objects.get(subject=subject, code="D0").target == today_at(subject.site)
    has_own_visit = SubjectVisit.objects.filter(subject=subject, code="H1").exists()
    assert has_own_visit == (allocation.arm == "HIGH")
    assert list(problems_in(evidence_of(study.scheme))) == []


def test_the_arm_is_told_only_to_the_unblinded(study, subject):
    allocation = randomize_subject(SYSTEM, subject)
    events = Event.objects.filter(subject_id=subject.pk)
    fact = events.get(action="randomization.subject.randomized")
    arm = events.get(action="randomization.arm.allocated")
    assert (fact.audience, arm.audience) == ("", "unblinded")
    assert not events.filter(audience="", body__contains=f'"{allocation.arm}"').exists()
    assessor = small.user(study, Role.OUTCOME_ASSESSOR)
    assert visible_allocation(small.actor_of(assessor), subject) is None
    assert visible_allocation(small.person(study, Role.COORDINATOR, subject.site), subject).code == allocation.arm
    small.Membership.objects.create(user=assessor, study=study, role=Role.INVESTIGATOR)
    assert visible_allocation(small.actor_of(assessor), subject) is None, "one blinded role blinds"


def test_who_may_not(study, subject):
    outsiders = [
        small.person(study, Role.MONITOR),
        small.person(study, Role.SITE_STAFF, subject.site),
        small.person(study, Role.UNBLINDED_STATISTICIAN),
        small.person(study, Role.COORDINATOR, small.site_of(study, "02")),
        small.person(),
    ]
    for actor in outsiders:
        with pytest.raises(Forbidden):
            randomize_subject(actor, subject)
    assert nothing_happened(subject)


def test_not_before_enrolment(site):
    subject = small.confirmed(small.screened(site))
    with small.refused("status"):
        randomize_subject(SYSTEM, subject)
    assert nothing_happened(subject)


def test_not_without_consent(subject):
    set_milestone(SYSTEM, subject, "consent", None, reason="x")
    with small.refused("no_consent"):
        randomize_subject(SYSTEM, subject)
    assert nothing_happened(subject)


def test_not_when_data_changed_since(subject):
    small.enter(subject, "DX", SHRINK="31.0")
    with small.refused("no_longer_eligible"):
        randomize_subject(SYSTEM, subject)
    assert nothing_happened(subject)


def test_not_without_the_item_of_the_stratum(subject):
    small.enter(subject, "DX", KMP={"missing": "ND"})
    with small.refused("stratum_incomplete") as refused:
        randomize_subject(SYSTEM, subject)
    assert refused.value.item == "KMP"
    assert nothing_happened(subject)


def test_not_held(subject):
    Subject.objects.filter(pk=subject.pk).update(hold="locked")
    with small.refused("held"):
        randomize_subject(SYSTEM, subject)
    assert nothing_happened(subject)


def test_not_twice(subject):
    first = randomize_subject(SYSTEM, subject)
    with small.refused("allocated"):
        randomize_subject(SYSTEM, subject)
    assert Allocation.objects.get() == first
    assert Slot.objects.exclude(used_at=None).count() == 1


def test_not_before_the_lists_are_released():
    study = small.publish_small()
    services.create_scheme(SYSTEM, study)
    subject = small.enrolled(small.screened(small.site_of(study)))
    with small.refused("not_live"):
        randomize_subject(SYSTEM, subject)
    assert nothing_happened(subject)


def test_an_exhausted_list_changes_nothing(subject):
    Slot.objects.filter(stratum="KMP=Y").update(used_at="2024-01-01T00:00Z")
    with small.refused("exhausted"):
        randomize_subject(SYSTEM, subject)
    subject.refresh_from_db()
    assert (subject.status, Allocation.objects.count()) == ("enrolled", 0)


def test_strata_have_lists_of_their_own(study, site):
    for kmp in "YNYNN":
        randomize_subject(SYSTEM, small.enrolled(small.screened(site), KMP=kmp))
    used = Slot.objects.exclude(used_at=None).order_by("stratum", "position")
    assert list(used.values_list("stratum", "position")) == [
        ("KMP=N", 1), ("KMP=N", 2), ("KMP=N", 3), ("KMP=Y", 1), ("KMP=Y", 2),
    ]  # fmt: skip


def test_a_dose_before_the_randomization_keeps_the_subject_on_treatment(subject):
    set_milestone(SYSTEM, subject, "first_dose", today_at(subject.site) - timedelta(days=1))
    randomize_subject(SYSTEM, subject)
    subject.refresh_from_db()
    assert subject.status == "on_treatment"


def test_the_only_arm_is_assigned_with_the_enrolment():
    study = small.publish_small(small.single_arm())
    subject = small.confirmed(small.screened(small.site_of(study)))
    coordinator = small.person(study, Role.COORDINATOR, subject.site)
    assert admit_subject(coordinator, subject).status == "enrolled"
    allocation = Allocation.objects.get()
    assert (allocation.arm, allocation.slot) == ("HIGH", None)
    assert milestones_of(subject).first("randomization") is None
    assert Event.objects.filter(action="randomization.subject.assigned").count() == 1
    with small.refused("no_plan"):
        services.create_scheme(SYSTEM, study)


STEPS = [
    "_refuse_unready",
    "_become_randomized",
    "set_milestone",
    "change_status",
    "replan",
    "_next_slot",
    "_allocate",
    "_record",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.django_db(transaction=True)
def test_a_crash_after_any_step_leaves_nothing(study, subject, step, monkeypatch):
    real = getattr(allocating, step)

    def then_crash(*args, **more):
        real(*args, **more)
        raise RuntimeError("the machine stopped here")

    with monkeypatch.context() as patch:
        patch.setattr(allocating, step, then_crash)
        with pytest.raises(RuntimeError):
            randomize_subject(SYSTEM, subject)
    assert nothing_happened(subject)
    assert randomize_subject(SYSTEM, subject).slot.position == 1
    assert list(problems_in(evidence_of(study.scheme))) == []


def at_once(work, things):
    """Each thing in a thread of its own, on a connection of its own, started together; what each came to."""
    ends, barrier = [], threading.Barrier(len(things))

    def run(thing):
        try:
            barrier.wait()
            ends.append(work(thing))
        except DomainError as refused:
            ends.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[thing]) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


@pytest.mark.django_db(transaction=True)
def test_eight_clients_share_and_skip_no_slot():
    definition = small.small_definition()
    definition["randomization"]["list_length"] = 40
    study = small.publish_small(definition)
    small.live_scheme(study)
    site = small.site_of(study)
    subjects = [small.enrolled(small.screened(site), KMP="Y" if n % 4 else "N") for n in range(24)]
    positions = {"KMP=N": [], "KMP=Y": []}
    for start in range(0, 24, 8):
        for allocation in at_once(lambda one: randomize_subject(SYSTEM, one), subjects[start : start + 8]):
            positions[allocation.stratum].append(allocation.slot.position)
    assert sorted(positions["KMP=N"]) == list(range(1, 7))
    assert sorted(positions["KMP=Y"]) == list(range(1, 19))
    assert list(problems_in(evidence_of(study.scheme))) == []


@pytest.mark.django_db(transaction=True)
def test_the_last_slots_go_to_as_many_as_there_are(study, site):
    subjects = [small.enrolled(small.screened(site)) for _ in range(16)]
    ends = [
        end if isinstance(end, str) else end.slot.position
        for start in (0, 8)
        for end in at_once(lambda one: randomize_subject(SYSTEM, one), subjects[start : start + 8])
    ]
    slots = Slot.objects.filter(stratum="KMP=Y").count()
    assert sorted(end for end in ends if end != "exhausted") == list(range(1, slots + 1))
    assert ends.count("exhausted") == 16 - slots
    assert list(problems_in(evidence_of(study.scheme))) == []
    assert Event.objects.filter(action="randomization.arm.allocated").count() == slots


@pytest.mark.django_db(transaction=True)
def test_a_double_click_randomizes_once(study, subject):
    ends = at_once(lambda one: randomize_subject(SYSTEM, one), [subject] * 4)
    assert ends.count("allocated") == 3
    assert Slot.objects.exclude(used_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_slot_that_was_given_back_is_taken_next(study, site, monkeypatch):
    """Four clients of eight stop after they took their slot; the others leave no gap."""
    subjects = [small.enrolled(small.screened(site)) for _ in range(8)]
    unlucky = {subject.pk for subject in subjects[::2]}
    real = allocating._record

    def sometimes_crash(entry, subject, *args, **more):
        if subject.pk in unlucky:
            raise DomainError("stopped", code="stopped")
        real(entry, subject, *args, **more)

    monkeypatch.setattr(allocating, "_record", sometimes_crash)
    ends = at_once(lambda one: randomize_subject(SYSTEM, one), subjects)
    assert ends.count("stopped") == 4
    assert sorted(end.slot.position for end in ends if end != "stopped") == [1, 2, 3, 4]
    assert list(problems_in(evidence_of(study.scheme))) == []


def test_confirming_again_after_a_change_lets_the_subject_in(subject):
    small.enter(subject, "DX", SHRINK="31.0")
    small.enter(subject, "DX", SHRINK="29.0")
    confirm_eligibility(SYSTEM, subject)
    assert randomize_subject(SYSTEM, subject).arm in ("HIGH", "LOW")
