"""The reviewers' rooms: what is left to look at, by site and visit, and what was dropped because it changed."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.capture.models import FormRecord, RecordRevision
from apps.capture.paths import item_of, paths_of
from apps.capture.permissions import VIEW_RECORDS
from apps.casebook.record_fields import shown_value
from apps.casebook.record_names import id_of, name_of
from apps.casebook.selectors.lists import clean
from apps.casebook.selectors.places import record_url
from apps.casebook.selectors.signatures import title_of
from apps.common.pages import Page
from apps.review.models import Mark
from apps.review.selectors.marks import Dropped, SiteProgress, dropped, left_to_do, progress
from apps.studies.access import get_study_for, require, sites_visible_to
from apps.studies.models import Site, Study
from apps.studies.protocol import get_protocol
from apps.studies.wording import said

SIZE = 50


@dataclass(frozen=True)
class WorkRow:
    record: FormRecord
    title: str
    url: str
    left: int
    required: int


@require_safe
def left(request, slug: str) -> HttpResponse:
    """Records with required items that wait, and how far each site is. A constant number of statements."""
    study, kind, asked = _asked(request, slug)
    sites = list(sites_visible_to(request.actor, study.pk))
    visit = clean(request.GET.get("visit", ""))
    found = left_to_do(request.actor, study, kind, limit=SIZE + 1, visit=visit, **asked)
    records = FormRecord.objects.select_related("subject__study", "subject__site", "visit").in_bulk(
        [one.record_id for one in found[:SIZE]]
    )
    done = progress(request.actor, study, kind)
    context = _context(study, kind, sites) | {
        "rows": [
            WorkRow(record, title_of(record), record_url(record.subject, record), one.left, one.required)
            for one in found[:SIZE]
            if (record := records.get(one.record_id))
        ],
        "page": Page([], str(found[SIZE - 1].record_id) if len(found) > SIZE else "", not asked["after"]),
        "progress": [(site, done.get(site.pk) or SiteProgress(site.pk, 0, 0)) for site in sites],
        "visits": _visits(study),
    }
    return render(request, "casebook/review/left.html", context)


@dataclass(frozen=True)
class DroppedRow:
    record: FormRecord
    title: str
    url: str
    item: str
    seen: str
    now: str
    mark: Mark
    changed_by: RecordRevision | None


@require_safe
def changed(request, slug: str) -> HttpResponse:
    """Marks whose item changed since, with what was seen and what is there now."""
    study, kind, asked = _asked(request, slug)
    found = dropped(request.actor, study, kind, limit=SIZE + 1, **asked)
    context = _context(study, kind, list(sites_visible_to(request.actor, study.pk))) | {
        "rows": _dropped_rows(found[:SIZE]),
        "page": Page([], str(found[SIZE - 1].mark.pk) if len(found) > SIZE else "", not asked["after"]),
    }
    return render(request, "casebook/review/changed.html", context)


def _dropped_rows(found: list[Dropped]) -> list[DroppedRow]:
    revisions = RecordRevision.objects.filter(record__in=[one.record.pk for one in found]).defer("data")
    by = {(row.record_id, row.revision): row for row in revisions}
    return [_dropped_row(one, by.get((one.record.pk, one.changed_revision))) for one in found]


def _dropped_row(one: Dropped, changed_by: RecordRevision | None) -> DroppedRow:
    record, mark = one.record, one.mark
    protocol = get_protocol(record.version_id)
    item = protocol.forms[record.form_oid].items[item_of(mark.path)]
    now = paths_of(record.data).get(mark.path)
    return DroppedRow(
        record=record,
        title=title_of(record),
        url=f"{record_url(record.subject, record)}#item-{id_of(name_of(mark.path))}",
        item=said(item.definition.label),
        seen=shown_value(protocol, item, mark.value) or "–",
        now=shown_value(protocol, item, now) or "–",
        mark=mark,
        changed_by=changed_by,
    )


def _asked(request, slug: str) -> tuple[Study, str, dict]:
    """The study, the kind of review, and the filters; a cursor or a site that is none starts at the first of all."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_RECORDS, study_id=study.pk)
    kind = request.GET.get("kind", "")
    after = request.GET.get("after", "")
    return (
        study,
        kind if kind in Mark.Kind.values else Mark.Kind.SDV,
        {
            "site_code": clean(request.GET.get("site", "")),
            "after": int(after) if after.isascii() and after.isdigit() and len(after) < 18 else 0,
        },
    )


def _context(study: Study, kind: str, sites: list[Site]) -> dict:
    return {"study": study, "kind": kind, "kinds": Mark.Kind.choices, "sites": sites}


def _visits(study: Study) -> list[tuple[str, str]]:
    if study.version_id is None:
        return []
    return [(visit.code, said(visit.label)) for visit in get_protocol(study.version_id).visits.values()]
