"""A subject is randomized in one transaction, or not at all."""

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import Entry, ledger
from apps.capture.scope import SubjectScope
from apps.common.actors import SYSTEM, Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.enrolment.permissions import ENROL_SUBJECT
from apps.enrolment.services import enrol_subject, refuse_status, refuse_unconfirmed, refuse_without_consent
from apps.randomization.drawing import Secret
from apps.randomization.methods import METHODS, Tally
from apps.randomization.models import Allocation, Scheme, Slot
from apps.randomization.permissions import RANDOMIZE
from apps.randomization.sealing import open_arm, open_secret, seal_arm
from apps.randomization.selectors import Stratum, is_allocated, is_low, needs_randomization, stratum_of
from apps.randomization.services.schemes import refuse_other_factors
from apps.randomization.strata import ALL
from apps.studies.access import require
from apps.studies.definition import SITE_STRATUM
from apps.studies.protocol import Protocol, protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of, today_at
from apps.subjects.services import change_status, lock_subject, refuse_held, restore_status, set_milestone
from apps.visits.services import open_branch, replan

Status = Subject.Status


def admit_subject(actor: Actor, subject: Subject) -> Subject:
    """Enrol, and assign the arm at once where the study has only one."""
    with ledger(actor, subject.study_id):
        subject = enrol_subject(actor, subject)
        if not needs_randomization(protocol_for_site(subject.site)):
            randomize_subject(actor, subject)
    return subject


def take_back_enrolment(actor: Actor, subject: Subject, *, reason: str) -> Subject:
    """The subject should not have been enrolled: it is in screening again. Refused once it has an arm or a dose.

    Whoever has an arm stays in the trial, and the mistake is recorded (see ``record_misrandomization``).
    """
    require(actor, ENROL_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        refuse_held(subject.study, subject.site, subject)
        refuse_status(subject, {Status.ENROLLED}, _("Only an enrolment without an arm and a dose is taken back."))
        if is_allocated(subject):
            raise DomainError(
                _("%(subject)s has an arm; record what was wrong with the allocation.") % {"subject": subject.number},
                code="allocated",
                item="what",
            )
        before = milestones_of(subject).first("enrolment")
        entry(
            action="enrolment.enrolment.taken_back",
            obj=subject,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("enrolled_on", before, None)],
            reason=reason,
        )
        set_milestone(actor, subject, "enrolment", None, reason=reason)
        subject = restore_status(actor, subject, Status.SCREENED, reason=reason)
        replan(actor, subject)
    return subject


