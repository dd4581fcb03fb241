"""Double data entry: the second entry of a form, and the decision where the two differ."""

import copy
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.capture.attempt import evaluate_entered, scope_around, typed_over
from apps.capture.double_entry import FIRST, SECOND, awaits_second, differences_between, is_author, place_of_second
from apps.capture.evaluation import Evaluation, evaluate
from apps.capture.models import Draft, FormRecord, SecondEntry
from apps.capture.paths import changes_between
from apps.capture.permissions import ADJUDICATE, SECOND_ENTRY
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.services.records import need_reason, refuse_closed
from apps.capture.services.writing import Intended, write
from apps.common.actors import Actor
from apps.common.errors import DomainError, NotVisible

Status = FormRecord.Status


def refuse_second(place: RecordPlace, second: SecondEntry | None) -> None:
    """Why this person cannot make the second entry here now."""
    if not place.form.definition.double_entry:
        raise NotVisible
    place.require(SECOND_ENTRY)
    refuse_closed(place)
    if is_author(place):
        raise DomainError(
            _("The second entry is made by another person: you entered this form the first time."), code="same_person"
        )
    if second is not None and second.completed_at is not None:
        raise DomainError(_("The second entry is made already."), code="made")
    if not awaits_second(place, second):
        raise DomainError(_("The form is entered again once its first entry was completed."), code="not_yet")


@transaction.atomic
def save_second_entry(
    actor: Actor, ref: RecordRef, values: Mapping[str, Any], revision: int, *, complete: bool = False
) -> SecondEntry:
    """Save the second entry over its own ``revision`` (0: none yet); completing it compares it to the first.

    The record itself is not touched. Refused, with nothing changed: no right, the person who made the first entry, a hold,
    a first entry that is not complete, a stale revision, input that cannot be read.
    """
    place = load_place(actor, ref)
    record, second = place.record, None
    if record is not None:
        FormRecord.objects.select_for_update().only("pk").get(pk=record.pk)
        second = SecondEntry.objects.filter(record_id=record.pk).first()
    refuse_second(place, second)
    assert record is not None  # refused above
    here = place_of_second(place, second)
    entered = typed_over(here, values)
    if revision != here.revision:
        raise DomainError(
            _("Somebody saved this second entry meanwhile. What you typed is still here: save again if the source says so."),
            code="stale",
            details={"revision": here.revision},
        )
    outcome = evaluate_entered(here, entered, complete=complete)
    return _write_second(actor, place, second or SecondEntry(study=place.study, record=record), outcome, complete)


def _write_second(actor: Actor, place: RecordPlace, second: SecondEntry, outcome: Evaluation, complete: bool) -> SecondEntry:
    changes = changes_between(second.data, outcome.data)
    if second.pk and not changes and not complete:
        return second
    second.data, second.irrelevant, second.revision = outcome.data, outcome.irrelevant, second.revision + 1
    second.entered_by_id, second.entered_by_name = actor.user_id, actor.name
    second.entered_ids = sorted({*second.entered_ids, actor.user_id or 0})
    if complete:
        found = differences_between(
            place.form,
            second.record.data,
            second.data,
            hidden_first=frozenset(second.record.irrelevant),
            hidden_second=frozenset(second.irrelevant),
        )
        second.completed_at = timezone.now()
        second.differences = [asdict(one) for one in found]
        second.is_settled = not found
    with ledger(actor, place.study.pk) as entry:
        second.save()
        Draft.objects.filter(
            user_id=actor.user_id or 0, subject=place.subject, visit=place.visit, form_oid=place.form.oid, second=True
        ).filter(repeat=place.ref.repeat).delete()
        entry(
            action="capture.second_entry.completed" if complete else "capture.second_entry.saved",
            obj=second,
            changes=changes,
            **_told(place),
            details=_details(place, second) | {"differences": [one["path"] for one in second.differences]},
        )
    return second


