"""Reads of records, queries and history, each for one actor: what the blinded may not see is absent."""

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.audit.models import Event
from apps.capture.double_entry import refuse_blind
from apps.capture.models import Attachment, Draft, FormRecord, Query
from apps.capture.paths import item_of
from apps.capture.permissions import VIEW_RECORDS
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.scope import SubjectScope
from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.studies.models import Site, Study
from apps.subjects.models import Subject


def record_for(actor: Actor, ref: RecordRef) -> RecordPlace:
    """The form's place for reading: 404 where it does not exist for the actor, 403 without the right to read.

    BlindEntry while the form waits for a second entry that this person may make.
    """
    place = load_place(actor, ref)
    place.require(VIEW_RECORDS)
    refuse_blind(place)
    return place


def visible_data(place: RecordPlace) -> dict[str, Any]:
    """The record's data without items that the actor may not know of."""
    visible = place.visible_items()
    hidden = place.form.items.keys() - visible.keys()
    if not hidden:
        return place.data
    data = {name: value for name, value in place.data.items() if name not in hidden}
    for group in {item.group.oid for item in place.form.items.values() if item.line}:
        lines = data.get(group) or []
        data[group] = [{name: value for name, value in line.items() if name not in hidden} for line in lines]
    return data


@dataclass(frozen=True)
class Change:
    """One change of one item, as the ledger has it."""

    at: dt.datetime
    who: str
    old: Any
    new: Any
    reason: str
    revision: int
    status: str
    action: str


def history(place: RecordPlace, path: str) -> list[Change]:
    """Who changed the item (of a line) from what to what, when and why, newest first."""
    if place.record is None or item_of(path) not in place.visible_items():
        raise NotVisible
    return [change for changed, change in _changes(place.record) if changed == path][::-1]


def _changes(record: FormRecord) -> Iterator[tuple[str, Change]]:
    rows = Event.objects.filter(object_type="capture.formrecord", object_id=str(record.pk)).order_by("seq")
    for at, who, text in rows.values_list("at", "actor_name", "body"):
        body = json.loads(text)
        details = body["details"]
        for path, old, new in body["changes"]:
            said = (body["reason"], details.get("revision", 0), details.get("status", ""), body["action"])
            yield path, Change(at, who, old, new, *said)


# -- queries


def queries_of(place: RecordPlace) -> list[Query]:
    """The record's queries with their threads, newest last; those of hidden items are absent."""
    if place.record is None:
        return []
    visible = {"", *place.visible_items()}
    rows = Query.objects.filter(record_id=place.record.pk).order_by("id").prefetch_related("messages")
    return [query for query in rows if query.item_oid in visible]


def get_query_for(actor: Actor, query_id: int) -> tuple[Query, RecordPlace]:
    """A query with its record's place, or 404."""
    query = Query.objects.filter(pk=query_id).select_related("record").first()
    if query is None:
        raise NotVisible
    place = record_for(actor, RecordRef.of(query.record))
    if query.item_oid and query.item_oid not in place.visible_items():
        raise NotVisible
    return query, place


def visible_queries(actor: Actor, study: Study, *, is_blinded: bool) -> QuerySet[Query]:
    """The study's queries at the actor's sites; for the blinded without those of blinded forms and items."""
    from apps.studies.protocol import get_protocol

    # by the subject's site, which the rows are joined to anyway: a subquery of all subjects costs a large study a third more
    rows = Query.objects.filter(study=study, subject__site__in=Site.objects.visible_to(actor)).select_related(
        "subject", "record", "record__visit"
    )
    if not is_blinded:
        return rows
    oids = get_protocol(study.version_id).hidden_from_blinded
    hidden = Q(record__form_oid__in=oids) | Q(item_oid__in=oids) | ~Q(record__visit=None) & ~Q(record__visit__audience="")
    return rows.exclude(hidden)


# -- what stands beside the form


def draft_of(place: RecordPlace, *, second: bool = False) -> Draft | None:
    """This person's own unsaved entries of this form."""
    return Draft.objects.filter(
        user_id=place.actor.user_id or 0,
        subject_id=place.subject.pk,
        visit_id=place.ref.visit_id,
        form_oid=place.form.oid,
        repeat=place.ref.repeat,
        version_id=place.version_id,
        second=second,
    ).first()


def previous_values(scope: SubjectScope, items: Mapping[str, Any]) -> dict[str, Any]:
    """Each item's stored value at the visit before, for looking at; nothing is ever copied."""
    before = scope.before_here()
    if before is None:
        return {}
    return {oid: before.data[oid] for oid in items if oid in before.data and oid not in before.irrelevant}


def log_records(actor: Actor, subject: Subject, form_oid: str) -> list[FormRecord]:
    """The lines of a log in their order, inactive ones too. The caller has asked whether the form may be seen."""
    rows = FormRecord.objects.visible_to(actor).filter(subject=subject, form_oid=form_oid, visit=None)
    return list(rows.order_by("repeat"))


def attachment_for(place: RecordPlace, attachment_id: uuid.UUID) -> Attachment:
    """A file of this form that the actor may open, or 404."""
    found = Attachment.objects.filter(pk=attachment_id, subject_id=place.subject.pk, form_oid=place.form.oid).first()
    if found is None or found.item_oid not in place.visible_items():
        raise NotVisible
    return found


def attachments_of(place: RecordPlace) -> dict[str, Attachment]:
    """The form's files by id, empty without a statement where the form takes none."""
    items = [oid for oid, item in place.visible_items().items() if item.definition.type == "file"]
    if not items:
        return {}
    rows = Attachment.objects.filter(subject_id=place.subject.pk, form_oid=place.form.oid, item_oid__in=items)
    return {str(row.pk): row for row in rows}


def open_query_counts(record_ids: Iterable[int]) -> dict[int, int]:
    """Queries that are not closed, by record, in one statement."""
    rows = Query.objects.filter(record_id__in=list(record_ids)).exclude(status=Query.Status.CLOSED)
    return dict(rows.order_by().values_list("record_id").annotate(number=Count("id")))