def randomize_subject(actor: Actor, subject: Subject) -> Allocation:
    """Give the subject the next arm of its stratum's list, or the only arm of a single-arm study.

    Everything in one transaction under the subject's lock: enrolled, consented, eligibility confirmed and still true,
    strata complete, not allocated. Slots are taken in the order of the list; one that is being taken is waited for,
    never skipped. Refused with nothing changed when a condition fails or the list is exhausted. All that does not
    need the arm is done before the slot is taken, since everybody else of the stratum waits from then on.
    """
    require(actor, RANDOMIZE, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        protocol = protocol_for_site(subject.site)
        scope = SubjectScope(subject, protocol)
        _refuse_unready(subject, scope)
        is_random = needs_randomization(protocol)
        if is_random:
            scheme, stratum = _list_of(actor, subject, protocol, scope)
            _become_randomized(actor, subject)
            allocation = _draw(actor, subject, scheme, stratum)
        else:
            only = {"arms": {code: arm.ratio for code, arm in protocol.arms.items()}}
            arm = METHODS["single_arm"].draw(only, Secret(b"", b""), {}, Tally())
            allocation = _allocate(actor, subject, None, {}, arm)
        _record(entry, subject, allocation, is_random=is_random)
        codes = [visit.code for visit in protocol.visits.values() if visit.arm == allocation.arm]
        if codes:
            open_branch(actor, subject, codes)
    return allocation


def _refuse_unready(subject: Subject, scope: SubjectScope) -> None:
    if is_allocated(subject):
        raise DomainError(
            _("%(subject)s has an arm already; nobody is allocated twice.") % {"subject": subject.number},
            code="allocated",
        )
    refuse_held(subject.study, subject.site, subject)
    # a subject who was given the drug before stays on treatment
    refuse_status(subject, {Status.ENROLLED, Status.ON_TREATMENT}, _("Only an enrolled subject is allocated to an arm."))
    refuse_without_consent(subject, today_at(subject.site))
    refuse_unconfirmed(subject, scope)


def _list_of(actor: Actor, subject: Subject, protocol: Protocol, scope: SubjectScope) -> tuple[Scheme, Stratum]:
    """The study's released lists and the subject's stratum, or why there is none yet."""
    released = Scheme.objects.filter(study_id=subject.study_id, live_at__isnull=False)
    scheme = released.defer("config", "sealed_secret").first()
    if scheme is None:
        raise DomainError(
            _("The randomization of this study has not been released; ask the unblinded statistician."), code="not_live"
        )
    if scheme.revealed_at is not None:
        raise DomainError(_("The lists are revealed, so nobody is randomized by them any more."), code="revealed")
    stratum = stratum_of(subject, protocol, scope)
    if stratum.missing:
        labels = protocol.labels(actor.language[:2]) | {SITE_STRATUM: _("Site")}
        raise DomainError(
            _("Not yet recorded, and needed to randomize: %(items)s.")
            % {"items": ", ".join(labels.get(oid, oid) for oid in stratum.missing)},
            code="stratum_incomplete",
            item=stratum.missing[0],
        )
    return scheme, stratum


def _draw(actor: Actor, subject: Subject, scheme: Scheme, stratum: Stratum) -> Allocation:
    """The next slot of the stratum's list, or one drawn now where the method makes no lists."""
    if METHODS[scheme.method].is_ahead:
        slot = _next_slot(scheme, stratum.label)
        arm = open_arm(slot.stratum, slot.position, slot.sealed_arm)
    else:
        slot, arm = _drawn_slot(scheme, stratum)
    return _allocate(actor, subject, slot, stratum.values, arm)


NEXT_SLOT = """UPDATE randomization_slot SET used_at = clock_timestamp() WHERE id = (
    SELECT id FROM randomization_slot WHERE scheme_id = %s AND stratum = %s AND used_at IS NULL
    ORDER BY position LIMIT 1 FOR NO KEY UPDATE)
RETURNING id, study_id, scheme_id, stratum, position, sealed_arm, used_at, (
    SELECT max(position) FROM randomization_slot WHERE scheme_id = %s AND stratum = %s) AS total"""


def _next_slot(scheme: Scheme, stratum: str) -> Slot:
    """The first free slot, waited for while somebody else is taking it.

    Without SKIP LOCKED: whoever waits sees the slot again after the other transaction ended, free if it was rolled
    back, else goes to the next; so none is shared and none is left out. One statement, since all of the stratum wait; its
    time is taken by the database after the wait, so that times follow the order of the list.
    """
    taken = list(Slot.objects.raw(NEXT_SLOT, [scheme.pk, stratum] * 2))
    if taken:
        _say_when_low(scheme, taken[0])
        return taken[0]
    if Slot.objects.filter(scheme=scheme, stratum=stratum).exists():
        raise DomainError(
            _("The randomization list of this stratum is used up; ask the unblinded statistician to extend it."),
            code="exhausted",
        )
    raise DomainError(
        _("There is no randomization list of the stratum %(stratum)s; ask the unblinded statistician to extend the lists.")
        % {"stratum": stratum},
        code="no_list",
    )


def _say_when_low(scheme: Scheme, slot: Slot) -> None:
    """Once, when a fifth is left: the list managers hear of it."""
    total = slot.total  # type: ignore[attr-defined]  # of the statement above
    left = total - slot.position
    if is_low(left, total) and not is_low(left + 1, total):
        with ledger(SYSTEM, scheme.study_id) as entry:
            entry(
                action="randomization.list.running_low",
                obj=scheme,
                label=slot.stratum,
                audience="unblinded",
                outbox=True,
            )


def _drawn_slot(scheme: Scheme, stratum: Stratum) -> tuple[Slot, str]:
    """One after the other under the scheme's lock, since each arm depends on all before it."""
    scheme = Scheme.objects.select_for_update(of=("self",), no_key=True).get(pk=scheme.pk)
    refuse_other_factors(scheme, stratum.values)
    before = Allocation.objects.filter(slot__scheme=scheme).order_by("slot__position")
    past = Tally(before.values_list("strata_values", "arm"))
    arm = METHODS[scheme.method].draw(scheme.config, open_secret(scheme.sealed_secret), stratum.values, past)
    position = past.number + 1
    with connection.cursor() as cursor:  # as in NEXT_SLOT: the database's own time, after the wait
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    slot = Slot.objects.create(
        study_id=scheme.study_id,
        scheme=scheme,
        stratum=ALL,
        position=position,
        sealed_arm=seal_arm(ALL, position, arm),
        used_at=now,
    )
    return slot, arm


def _allocate(actor: Actor, subject: Subject, slot: Slot | None, values: dict[str, str], arm: str) -> Allocation:
    return Allocation.objects.create(
        study_id=subject.study_id,
        subject=subject,
        slot=slot,
        stratum=slot.stratum if slot else "",
        strata_values=values,
        arm=arm,
        at=timezone.now(),
        actor_id=actor.user_id,
        actor_name=actor.name,
    )


def _record(entry: Entry, subject: Subject, allocation: Allocation, *, is_random: bool) -> None:
    """The fact for everybody, the arm only for those who may know it."""
    place = {"site_id": subject.site_id, "subject_id": subject.pk, "obj": allocation, "label": subject.number}
    verb = "randomized" if is_random else "assigned"
    entry(action=f"randomization.subject.{verb}", outbox=True, **place)
    entry(
        action="randomization.arm.allocated",
        changes=[("arm", None, allocation.arm)],
        details={"stratum": allocation.stratum, "position": allocation.slot.position if allocation.slot else None},
        audience="unblinded",
        **place,
    )


def _become_randomized(actor: Actor, subject: Subject) -> None:
    """Day of randomization, status, and the dates of the visits that are counted from that day."""
    set_milestone(actor, subject, "randomization", today_at(subject.site))
    if subject.status == Status.ENROLLED:
        treated = milestones_of(subject).first("first_dose") is not None
        subject = change_status(actor, subject, Status.RANDOMIZED)
        if treated:
            change_status(actor, subject, Status.ON_TREATMENT)
    replan(actor, subject)