@transaction.atomic
def decide_differences(actor: Actor, ref: RecordRef, choices: Mapping[str, str], *, reason: str) -> FormRecord:
    """For each path of a difference: the record stays as the first entry has it, or takes the second's value.

    By its own right, and by nobody who made either entry. What is taken from the second entry is written like any change:
    checked, with the reason, as a revision of the record. Refused, with nothing changed: no right, a hold, an unknown or
    decided difference, no reason.
    """
    place = load_place(actor, ref)
    place.require(ADJUDICATE)
    refuse_closed(place)
    need_reason(reason)
    record = place.record
    second = SecondEntry.objects.select_for_update().filter(record_id=record.pk if record else 0).first()
    if record is None or second is None:
        raise NotVisible
    if not actor.is_system and (actor.user_id in second.entered_ids or is_author(place)):
        raise DomainError(_("Whoever made one of the entries does not decide between them."), code="same_person")
    open_ones = {one["path"]: one for one in second.undecided if _is_visible(place, one)}
    if not choices or any(path not in open_ones or choice not in (FIRST, SECOND) for path, choice in choices.items()):
        raise DomainError(_("Choose one of the two entries for a difference that is not decided yet."), code="choice")
    taken = [open_ones[path] for path, choice in choices.items() if choice == SECOND]
    with ledger(actor, place.study.pk) as entry:
        if taken:
            record = _take_second(actor, place, record, second, taken, reason.strip())
        made: dict[str, Any] = {
            "by": actor.user_id,
            "name": actor.name,
            "at": timezone.now().isoformat(),
            "reason": reason.strip(),
        }
        second.decided = second.decided | {path: made | {"choice": choice} for path, choice in choices.items()}
        second.is_settled = not second.undecided
        second.save()
        entry(
            action="capture.second_entry.decided",
            obj=second,
            **_told(place),
            reason=reason.strip(),
            details=_details(place, second) | {"choices": dict(choices)},
        )
    return record


def _is_visible(place: RecordPlace, difference: Mapping[str, Any]) -> bool:
    visible = place.visible_items()
    return not difference["item"] or difference["item"] in visible


def _take_second(
    actor: Actor, place: RecordPlace, record: FormRecord, second: SecondEntry, taken: list[dict[str, Any]], reason: str
) -> FormRecord:
    data = copy.deepcopy(record.data)
    for one in taken:
        _apply(data, second.data, one, reason)
    is_complete = record.status == Status.COMPLETE
    outcome = evaluate(place.form, data, scope_around(place), complete=is_complete)
    is_blocked = any(finding.is_hard for finding in outcome.findings)
    status = Status.INCOMPLETE if is_blocked else record.status
    findings = [one for one in outcome.findings if one.severity != "required" or status == Status.COMPLETE]
    intended = Intended(outcome.data, status, outcome.irrelevant, "capture.record.adjudicated", reason, findings=findings)
    return write(actor, place, intended)


def _apply(data: dict[str, Any], second: Mapping[str, Any], one: Mapping[str, Any], reason: str) -> None:
    """Put what the second entry says into ``data``: an item's value, a line that only it has, or a line that it has not."""
    if not one["group"]:
        _copy_item(data, second, one["item"])
        return
    lines = data.setdefault(one["group"], [])
    mine = next((line for line in lines if line["_key"] == one["first_key"]), None)
    theirs = next((line for line in second.get(one["group"], []) if line["_key"] == one["second_key"]), None)
    if one["item"] and mine is not None and theirs is not None:
        _copy_item(mine, theirs, one["item"])
    elif theirs is not None and not one["first_key"]:
        lines.append(copy.deepcopy(theirs))
    elif mine is not None:
        mine["_inactive"] = reason


def _copy_item(target: dict[str, Any], source: Mapping[str, Any], oid: str) -> None:
    entered = {name: value for name, value in target.get("_entered", {}).items() if name != oid}
    if oid in source.get("_entered", {}):
        entered[oid] = source["_entered"][oid]
    target.pop("_entered", None)
    if entered:
        target["_entered"] = entered
    if oid in source:
        target[oid] = source[oid]
    else:
        target.pop(oid, None)


def _told(place: RecordPlace) -> dict[str, Any]:
    return {
        "label": place.title,
        "site_id": place.site.pk,
        "subject_id": place.subject.pk,
        "audience": "unblinded" if place.form.blinded or (place.visit and place.visit.audience) else "",
    }


def _details(place: RecordPlace, second: SecondEntry) -> dict[str, Any]:
    return {
        "revision": second.revision,
        "form": place.form.oid,
        "visit": place.ref.visit_id,
        "repeat": place.ref.repeat,
        "version": place.version_id,
    }
