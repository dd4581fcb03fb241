"""Schemes are made and released once, later only made longer, and revealed when the study is over."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.randomization.commitment import commitment
from apps.randomization.drawing import Secret
from apps.randomization.evidence import Evidence
from apps.randomization.gathering import evidence_of
from apps.randomization.list_files import read_list
from apps.randomization.methods import METHODS, Lists, Method
from apps.randomization.models import Scheme, Slot
from apps.randomization.permissions import MANAGE_LISTS, VIEW_LISTS
from apps.randomization.sealing import BrokenSeal, open_secret, seal_arm, seal_secret
from apps.randomization.selectors import levels_of, needs_randomization
from apps.randomization.simulation import Tried, try_out
from apps.randomization.strata import labels_of
from apps.studies.access import require
from apps.studies.definition import LIST_LENGTH_MAX
from apps.studies.models import Hold, Study
from apps.studies.protocol import Protocol, get_protocol

SLOTS_MAX = 500_000  # of all strata together
LABEL_MAX = 120  # of a stratum's name, as the table has it


def create_scheme(actor: Actor, study: Study, *, secret: Secret | None = None) -> Scheme:
    """Make the study's lists as its published version says, seal them, and publish the commitment in the ledger.

    Refused: a study with one arm or without a plan, a second scheme, a plan that does not fit its arms, a plan of an
    imported list (see ``import_list``). ``secret`` is drawn here unless given (tests, demonstrations).
    """
    require(actor, MANAGE_LISTS, study_id=study.pk)
    secret = secret or new_secret()
    with ledger(actor, study.pk) as entry:
        study = Study.objects.select_for_update(of=("self",), no_key=True).get(pk=study.pk)
        protocol = _refuse_unplanned(study)
        method, config = _planned(study, protocol, secret)
        lists = method.lists(config, secret)
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
            details={"method": scheme.method, "strata": len(lists)},
        )
    return scheme


def import_list(actor: Actor, study: Study, content: bytes) -> Scheme:
    """Seal a list that a statistician made elsewhere. ``content``: CSV, see ``read_list``; all of it or nothing."""
    require(actor, MANAGE_LISTS, study_id=study.pk)
    lists = read_list_for(study, content)
    return create_scheme(actor, study, secret=new_secret(lists))


def read_list_for(study: Study, content: bytes, scheme: Scheme | None = None) -> Lists:
    """What a file would add: to ``scheme`` where there is one. Changes nothing. ListRefused says why not, line by line."""
    protocol = _planned_protocol(study)
    if plan_of(protocol).method != "imported":
        raise DomainError(_("The protocol of this study makes its lists here; none is imported."), code="not_imported")
    start = scheme.config["length"] if scheme else {}
    return read_list(content, sorted(protocol.arms), levels_of(study, protocol), start)


def go_live(actor: Actor, scheme: Scheme) -> Scheme:
    """Release the lists for use; from then on the scheme does not change. Refused twice."""
    require(actor, MANAGE_LISTS, study_id=scheme.study_id)
    with ledger(actor, scheme.study_id) as entry:
        scheme = _locked(scheme)
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


def discard_scheme(actor: Actor, scheme: Scheme, *, reason: str) -> None:
    """Before their release lists may be made anew; that they were, and their commitment, stays in the ledger."""
    require(actor, MANAGE_LISTS, study_id=scheme.study_id)
    reason = need_reason(reason)
    with ledger(actor, scheme.study_id) as entry:
        scheme = _locked(scheme)
        if scheme.live_at is not None:
            raise DomainError(_("Released lists stay; they can only be made longer."), code="live")
        entry(
            action="randomization.list.discarded",
            obj=scheme,
            label=scheme.study.slug,
            changes=[("commitment", scheme.commitment, None)],
            reason=reason,
        )
        Slot.objects.filter(scheme=scheme).delete()
        scheme.delete()


def extend_lists(actor: Actor, scheme: Scheme, length: int, *, reason: str) -> Scheme:
    """Append slots to every stratum's list, up to ``length`` of each; what is there stays, used or not.

    Strata that came since (a new site, a new code) get lists of that length too; with the length of now they are all that
    is added. The longer lists are drawn on from the sealed seed, so they begin with the lists of before. Their
    commitment, by the same nonce, is published in the ledger beside the first. Refused: lists that are not released or
    not drawn ahead here, no reason, a length that adds no slot or is above 100,000, lists that are not those that were
    sealed.
    """
    require(actor, MANAGE_LISTS, study_id=scheme.study_id)
    reason = need_reason(reason)
    with ledger(actor, scheme.study_id) as entry:
        scheme = _locked(scheme)
        method, secret, before = _as_sealed(scheme)
        if not method.is_ahead or method.name == "imported":
            raise DomainError(_("This method draws no list from the sealed seed."), code="not_drawn", item="length")
        if length > LIST_LENGTH_MAX:
            limit = {"limit": LIST_LENGTH_MAX}
            raise DomainError(_("A list has at most %(limit)s places.") % limit, code="length_above", item="length")
        grown = _grown(scheme, length)
        lists = method.lists(scheme.config | grown, secret)
        _refuse_shorter(before, lists, length, is_new=length == scheme.config["length"] and "strata" in grown)
        _extend(entry, scheme, grown, secret, before, reason)
    return scheme


def extend_by_import(actor: Actor, scheme: Scheme, content: bytes, *, reason: str) -> Scheme:
    """Append the slots of another file to imported lists; its positions go on where the sealed ones end."""
    require(actor, MANAGE_LISTS, study_id=scheme.study_id)
    reason = need_reason(reason)
    with ledger(actor, scheme.study_id) as entry:
        scheme = _locked(scheme)
        _method, secret, before = _as_sealed(scheme)
        more = read_list_for(scheme.study, content, scheme)
        lists = {stratum: before.get(stratum, []) + more.get(stratum, []) for stratum in sorted({*before, *more})}
        secret = Secret(secret.nonce, secret.seed, lists)
        grown = {"length": {stratum: len(arms) for stratum, arms in lists.items()}}
        scheme.sealed_secret = seal_secret(secret)
        scheme.save(update_fields=["sealed_secret"])
        _extend(entry, scheme, grown, secret, before, reason)
    return scheme


def try_scheme(actor: Actor, study: Study) -> Tried:
    """A dry run of the sealed scheme, or of the plan where there is none yet, on 10,000 virtual subjects.

    Its draws have a seed of their own, which the ledger keeps, so that the run can be repeated and tells nothing of the
    sealed lists. An imported list is tried as it stands.
    """
    require(actor, MANAGE_LISTS, study_id=study.pk)
    protocol = _planned_protocol(study)
    scheme = Scheme.objects.filter(study=study).first()
    secret = new_secret()
    if scheme is None:
        method, config = _planned(study, protocol, secret)
    else:
        method, config = METHODS[scheme.method], scheme.config
        refuse_other_factors(scheme, levels_of(study, protocol))
        secret = open_secret(scheme.sealed_secret) if method.name == "imported" else secret
    tried = try_out(method, config, levels_of(study, protocol), secret)
    with ledger(actor, study.pk) as entry:
        entry(
            action="randomization.scheme.tried",
            obj=study,
            label=study.slug,
            details={"method": method.name, "subjects": tried.subjects}
            | ({} if method.name == "imported" else {"seed": tried.seed}),
            audience="unblinded",
        )
    return tried


def reveal_scheme(actor: Actor, scheme: Scheme, *, reason: str) -> Scheme:
    """After the study: whoever may see the lists' state may have nonce, seed and lists, to verify everything.

    Refused: a study that is not locked, lists that are not released, twice, no reason.
    """
    require(actor, MANAGE_LISTS, study_id=scheme.study_id)
    reason = need_reason(reason)
    with ledger(actor, scheme.study_id) as entry:
        scheme = _locked(scheme)
        if scheme.study.hold != Hold.LOCKED:
            raise DomainError(_("Lists are revealed when the study is locked."), code="not_locked")
        if scheme.live_at is None or scheme.revealed_at is not None:
            raise DomainError(_("These lists were never released, or are revealed already."), code="revealed")
        scheme.revealed_at = timezone.now()
        scheme.save(update_fields=["revealed_at"])
        entry(
            action="randomization.scheme.revealed",
            obj=scheme,
            label=scheme.study.slug,
            changes=[("revealed_at", None, scheme.revealed_at)],
            reason=reason,
        )
    return scheme


def download_revealed(actor: Actor, scheme: Scheme) -> Evidence:
    """What ``verify_randomization --file`` reads; recorded, since data leave. Refused before the lists are revealed."""
    require(actor, VIEW_LISTS, study_id=scheme.study_id)
    if scheme.revealed_at is None:
        raise DomainError(_("The lists are not revealed yet."), code="not_revealed")
    evidence = evidence_of(scheme)
    with ledger(actor, scheme.study_id) as entry:
        entry(action="randomization.scheme.downloaded", obj=scheme, label=scheme.study.slug)
    return evidence


def refuse_other_factors(scheme: Scheme, items: Collection[str]) -> None:
    """A later version of the protocol may stratify by other items than the scheme that was sealed."""
    if set(items) != set(scheme.config["items"]):
        raise DomainError(
            _("The protocol's strata are no longer those of the sealed scheme; ask the unblinded statistician."),
            code="plan_changed",
        )


def new_secret(lists: Lists | None = None) -> Secret:
    return Secret(secrets.token_bytes(32), secrets.token_bytes(32), lists)


def plan_of(protocol: Protocol) -> Any:
    """The plan of a protocol that has one; see ``_planned_protocol``."""
    return protocol.definition.randomization


def _planned_protocol(study: Study) -> Protocol:
    protocol = get_protocol(study.version_id) if study.version_id else None
    if protocol is None or plan_of(protocol) is None or not needs_randomization(protocol):
        raise DomainError(_("The protocol of this study plans no randomization."), code="no_plan")
    return protocol


def _refuse_unplanned(study: Study) -> Protocol:
    protocol = _planned_protocol(study)
    if Scheme.objects.filter(study=study).exists():
        raise DomainError(_("The study has its randomization lists already."), code="scheme_exists")
    return protocol


def _planned(study: Study, protocol: Protocol, secret: Secret) -> tuple[Method, dict[str, Any]]:
    """The method and its configuration, as the study's newest version says."""
    plan = plan_of(protocol)
    method = METHODS[plan.method]
    config: dict[str, Any] = {
        "arms": {arm.code: arm.ratio for arm in protocol.arms.values()},
        "items": plan.strata,
        "version": protocol.version_id,
    }
    if method.name == "minimization":
        config |= {"weights": plan.weights, "coin": plan.coin, "measure": plan.measure}
    else:
        config |= {"strata": labels_of(levels_of(study, protocol)), "length": plan.list_length}
    if method.name == "permuted_blocks":
        config["block_sizes"] = plan.block_sizes
    if method.name == "imported":
        if not secret.lists:
            raise DomainError(_("The protocol wants an imported list; give its file."), code="needs_list")
        config["length"] = {stratum: len(arms) for stratum, arms in secret.lists.items()}
    labels = config.get("strata", [])
    if any(len(label) > LABEL_MAX for label in labels) or len(labels) * plan.list_length > SLOTS_MAX:
        raise DomainError(
            _("The strata are too many or too long: at most %(slots)s places in all, and %(length)s characters in a name.")
            % {"slots": SLOTS_MAX, "length": LABEL_MAX},
            code="too_many_strata",
        )
    if problems := method.problems(config):
        raise DomainError("; ".join(problems), code="scheme_problem")
    return method, config


