"""Do the tables say what the ledger says? Every record replayed from its events, revision by revision."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.audit.selectors import EventView, histories
from apps.capture.models import FormRecord, RecordRevision
from apps.capture.paths import applied

RECORD = "capture.record."  # the events that say what a record holds


@dataclass(frozen=True)
class Drift:
    """One disagreement; ``where`` names the record and, where there is one, the revision."""

    record_id: int
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass
class Replayed:
    """The record as its events make it, and its state after each revision."""

    label: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    states: dict[int, tuple] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def replay(events: Iterable[EventView]) -> Replayed:
    result = Replayed()
    for event in events:
        if not event.action.startswith(RECORD):
            continue  # a hold, a run of the checks: they change no data
        revision = event.details["revision"]
        result.label = event.label
        try:
            result.data = applied(result.data, [list(change) for change in event.changes])
        except ValueError as error:
            result.broken.append(f"revision {revision}: the old value of {error} is not what was there")
        result.states[revision] = (
            result.data,
            event.details["status"],
            event.details["irrelevant"],
            event.details["inactive"],
            event.details["version"],
            str(event.id),
            event.reason,
            event.actor.user_id,
        )
    return result


def drifts(study_id: int | None = None) -> Iterator[Drift]:
    """Each disagreement between events, revisions and records. Memory holds one record's history at a time."""
    seen: set[int] = set()
    for object_id, events in histories("capture.formrecord", study_id):
        seen.add(int(object_id))
        yield from _of_record(int(object_id), replay(events))
    records = FormRecord.objects.all() if study_id is None else FormRecord.objects.filter(study_id=study_id)
    for pk in records.values_list("pk", flat=True).iterator():
        if pk not in seen:
            yield Drift(pk, f"record {pk}", "no event speaks of it")


def _of_record(pk: int, told: Replayed) -> Iterator[Drift]:
    where = f"record {pk} ({told.label})"
    yield from (Drift(pk, where, words) for words in told.broken)
    revisions = {row.revision: row for row in RecordRevision.objects.filter(record_id=pk)}
    for number in sorted(told.states.keys() | revisions.keys()):
        place = f"{where} revision {number}"
        if number not in revisions:
            yield Drift(pk, place, "the revision is missing")
        elif number not in told.states:
            yield Drift(pk, place, "no event speaks of it")
        else:
            yield from (
                Drift(pk, place, words) for words in _differences(_of_revision(revisions[number]), told.states[number])
            )
    yield from (Drift(pk, where, words) for words in _newest(pk, told))


NAMES = ("data", "status", "irrelevant items", "inactive", "version", "event", "reason", "person")


def _of_revision(row: RecordRevision) -> tuple:
    return (
        row.data,
        row.status,
        row.irrelevant,
        row.inactive,
        row.version_id,
        str(row.event_id),
        row.reason,
        row.actor_id,
    )


def _differences(stored: tuple, told: tuple) -> list[str]:
    return [
        f"{name} differ: stored {_short(a)}, the events say {_short(b)}"
        for name, a, b in zip(NAMES, stored, told, strict=False)
        if a != b
    ]


def _newest(pk: int, told: Replayed) -> list[str]:
    record = FormRecord.objects.filter(pk=pk).first()
    if record is None:
        return ["the record is missing"]
    newest = max(told.states)
    found = [] if record.revision == newest else [f"it is at revision {record.revision}, the events end at {newest}"]
    stored = (record.data, record.status, record.irrelevant, record.inactive, record.version_id)
    return found + _differences(stored, told.states[newest][:5])


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
