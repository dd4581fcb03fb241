"""Lists are made and released once, later only made longer; a subject is randomized in one transaction, or not at all."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.enrolment.services import enrol_subject, refuse_status, refuse_unconfirmed, refuse_without_consent
from apps.randomization.methods import METHODS, Lists, Method
from apps.randomization.models import Allocation, Scheme, Slot
from apps.randomization.permissions import MANAGE_LISTS, RANDOMIZE
from apps.randomization.sealing import BrokenSeal, Secret, commitment, open_arm, open_secret, seal_arm, seal_secret
from apps.randomization.selectors import Stratum, is_allocated, needs_randomization, strata_of, stratum_of
from apps.studies.access import require
from apps.studies.definition import LIST_LENGTH_MAX
from apps.studies.models import Study
from apps.studies.protocol import Protocol, get_protocol, protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of, today_at
from apps.subjects.services import change_status, lock_subject, refuse_held, set_milestone
from apps.visits.services import open_branch, replan

Status = Subject.Status


def create_scheme(actor: Actor, study: Study, *, secret: Secret | None = None) -> Scheme:
    """Make the study's lists as its published version says, seal them, and publish the commitment in the ledger.

    Refused: a study with one arm or without a plan, a second scheme, a plan whose blocks do not fit its arms.
    ``secret`` is drawn here unless given (tests, demonstrations).
    """
    require(actor, MANAGE_LISTS, study_id=study.pk)
    with ledger(actor, study.pk) as entry:
        study = Study.objects.select_for_update(of=("self",), no_key=True).get(pk=study.pk)
        method, config = _planned(study)
        secret = secret or Secret(secrets.token_bytes(32), secrets.token_bytes(32))
        lists = method.lists(config, secret.seed)
        scheme = Scheme.objects.create(
            study=study,
            method=method.name,
            config=config,
            commitment=commitment(config, secret, lists),
            sealed_secret=seal_secret(secret),
        )
        _store(scheme, lists)
        entry(
            action="randomization.list.sealed",
            obj=scheme,
            label=study.slug,
            changes=[("commitment", None, scheme.commitment)],
            details={"method": scheme.method, "slots": sum(map(len, lists.values())), "strata": len(lists)},
        )
    return scheme


def go_live(actor: Actor, scheme: Scheme) -> Scheme:
    """Release the lists for use; from then on the scheme does not change. Refused twice."""
    require(actor, MANAGE_LISTS, study_id=scheme.study_id)
    with ledger(actor, scheme.study_id) as entry:
        scheme = Scheme.objects.select_for_update().get(pk=scheme.pk)
        if scheme.live_at is not None:
            raise DomainError(_("The randomization is live already."), code="live")
        scheme.live_at = timezone.now()
        scheme.save(update_fields=["live_at"])
        entry(
            action="randomization.scheme.released",
            obj=scheme,
            label=scheme.study.slug,
            changes=[("live_at", None, scheme.live_at)],
            details={"commitment": scheme.commitment},
            outbox=True,
        )
    return scheme


def extend_lists(actor: Actor, scheme: Scheme, length: int, *, reason: str) -> Scheme:
    """Append slots to every stratum's list, up to ``length`` of each; what is there stays, used or not.

    The longer lists are drawn on from the sealed seed, so they begin with the lists of before. Their commitment, by the
    same nonce, is published in the ledger beside the first. Refused: lists that are not released, no reason, a length
    that adds no slot or is above 100,000, lists that are not those that were sealed.
    """
    require(actor, MANAGE_LISTS, study_id=scheme.study_id)
    reason = need_reason(reason)
    with ledger(actor, scheme.study_id) as entry:
        scheme = Scheme.objects.select_for_update(of=("self",), no_key=True).select_related("study").get(pk=scheme.pk)
        before, lists, secret = _longer_lists(scheme, length)
        old = (scheme.config["length"], scheme.commitment)
        scheme.config = scheme.config | {"length": length}
        scheme.commitment = commitment(scheme.config, secret, lists)
        scheme.save(update_fields=["config", "commitment"])
        _store(scheme, lists, after={stratum: len(arms) for stratum, arms in before.items()})
        entry(
            action="randomization.list.extended",
            obj=scheme,
            label=scheme.study.slug,
            changes=[("length", old[0], length), ("commitment", old[1], scheme.commitment)],
            reason=reason,
        )
    return scheme


def _longer_lists(scheme: Scheme, length: int) -> tuple[Lists, Lists, Secret]:
    """The lists as sealed, the longer ones, and the secret; or why the scheme is not extended."""
    if scheme.live_at is None:
        raise DomainError(_("The randomization has not been released, so there is nothing to extend."), code="not_live")
    if length > LIST_LENGTH_MAX:
        raise DomainError(
            _("A list has at most %(limit)s places.") % {"limit": LIST_LENGTH_MAX}, code="length_above", item="length"
        )
    method = METHODS[scheme.method]
    try:
        secret = open_secret(scheme.sealed_secret)
    except BrokenSeal as error:
        raise _not_as_sealed() from error
    before = method.lists(scheme.config, secret.seed)
    if commitment(scheme.config, secret, before) != scheme.commitment:
        raise _not_as_sealed()
    lists = method.lists(scheme.config | {"length": length}, secret.seed)
    short = min(len(arms) for arms in before.values())
    if any(len(arms) <= len(before[stratum]) for stratum, arms in lists.items()):
        raise DomainError(
            _("%(length)s adds nothing to every list; the shortest has %(short)s places already.")
            % {"length": length, "short": short},
            code="length_below",
            item="length",
        )
    return before, lists, secret


def _not_as_sealed() -> DomainError:
    words = _("The lists are not those that were sealed; nothing is added. Run verify_randomization.")
    return DomainError(words, code="not_as_sealed")


def admit_subject(actor: Actor, subject: Subject) -> Subject:
    """Enrol, and assign the arm at once where the study has only one."""
    with ledger(actor, subject.study_id):
        subject = enrol_subject(actor, subject)
        if not needs_randomization(protocol_for_site(subject.site)):
            randomize_subject(actor, subject)
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
        _refuse_unready(subject)
        is_random = needs_randomization(protocol)
        if is_random:
            scheme, stratum = _list_of(actor, subject, protocol)
            _become_randomized(actor, subject)
            allocation = _draw(actor, subject, scheme, stratum)
        else:
            allocation = _allocate(actor, subject, None, {}, next(iter(protocol.arms)))
        _record(entry, subject, allocation, is_random=is_random)
        codes = [visit.code for visit in protocol.visits.values() if visit.arm == allocation.arm]
        if codes:
            open_branch(actor, subject, codes)
    return allocation


def _planned(study: Study) -> tuple[Method, dict[str, Any]]:
    protocol = get_protocol(study.version_id) if study.version_id else None
    plan = protocol.definition.randomization if protocol else None
    if protocol is None or plan is None or not needs_randomization(protocol):
        raise DomainError(_("The protocol of this study plans no randomization."), code="no_plan")
    if Scheme.objects.filter(study=study).exists():
        raise DomainError(_("The study has its randomization lists already."), code="scheme_exists")
    config = {
        "arms": {arm.code: arm.ratio for arm in protocol.arms.values()},
        "block_sizes": plan.block_sizes,
        "items": plan.strata,
        "strata": strata_of(protocol),
        "length": plan.list_length,
        "version": protocol.version_id,
    }
    method = METHODS[plan.method]
    if problems := method.problems(config):
        raise DomainError("; ".join(problems), code="scheme_problem")
    return method, config


def _store(scheme: Scheme, lists: Lists, *, after: Mapping[str, int] | None = None) -> None:
    """Each stratum's slots behind the position that it has already (``after``; none where not given)."""
    stored = after or {}
    Slot.objects.bulk_create(
        (
            Slot(
                study_id=scheme.study_id,
                scheme=scheme,
                stratum=stratum,
                position=position,
                sealed_arm=seal_arm(stratum, position, arm),
            )
            for stratum, arms in lists.items()
            for position, arm in enumerate(arms, start=1)
            if position > stored.get(stratum, 0)
        ),
        batch_size=2000,
    )