def _locked(scheme: Scheme) -> Scheme:
    return Scheme.objects.select_for_update(of=("self",), no_key=True).select_related("study").get(pk=scheme.pk)


def _as_sealed(scheme: Scheme) -> tuple[Method, Secret, Lists]:
    """Method, secret and lists of a released scheme; refused where the lists are not those that were sealed."""
    if scheme.live_at is None:
        raise DomainError(_("The randomization has not been released, so there is nothing to extend."), code="not_live")
    if scheme.revealed_at is not None:
        raise DomainError(_("The lists are revealed, so nobody is randomized by them any more."), code="revealed")
    method = METHODS[scheme.method]
    changed = DomainError(
        _("The lists are not those that were sealed; nothing is added. Run verify_randomization."), code="not_as_sealed"
    )
    try:
        secret = open_secret(scheme.sealed_secret)
    except BrokenSeal as error:
        raise changed from error
    lists = method.lists(scheme.config, secret)
    if commitment(scheme.config, secret, lists) != scheme.commitment:
        raise changed
    return method, secret, lists


def _grown(scheme: Scheme, length: int) -> dict[str, Any]:
    """What an extension to that length changes in the configuration."""
    known = scheme.config["strata"]
    levels = levels_of(scheme.study, _planned_protocol(scheme.study))
    refuse_other_factors(scheme, levels)
    new = [label for label in labels_of(levels) if label not in known]
    return {"length": length} | ({"strata": known + new} if new else {})


