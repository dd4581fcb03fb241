"""The one way a record reaches the database: record, revision, queries and event together, or none of them."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from apps.audit.ledger import ledger
from apps.capture.asking import Asking, ask
from apps.capture.conflicts import conflict
from apps.capture.findings import Finding
from apps.capture.models import FormRecord
from apps.capture.paths import changes_between, item_of
from apps.capture.places import RecordPlace
from apps.capture.services.following import follow
from apps.common.actors import Actor
from apps.common.prepared import prepared_cursor
from apps.studies.holding import refusal

SAVE = """SELECT capture_save(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""


@dataclass
class Intended:
    """The record as it is to be after this write. ``typed`` is kept for the words of a conflict."""

    data: dict[str, Any]
    status: str
    irrelevant: list[str]
    action: str
    reason: str = ""
    inactive: bool = False
    findings: list[Finding] = field(default_factory=list)
    typed: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)  # what the event tells besides


def write(actor: Actor, place: RecordPlace, intended: Intended) -> FormRecord:
    """Write and follow up (milestones, visits); nothing is written where nothing would change.

    Conflict when another save came between, DomainError when a hold did: both leave nothing.
    """
    before = place.record
    asking = ask(intended.findings, place.queries)
    changes = _in_form_order(place, changes_between(place.data, intended.data))
    record = _record_after(place, intended, changes)
    if before is not None and not changes and not asking and _same_state(before, record):
        return before
    with ledger(actor, place.study.pk) as entry:
        event_id = entry(
            action=intended.action,
            obj=record,
            label=place.title,
            site_id=place.site.pk,
            subject_id=place.subject.pk,
            changes=changes,
            reason=intended.reason,
            audience="unblinded" if place.form.blinded or (place.visit and place.visit.audience) else "",
            outbox=True,
            details=_details(place, record, asking) | intended.details,
        )
        outcome = _save(actor, place, record, intended.reason, asking, event_id)
        if outcome == "saved":
            follow(actor, place, record, before)
        elif outcome == "conflict":
            raise conflict(actor, place, intended.typed)
        else:
            _held, level, hold = outcome.split(":")
            raise refusal(dict(place.levels())[level], hold)
    return record


def _in_form_order(place: RecordPlace, changes: list[list[Any]]) -> list[list[Any]]:
    """jsonb forgets the order of keys; a reader of the history wants that of the form."""
    order = {oid: number for number, oid in enumerate(place.form.items)}
    return sorted(changes, key=lambda change: order.get(item_of(change[0]), -1))


def _record_after(place: RecordPlace, intended: Intended, changes: list[list[Any]]) -> FormRecord:
    revision = place.revision + 1
    old = place.record
    now = timezone.now()
    ends = intended.status != FormRecord.Status.INCOMPLETE
    return FormRecord(
        pk=old.pk if old else place.new_id,
        study_id=place.study.pk,
        subject=place.subject,
        visit=place.visit,
        form_oid=place.form.oid,
        form_id=place.form.form_id,
        version_id=place.version_id,
        repeat=place.ref.repeat,
        status=intended.status,
        revision=revision,
        data=intended.data,
        changed={**(old.changed if old else {}), **{path: revision for path, _old, _new in changes}},
        irrelevant=intended.irrelevant,
        inactive=intended.inactive,
        hold=old.hold if old else "",
        created_at=old.created_at if old else now,
        updated_at=now,
        updated_by_id=place.actor.user_id,
        completed_at=(old.completed_at if old else None) or (now if ends else None),
    )


def _same_state(before: FormRecord, after: FormRecord) -> bool:
    return (before.status, before.inactive, before.irrelevant) == (after.status, after.inactive, after.irrelevant)


def _details(place: RecordPlace, record: FormRecord, asking: Asking) -> dict[str, Any]:
    """What ``check_records`` needs to replay the record besides the values."""
    return {
        "revision": record.revision,
        "status": record.status,
        "irrelevant": record.irrelevant,
        "inactive": record.inactive,
        "version": record.version_id,
        "form": record.form_oid,
        "visit": place.ref.visit_id,
        "repeat": record.repeat,
        "queries": asking.summary(),
    }


def _save(actor: Actor, place: RecordPlace, record: FormRecord, reason: str, asking: Asking, event_id: uuid.UUID) -> str:
    """saved, conflict, or held:<level>:<hold>; the function decides under the study's and the record's lock."""
    parameters = [
        record.pk,
        record.study_id,
        record.subject_id,
        place.ref.visit_id,
        record.form_oid,
        record.repeat,
        record.form_id,
        record.version_id,
        place.revision,
        str(record.status),
        record.inactive,
        _json(record.data),
        _json(record.changed),
        _json(record.irrelevant),
        event_id,
        record.updated_at,
        actor.user_id,
        actor.name,
        reason,
        _json([_opened(finding) for finding in asking.open]),
        asking.close,
        _json([_opened(finding) | {"id": pk, "say": said} for pk, finding, said in asking.again]),
    ]
    with prepared_cursor() as cursor:
        cursor.execute(SAVE, parameters)
        return cursor.fetchone()[0]


def _opened(finding: Finding) -> dict[str, Any]:
    return {
        "item": finding.item_oid,
        "line": finding.line_key,
        "check": finding.check_oid,
        "text": finding.text,
        "value": finding.value,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
