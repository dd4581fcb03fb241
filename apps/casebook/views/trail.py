from collections.abc import Iterator

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from apps.audit.ledger import ledger
from apps.audit.permissions import VIEW_AUDIT
from apps.casebook.selectors.reader import Reader, reader_of
from apps.casebook.selectors.trail import AREAS, FILTERS, forms_of, people_of, trail_lines, trail_of
from apps.casebook.selectors.trail_words import ACTIONS, Changed
from apps.common.tables import csv_response
from apps.studies.access import get_study_for, require
from apps.studies.models import Study

HEADS = (
    *("EVENTID", "SEQ", "WHENUTC", "WHO", "ACTION", "ACTIONLABEL", "WHAT", "ITEM", "ITEMLABEL", "OLD", "NEW"),
    *("OLDLABEL", "NEWLABEL", "REASON", "STATE", "REVISION"),
)


@require_safe
def audit(request, slug):
    """Who did what, when, from what to what, and why."""
    study, reader = _entered(request, slug)
    context = {
        "study": study,
        "page": trail_of(reader, study, request.GET),
        "areas": [
            (area, label, [(name, words) for name, words in ACTIONS.items() if name.startswith(f"{area}.")])
            for area, label in AREAS.items()
        ],
        "people": people_of(reader, study),
        "forms": forms_of(reader, study),
    }
    return render(request, "casebook/audit.html", context)


@require_POST
def export(request, slug) -> HttpResponseBase:
    """What the filters show as CSV, one row a change; recorded, since data leave."""
    study, reader = _entered(request, slug)
    asked = {name: request.GET.get(name, "")[:60] for name in FILTERS}
    with ledger(request.actor, study.pk) as entry:
        entry(action="casebook.trail.exported", obj=study, label=study.slug, changes=[("filters", None, asked)])
    return csv_response(f"{study.slug}-audit.csv", HEADS, _rows(reader, study, asked))


def _entered(request, slug) -> tuple[Study, Reader]:
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_AUDIT, study_id=study.pk)
    return study, reader_of(request.actor, study)


def _rows(reader: Reader, study: Study, asked: dict[str, str]) -> Iterator[list]:
    """An event without changes has one row too. Values as stored, and as a person reads them.

    The place in the ledger is not for the blinded: its gaps would count the events that they do not see.
    """
    for line in trail_lines(reader, study, asked):
        event = line.event
        head = [
            event.id,
            "" if reader.blinded else event.seq,
            f"{event.at:%Y-%m-%dT%H:%M:%S.%fZ}",
            event.actor.name,
            event.action,
            line.action,
            line.what,
        ]
        tail = [event.reason, event.details.get("status", ""), event.details.get("revision", "")]
        stored = event.changes or [("", None, None)]
        shown = line.changes or [Changed("", "", "", "")]
        for (path, old, new), words in zip(stored, shown, strict=True):
            yield [*head, path, words.label, old, new, words.old, words.new, *tail]
