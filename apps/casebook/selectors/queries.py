"""The study's queries as a list: filters in the address, keyset paging, each row with its item in words and its age."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from apps.capture.models import Query
from apps.capture.selectors import visible_queries
from apps.casebook.selectors.reader import Reader
from apps.common.pages import Page, keyset_page
from apps.studies.models import Study
from apps.studies.protocol import get_protocol

OPEN = (Query.Status.OPEN, Query.Status.ANSWERED)


@dataclass(frozen=True)
class Row:
    query: Query
    form: dict
    item: dict
    age_days: int
    url: str


def query_page(reader: Reader, study: Study, params: Mapping[str, str]) -> tuple[Page, list[Row]]:
    """One page of queries, oldest first, so that what has waited longest is on top."""
    rows = visible_queries(reader.actor, study, is_blinded=reader.blinded)
    status = params.get("status", "waiting")
    if status == "waiting":
        rows = rows.filter(status__in=OPEN)
    elif status in Query.Status.values:
        rows = rows.filter(status=status)
    if params.get("site"):
        rows = rows.filter(subject__site__code=params["site"].replace("\x00", ""))
    if params.get("kind") in Query.Kind.values:
        rows = rows.filter(kind=params["kind"])
    page = keyset_page(rows, params, size=50, key="pk")
    return page, [_row(study, query) for query in page.rows]


def _row(study: Study, query: Query) -> Row:
    protocol = get_protocol(query.record.version_id)
    form = protocol.forms[query.record.form_oid]
    item = form.items.get(query.item_oid)
    return Row(
        query,
        form.title.model_dump(),
        item.definition.label.model_dump() if item else {},
        (timezone.now() - query.opened_at).days,
        _address(study, query),
    )


def _address(study: Study, query: Query) -> str:
    record, number = query.record, query.subject.number
    if record.visit_id is None:
        return reverse("casebook:log_form", args=[study.slug, number, record.form_oid, record.repeat])
    return reverse("casebook:form", args=[study.slug, number, record.visit_id, record.form_oid, record.repeat])
