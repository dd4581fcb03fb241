"""The study's queries: what waits, for whom, since when; each leads to its item. Many at once; all of them as a file."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from apps.audit.ledger import ledger
from apps.capture.models import Query
from apps.capture.permissions import ANSWER_QUERY, CLOSE_QUERY, VIEW_RECORDS
from apps.capture.services import answer_queries, close_queries
from apps.capture.services.queries import AT_ONCE
from apps.casebook.selectors.queries import (
    AGES,
    EXPORT_HEADS,
    FILTERS,
    answering_roles,
    counts_by_site,
    export_rows,
    found_queries,
    row_of,
)
from apps.casebook.selectors.reader import Reader, reader_of
from apps.common.errors import DomainError
from apps.common.pages import keyset_page
from apps.common.tables import csv_response
from apps.studies.access import get_study_for, require, sites_visible_to
from apps.studies.models import Study
from apps.studies.protocol import get_protocol
from apps.studies.wording import said

MANY = {"answer": answer_queries, "close": close_queries}
SORTS = {"newest": "-pk"}


@require_http_methods(["GET", "HEAD", "POST"])
def queries(request, slug: str) -> HttpResponse:
    """The oldest first. POST answers or closes the chosen ones with one text: all of them, or none."""
    study, reader = _entered(request, slug)
    refusal = None
    if request.method == "POST":
        refusal = _many(request, study, reader)
        if refusal is None:
            return redirect(f"{request.path}?{request.GET.urlencode()}")
    return show(request, study, reader, refusal)


def show(request, study: Study, reader: Reader, refusal: DomainError | None) -> HttpResponse:
    found = found_queries(reader, study, request.GET).select_related("subject__study")
    page = keyset_page(found, request.GET, key=SORTS.get(request.GET.get("sort", ""), "pk"))
    context = {
        "study": study,
        "page": page,
        "rows": [row_of(query) for query in page.rows],
        "statuses": [*Query.Status.choices],
        "sites": sites_visible_to(request.actor, study.pk),
        "counts": counts_by_site(reader, study),
        "kinds": Query.Kind.choices,
        "roles": answering_roles(),
        "ages": AGES.items(),
        "forms": _forms(study, reader),
        "filters": {name: request.GET.get(name, "")[:40] for name in FILTERS},
        "may_answer": reader.may(ANSWER_QUERY),
        "may_close": reader.may(CLOSE_QUERY),
        "refusal": refusal,
        "chosen": set(request.POST.getlist("query")),
        "typed": request.POST.get("text", ""),
        "at_once": AT_ONCE,
    }
    return render(request, "casebook/record/queries.html", context, status=409 if refusal else 200)


def _many(request, study: Study, reader: Reader) -> DomainError | None:
    """Why nothing was done, or None. ``everything``: all that the filter shows, not this page's alone."""
    act = MANY.get(request.POST.get("step", ""), close_queries)
    found = found_queries(reader, study, request.GET)
    if "everything" not in request.POST:
        chosen = [int(pk) for pk in request.POST.getlist("query") if pk.isascii() and pk.isdigit() and len(pk) < 18]
        found = found.filter(pk__in=chosen)
    try:
        with transaction.atomic():
            done = act(request.actor, found.order_by("pk")[: AT_ONCE + 1], request.POST.get("text", ""))
    except DomainError as refused:
        return refused
    messages.success(request, ngettext("%(n)s query is done.", "%(n)s queries are done.", len(done)) % {"n": len(done)})
    return None


@require_POST
def export(request, slug: str) -> HttpResponseBase:
    """What the filter shows, as CSV; recorded, since data leave."""
    study, reader = _entered(request, slug)
    asked = {name: request.GET.get(name, "")[:40] for name in FILTERS}
    with ledger(request.actor, study.pk) as entry:
        entry(action="capture.queries.exported", obj=study, label=study.slug, changes=[("filters", None, asked)])
    return csv_response(f"{study.slug}-queries.csv", EXPORT_HEADS, export_rows(found_queries(reader, study, asked)))


def _entered(request, slug: str) -> tuple[Study, Reader]:
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_RECORDS, study_id=study.pk)
    return study, reader_of(request.actor, study)


def _forms(study: Study, reader: Reader) -> list[tuple[str, str]]:
    if study.version_id is None:
        return []
    forms = get_protocol(study.version_id).forms.values()
    return [(form.oid, said(form.title)) for form in forms if not (reader.blinded and form.blinded)]