def _refuse_shorter(before: Lists, lists: Lists, length: int, *, is_new: bool) -> None:
    if not is_new and any(len(lists[stratum]) <= len(arms) for stratum, arms in before.items()):
        raise DomainError(
            _("%(length)s adds nothing to every list; the shortest has %(short)s places already.")
            % {"length": length, "short": min(len(arms) for arms in before.values())},
            code="length_below",
            item="length",
        )


def _extend(entry: Any, scheme: Scheme, grown: dict[str, Any], secret: Secret, before: Lists, reason: str) -> None:
    """``grown``: what changes in the configuration. Stores the slots behind those of ``before``."""
    old = scheme.config | {"commitment": scheme.commitment}
    scheme.config = scheme.config | grown
    lists = METHODS[scheme.method].lists(scheme.config, secret)
    scheme.commitment = commitment(scheme.config, secret, lists)
    scheme.save(update_fields=["config", "commitment"])
    _store(scheme, lists, after={stratum: len(arms) for stratum, arms in before.items()})
    new = grown | {"commitment": scheme.commitment}
    entry(
        action="randomization.list.extended",
        obj=scheme,
        label=scheme.study.slug,
        changes=[(name, old[name], value) for name, value in new.items() if value != old[name]],
        reason=reason,
    )


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
