"""The screening log and its file."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from apps.audit.ledger import ledger
from apps.casebook.selectors.reader import Reader, reader_of
from apps.casebook.selectors.screening import HEADS, export_rows, line_of, logged
from apps.common.pages import keyset_page
from apps.common.tables import csv_response
from apps.studies.access import get_study_for, require, sites_visible_to
from apps.studies.models import Study
from apps.subjects.permissions import VIEW_SUBJECTS

FILTERS = ("site", "outcome")


@require_safe
def log(request, slug: str) -> HttpResponse:
    """By number, with the reason of each failure and the links of who was screened again."""
    study, reader = _entered(request, slug)
    page = keyset_page(logged(reader, study, request.GET), request.GET, key="number")
    context = {
        "study": study,
        "page": page,
        "lines": [line_of(reader, subject) for subject in page.rows],
        "heads": HEADS,
        "sites": sites_visible_to(request.actor, study.pk),
        "filters": {name: request.GET.get(name, "")[:40] for name in FILTERS},
    }
    return render(request, "casebook/screening_log.html", context)


@require_POST
def export(request, slug: str) -> HttpResponseBase:
    """What the filters show, as CSV; recorded, since data leave."""
    study, reader = _entered(request, slug)
    asked = {name: request.GET.get(name, "")[:40] for name in FILTERS}
    with ledger(request.actor, study.pk) as entry:
        entry(action="casebook.screening.exported", obj=study, label=study.slug, changes=[("filters", None, asked)])
    rows = export_rows(reader, logged(reader, study, asked))
    return csv_response(f"{study.slug}-screening.csv", [str(head) for head in HEADS], rows)


def _entered(request, slug: str) -> tuple[Study, Reader]:
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_SUBJECTS, study_id=study.pk)
    return study, reader_of(request.actor, study)
