"""What follows from a saved record in the same transaction: dated facts of the subject, and its visit's progress."""

import datetime as dt
from collections.abc import Iterable

from apps.capture.models import FormRecord
from apps.capture.places import RecordPlace
from apps.capture.scope import Filled, load_filled
from apps.common.actors import Actor
from apps.rules import PartialDate, typed
from apps.studies.protocol import CompiledItem
from apps.subjects.milestones import REPEATING
from apps.subjects.services import lock_subject, set_milestone
from apps.visits.models import SubjectVisit
from apps.visits.services import replan, set_progress

FINISHED = frozenset({FormRecord.Status.COMPLETE, FormRecord.Status.NOT_DONE})


def follow(actor: Actor, place: RecordPlace, record: FormRecord, before: FormRecord | None) -> None:
    """Milestones only when one may have changed, progress only when the status did: most saves ask nothing more."""
    if _milestone_items(place) and _wanted(place, [_as_filled(place, record)]) != _wanted(place, _old(place, before)):
        _set_milestones(actor, place)
    status_before = before.status if before is not None and not before.inactive else None
    if place.visit is not None and (None if record.inactive else record.status) != status_before:
        _follow_progress(actor, place, place.visit)


def _set_milestones(actor: Actor, place: RecordPlace) -> None:
    """Decided on what is stored, under the subject's lock, so that two records saved at once agree."""
    subject = lock_subject(place.subject)
    stored = [one for one in load_filled(subject.pk) if one.form_oid == place.form.oid]
    is_changed = False
    for (kind, occurrence), on in _wanted(place, stored).items():
        if place.milestones.get((kind, occurrence)) != on:
            is_changed |= set_milestone(actor, subject, kind, on, occurrence=occurrence) is not None
    if is_changed:
        replan(actor, subject)


def _wanted(place: RecordPlace, records: Iterable[Filled]) -> dict[tuple[str, int], dt.date | None]:
    """What the records say of each fact: of one that repeats this record alone; else the first, of a last the last."""
    records = list(records)
    wanted: dict[tuple[str, int], dt.date | None] = {}
    for kind, item in _milestone_items(place):
        if kind in REPEATING:
            mine = [one for one in records if (one.visit_id, one.repeat) == (place.ref.visit_id, place.ref.repeat)]
            wanted[kind, _occurrence(place)] = max(_dates(item, mine), default=None)
        else:
            choose = max if kind.startswith("last_") else min
            wanted[kind, 1] = choose(_dates(item, records), default=None)
    return wanted


def _milestone_items(place: RecordPlace) -> list[tuple[str, CompiledItem]]:
    """Each with the fact that it dates."""
    return [(kind, item) for item in place.form.items.values() if (kind := item.definition.milestone) and not item.line]


def _dates(item: CompiledItem, records: Iterable[Filled]) -> list[dt.date]:
    """Full dates only: a partial one anchors nothing."""
    found = [
        typed(item.kind, one.data.get(item.oid))
        for one in records
        if item.oid not in one.irrelevant and one.status != FormRecord.Status.NOT_DONE
    ]
    return [date.earliest for date in found if isinstance(date, PartialDate) and date.is_full]


def _occurrence(place: RecordPlace) -> int:
    if place.visit is None:
        return place.ref.repeat
    return place.visit.cycle or place.visit.occurrence


def _old(place: RecordPlace, before: FormRecord | None) -> list[Filled]:
    return [] if before is None else [_as_filled(place, before)]


def _as_filled(place: RecordPlace, record: FormRecord) -> Filled:
    """An inactive record says nothing."""
    return Filled(
        id=record.pk,
        form_oid=record.form_oid,
        repeat=record.repeat,
        visit_id=place.ref.visit_id,
        status=FormRecord.Status.NOT_DONE if record.inactive else record.status,
        data=record.data,
        irrelevant=frozenset(record.irrelevant),
    )


def _follow_progress(actor: Actor, place: RecordPlace, visit: SubjectVisit) -> None:
    """The visit is done when each of its forms is complete or not done."""
    rows = FormRecord.objects.filter(visit=visit, inactive=False).values_list("form_oid", "status")
    statuses: dict[str, set[str]] = {}
    for form_oid, status in rows:
        statuses.setdefault(form_oid, set()).add(status)
    forms = place.protocol.forms_at(visit.code)
    set_progress(actor, visit, is_complete=all(statuses.get(form, {""}) <= FINISHED for form in forms))
