"""The study's queries: what waits, for whom, since when; each leads to its item."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.capture.models import Query
from apps.capture.permissions import VIEW_RECORDS
from apps.capture.places import RecordRef
from apps.capture.selectors import visible_queries
from apps.casebook.record_names import id_of
from apps.casebook.record_page import address_of
from apps.casebook.selectors.grid import visit_label
from apps.common.pages import keyset_page
from apps.common.permissions import Role
from apps.common.text import in_language
from apps.studies.access import get_study_for, is_blinded, require, sites_visible_to
from apps.studies.protocol import Protocol, get_protocol
from apps.studies.wording import said


@dataclass
class QueryRow:
    query: Query
    url: str
    visit: str
    form: str
    item: str
    assigned: str
    days: int


@require_safe
def queries(request, slug: str) -> HttpResponse:
    """The oldest first; those not closed unless a status is asked for. As many statements at any size."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_RECORDS, study_id=study.pk)
    found = visible_queries(request.actor, study, is_blinded=is_blinded(request.actor, study))
    page = keyset_page(_filtered(found, request.GET), request.GET, key="pk")
    context = {
        "study": study,
        "page": page,
        "rows": [_row(study.slug, query) for query in page.rows],
        "statuses": Query.Status.choices,
        "sites": sites_visible_to(request.actor, study.pk),
    }
    return render(request, "casebook/record/queries.html", context)


def _filtered(found, asked):
    """A filter that is no status or site filters nothing."""
    if asked.get("status") in Query.Status.values:
        found = found.filter(status=asked["status"])
    else:
        found = found.exclude(status=Query.Status.CLOSED)
    site = asked.get("site", "")
    return found.filter(subject__site__code=site) if site and site.isprintable() else found


def _row(slug: str, query: Query) -> QueryRow:
    record = query.record
    protocol: Protocol = get_protocol(record.version_id)
    form = protocol.forms[record.form_oid]
    item = form.items.get(query.item_oid)
    ref = RecordRef.at(slug, query.subject.number, record.form_oid, record.visit_id, record.repeat)
    name = ".".join((item.group.oid, query.line_key, item.oid)) if item and query.line_key else query.item_oid
    return QueryRow(
        query=query,
        url=address_of(ref) + (f"#item-{id_of(name)}" if name else ""),
        visit=in_language(visit_label(protocol, record.visit)) if record.visit else "",
        form=said(form.title),
        item=said(item.definition.label) if item else "",
        assigned=str(Role(query.assigned_role).label) if query.assigned_role in Role.values else query.assigned_role,
        days=((query.closed_at or timezone.now()) - query.opened_at).days,
    )
