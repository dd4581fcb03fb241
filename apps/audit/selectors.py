"""Reads of the ledger. They do not ask who reads: the pages above filter by study, site and audience."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from pydantic_core import from_json

from apps.audit.chain import chain_of
from apps.audit.models import Delivery, Event, ItemChange
from apps.common.actors import Actor


@dataclass(frozen=True)
class EventView:
    """An event as handlers and pages read it. ``changes``: (item, old, new)."""

    id: UUID
    action: str
    chain: str
    seq: int
    at: datetime
    actor: Actor
    study_id: int | None
    site_id: int | None
    subject_id: int | None
    object_type: str
    object_id: str
    label: str
    reason: str
    changes: tuple[tuple[str, Any, Any], ...]
    audience: str
    details: dict[str, Any]


def view_of(event: Event) -> EventView:
    body = from_json(event.body)
    return EventView(
        id=event.pk,
        action=event.action,
        chain=event.chain,
        seq=event.seq,
        at=event.at,
        actor=Actor(event.actor_id, event.actor_name, body["address"], body["request"]),
        study_id=event.study_id,
        site_id=event.site_id,
        subject_id=event.subject_id,
        object_type=event.object_type,
        object_id=event.object_id,
        label=body["object"]["label"],
        reason=body["reason"],
        changes=tuple((item, old, new) for item, old, new in body["changes"]),
        audience=event.audience,
        details=body["details"],
    )


def get_event(event_id: UUID) -> EventView:
    return view_of(Event.objects.get(pk=event_id))


def item_changes(study_id: int | None) -> QuerySet[ItemChange]:
    """One row an item that changed, of one chain; filter further by object, item, actor, time, audience."""
    return ItemChange.objects.filter(chain=chain_of(study_id))


def histories(object_type: str, study_id: int | None = None) -> Iterator[tuple[str, list[EventView]]]:
    """(object id, its events, oldest first) for every object of a type, streamed: memory holds one object's history.

    For checks that replay events against what the tables say.
    """
    rows = Event.objects.filter(object_type=object_type).order_by("object_type", "object_id", "seq")
    if study_id is not None:
        rows = rows.filter(study_id=study_id)
    for object_id, group in groupby(rows.iterator(chunk_size=2000), key=lambda row: row.object_id):
        yield object_id, [view_of(row) for row in group]


def given_up() -> QuerySet[Delivery]:
    return Delivery.objects.filter(status=Delivery.Status.DEAD).order_by("pk")
