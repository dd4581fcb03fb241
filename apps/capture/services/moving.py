"""A whole record that was entered for the wrong subject or visit: moved, with its history left where it was written."""

from typing import Any

from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.capture.attempt import scope_around
from apps.capture.conflicts import conflict, next_repeat
from apps.capture.evaluation import evaluate
from apps.capture.models import Attachment, FormRecord
from apps.capture.paths import item_of, paths_of
from apps.capture.permissions import MOVE_RECORD
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.services.records import need_reason, refuse_closed
from apps.capture.services.writing import Intended, write
from apps.common.actors import Actor
from apps.common.errors import DomainError

Status = FormRecord.Status


def move_record(actor: Actor, ref: RecordRef, to: RecordRef, revision: int, *, reason: str) -> FormRecord:
    """The record's values go to another subject or visit of the study; here it is taken out of the data, with why.

    Both ends name each other in the ledger. Refused, with nothing changed: no right at either end, a hold at either end,
    no consent there, a stale revision, no reason, a form that the other visit does not have, a place that is taken, a
    version there that does not know one of the items. Files go along; queries close here and are asked anew there.
    """
    place = load_place(actor, ref)
    place.require(MOVE_RECORD)
    place.refuse_held()
    need_reason(reason)
    source = place.record
    if source is None or source.inactive:
        raise DomainError(_("There is nothing to move."), code="nothing")
    if revision != place.revision:
        raise conflict(actor, place, None, revision)
    target = _target(actor, place, to)
    with ledger(actor, place.study.pk):
        files = _copy_files(place, target)
        data = _with_files(source.data, files)
        outcome = evaluate(target.form, data, scope_around(target), complete=source.status == Status.COMPLETE)
        is_blocked = any(finding.is_hard for finding in outcome.findings)
        status = Status.INCOMPLETE if source.status == Status.COMPLETE and is_blocked else source.status
        moved = write(
            actor,
            target,
            Intended(
                data=outcome.data,
                status=status,
                irrelevant=outcome.irrelevant,
                action="capture.record.moved",
                reason=_("Moved from %(place)s: %(reason)s") % {"place": place.title, "reason": reason.strip()},
                findings=[one for one in outcome.findings if one.severity != "required" or status == Status.COMPLETE],
                details={"moved_from": source.pk},
            ),
        )
        write(
            actor,
            place,
            Intended(
                data=source.data,
                status=source.status,
                irrelevant=source.irrelevant,
                action="capture.record.inactivated",
                reason=_("Moved to %(place)s: %(reason)s") % {"place": target.title, "reason": reason.strip()},
                inactive=True,
                details={"moved_to": moved.pk},
            ),
        )
    return moved


def _target(actor: Actor, place: RecordPlace, to: RecordRef) -> RecordPlace:
    """The free place that the record goes to; a log and a form that repeats take the next free number."""
    if to.form_oid != place.ref.form_oid:
        raise DomainError(_("A form is moved to the same form of another visit or subject."), code="other_form", item="form")
    target = load_place(actor, to, writes=True)
    if target.study.pk != place.study.pk:
        raise DomainError(_("A form stays in its study."), code="other_study", item="number")
    if target.form.definition.repeating and target.record is not None:
        free = next_repeat(target.subject.pk, to.form_oid, to.visit_id)
        target = load_place(actor, RecordRef(target.subject.pk, to.form_oid, to.visit_id, free), writes=True)
    target.require(MOVE_RECORD)
    refuse_closed(target)
    if target.record is not None:
        raise DomainError(_("That form holds a record already; it is not overwritten."), code="taken", item="visit")
    used = {oid for path in paths_of(place.data) if (oid := item_of(path)) in place.form.items}
    unknown = sorted(used - target.form.items.keys())
    if unknown:
        raise DomainError(
            _("The other site works by a version without these items: %(items)s.") % {"items": ", ".join(unknown)},
            code="version",
        )
    return target


def _copy_files(place: RecordPlace, target: RecordPlace) -> dict[str, str]:
    """A row of each file for the other subject, of the same stored bytes; old id → new id."""
    named = {
        value
        for path, value in paths_of(place.data).items()
        if (item := place.form.items.get(item_of(path))) is not None and item.definition.type == "file"
    }
    ids = {}
    for row in Attachment.objects.filter(pk__in=[one for one in named if isinstance(one, str)]):
        old = str(row.pk)
        row.pk, row._state.adding = None, True
        row.id = Attachment._meta.pk.get_default()
        row.subject_id = target.subject.pk
        row.save(force_insert=True)
        ids[old] = str(row.pk)
    return ids


def _with_files(data: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """The data with each file's new id."""

    def named(values: dict[str, Any]) -> dict[str, Any]:
        return {name: ids.get(value, value) if isinstance(value, str) else value for name, value in values.items()}

    return {
        name: [named(line) if isinstance(line, dict) else line for line in value] if isinstance(value, list) else value
        for name, value in named(data).items()
    }
