"""The list of a log: adverse events, concomitant medication, doses."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.capture.conflicts import next_repeat
from apps.capture.double_entry import blind_records
from apps.capture.models import FormRecord
from apps.capture.places import RecordPlace, RecordRef
from apps.capture.selectors import log_records, open_query_counts, record_for
from apps.capture.status import status_of
from apps.casebook.record_fields import shown_value
from apps.casebook.selectors.grid import reviewed_of
from apps.casebook.selectors.reader import Reader, reader_of
from apps.casebook.views.acting import subject_context
from apps.studies.wording import said

COLUMNS = 6


@dataclass
class LogRow:
    record: FormRecord
    url: str
    status: str
    cells: list[str]


@require_GET
def log(request, slug: str, number: str, form_oid: str) -> HttpResponse:
    """The lines with their first items. A log that takes one record only is that record's page."""
    place = record_for(request.actor, RecordRef.at(slug, number, form_oid))
    if not place.form.definition.repeating:
        return redirect("casebook:log_form", slug, number, form_oid, 1)
    items = [item for item in place.visible_items().values() if not item.line and item.definition.type != "note"][:COLUMNS]
    records = log_records(request.actor, place.subject, form_oid)
    reader = reader_of(request.actor, place.study, place.site.pk)
    context = subject_context(request, place.subject, reader) | {
        "place": place,
        "title": said(place.form.title),
        "heads": [said(item.definition.label) for item in items],
        "rows": _rows(reader, place, records, items),
        "may_enter": place.may(place.entry_right) and place.hold() is None,
        "new_url": reverse("casebook:log_form", args=[slug, number, form_oid, next_repeat(place.subject.pk, form_oid)]),
    }
    return render(request, "casebook/record/log.html", context)


def _rows(reader: Reader, place: RecordPlace, records: list[FormRecord], items: list) -> list[LogRow]:
    blind = blind_records(place, records)
    counts = open_query_counts([record.pk for record in records])
    reviewed = reviewed_of(reader, place.study, [place.subject.pk])
    hold = place.hold()
    above = hold[1] if hold and hold[0] != "record" else ""
    return [
        LogRow(
            record=record,
            url=reverse("casebook:log_form", args=[place.study.slug, place.subject.number, place.form.oid, record.repeat]),
            status=status_of(
                record,
                open_queries=counts.get(record.pk, 0),
                hold=above,
                is_verified=record.pk in reviewed.verified,
                is_signed=record.pk in reviewed.signed,
            ),
            cells=[_shown(place, record, item) if record.pk not in blind else "" for item in items],
        )
        for record in records
    ]


def _shown(place: RecordPlace, record: FormRecord, item) -> str:
    return shown_value(place.protocol, item, record.data.get(item.oid))