def _refuse_unready(subject: Subject) -> None:
    if is_allocated(subject):
        raise DomainError(
            _("%(subject)s has an arm already; nobody is allocated twice.") % {"subject": subject.number},
            code="allocated",
        )
    refuse_held(subject.study, subject.site, subject)
    # a subject who was given the drug before stays on treatment
    refuse_status(subject, {Status.ENROLLED, Status.ON_TREATMENT}, _("Only an enrolled subject is allocated to an arm."))
    refuse_without_consent(subject, today_at(subject.site))
    refuse_unconfirmed(subject)


def _list_of(actor: Actor, subject: Subject, protocol: Protocol) -> tuple[Scheme, Stratum]:
    """The study's released lists and the subject's stratum, or why there is none yet."""
    released = Scheme.objects.filter(study_id=subject.study_id, live_at__isnull=False)
    scheme = released.defer("config", "sealed_secret").first()
    if scheme is None:
        raise DomainError(
            _("The randomization of this study has not been released; ask the unblinded statistician."), code="not_live"
        )
    stratum = stratum_of(subject, protocol)
    if stratum.missing:
        labels = protocol.labels(actor.language[:2])
        raise DomainError(
            _("Not yet recorded, and needed to randomize: %(items)s.")
            % {"items": ", ".join(labels.get(oid, oid) for oid in stratum.missing)},
            code="stratum_incomplete",
            item=stratum.missing[0],
        )
    return scheme, stratum


def _draw(actor: Actor, subject: Subject, scheme: Scheme, stratum: Stratum) -> Allocation:
    slot = _next_slot(scheme, stratum.label)
    arm = open_arm(slot.stratum, slot.position, slot.sealed_arm)
    return _allocate(actor, subject, slot, stratum.values, arm)


NEXT_SLOT = """UPDATE randomization_slot SET used_at = clock_timestamp() WHERE id = (
    SELECT id FROM randomization_slot WHERE scheme_id = %s AND stratum = %s AND used_at IS NULL
    ORDER BY position LIMIT 1 FOR NO KEY UPDATE)
RETURNING id, study_id, scheme_id, stratum, position, sealed_arm, used_at"""


def _next_slot(scheme: Scheme, stratum: str) -> Slot:
    """The first free slot, waited for while somebody else is taking it.

    Without SKIP LOCKED: whoever waits sees the slot again after the other transaction ended, free if it was rolled
    back, else goes to the next; so none is shared and none is left out. One statement, since all of the stratum wait; its
    time is taken by the database after the wait, so that times follow the order of the list.
    """
    taken = list(Slot.objects.raw(NEXT_SLOT, [scheme.pk, stratum]))
    if not taken:
        raise DomainError(
            _("The randomization list of this stratum is used up; ask the unblinded statistician to extend it."),
            code="exhausted",
        )
    return taken[0]


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


def _record(entry: Callable[..., Any], subject: Subject, allocation: Allocation, *, is_random: bool) -> None:
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
