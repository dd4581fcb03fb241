"""The study's list of queries: filters from the address, counts by site, one page in a constant number of statements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.capture.models import Query, QueryMessage
from apps.capture.permissions import ANSWER_QUERY
from apps.capture.selectors import visible_queries
from apps.casebook.record_names import id_of
from apps.casebook.selectors.grid import visit_label
from apps.casebook.selectors.lists import clean
from apps.casebook.selectors.places import record_url
from apps.casebook.selectors.reader import Reader
from apps.common.permissions import Role
from apps.common.text import in_language
from apps.studies.models import Study
from apps.studies.protocol import get_protocol
from apps.studies.wording import said

AGES: dict[str, str | Promise] = {
    "7": _("More than 7 days"),
    "14": _("More than 14 days"),
    "30": _("More than 30 days"),
    "due": _("Past its day"),
}
FILTERS = ("status", "site", "subject", "form", "kind", "role", "age")


@dataclass(frozen=True)
class QueryRow:
    query: Query
    url: str
    visit: str
    form: str
    item: str
    assigned: str
    days: int
    is_late: bool


def found_queries(reader: Reader, study: Study, asked: Mapping[str, str]) -> QuerySet[Query]:
    """What the address asks for; those not closed unless a status is named. A filter that is none filters nothing."""
    found = visible_queries(reader.actor, study, is_blinded=reader.blinded)
    status = asked.get("status", "")
    if status in Query.Status.values:
        found = found.filter(status=status)
    elif status != "all":
        found = found.exclude(status=Query.Status.CLOSED)
    for name, path in (("site", "subject__site__code"), ("subject", "subject__number"), ("form", "record__form_oid")):
        if value := clean(asked.get(name, "")):
            found = found.filter(**{path: value})
    if asked.get("kind") in Query.Kind.values:
        found = found.filter(kind=asked["kind"])
    if asked.get("role") in Role.values:
        found = found.filter(assigned_role=asked["role"])
    return _of_age(found, asked.get("age", ""))


def _of_age(found: QuerySet[Query], age: str) -> QuerySet[Query]:
    if age == "due":
        return found.filter(due_on__lt=timezone.localdate()).exclude(status=Query.Status.CLOSED)
    if age in AGES:
        return found.filter(opened_at__lt=timezone.now() - timedelta(days=int(age)))
    return found


def counts_by_site(reader: Reader, study: Study) -> list[Any]:
    """Of each site: open, answered, and past their day; one statement."""
    waiting = Q(status=Query.Status.OPEN)
    rows = visible_queries(reader.actor, study, is_blinded=reader.blinded).select_related(None)
    rows = rows.exclude(status=Query.Status.CLOSED)
    counts = (
        rows.order_by()
        .values(code=F("subject__site__code"))
        .annotate(
            open=Count("pk", filter=waiting),
            answered=Count("pk", filter=Q(status=Query.Status.ANSWERED)),
            late=Count("pk", filter=waiting & Q(due_on__lt=timezone.localdate())),
        )
    )
    return list(counts.order_by("code"))


def row_of(query: Query) -> QueryRow:
    record = query.record
    protocol = get_protocol(record.version_id)
    form = protocol.forms[record.form_oid]
    item = form.items.get(query.item_oid)
    name = ".".join((item.group.oid, query.line_key, item.oid)) if item and query.line_key else query.item_oid
    is_open = query.status == Query.Status.OPEN
    return QueryRow(
        query=query,
        url=record_url(query.subject, record) + (f"#item-{id_of(name)}" if name else ""),
        visit=in_language(visit_label(protocol, record.visit)) if record.visit else "",
        form=said(form.title),
        item=said(item.definition.label) if item else "",
        assigned=role_name(query.assigned_role),
        days=((query.closed_at or timezone.now()) - query.opened_at).days,
        is_late=is_open and query.due_on is not None and query.due_on < timezone.localdate(),
    )


def role_name(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role


def answering_roles() -> list[tuple[str, str]]:
    """The roles that a query may be asked of."""
    return [(role.value, str(role.label)) for role in Role if role in ANSWER_QUERY.roles]


EXPORT_HEADS = (
    *("SITEID", "SUBJID", "VISIT", "FORM", "REPEAT", "ITEM", "LINE", "KIND", "STATUS", "ASSIGNEDTO", "DUE", "DAYS"),
    *("OPENEDUTC", "CLOSEDUTC", "TEXT", "STEP", "STEPBY", "STEPUTC", "STEPTEXT"),
)


def export_rows(found: QuerySet[Query]) -> Iterator[list[Any]]:
    """One row a message of a thread, so that nothing of it is lost; the query's own columns repeat. Streamed."""
    threads = Prefetch("messages", QueryMessage.objects.order_by("pk"))
    for query in found.select_related("subject__site").prefetch_related(threads).order_by("pk").iterator(chunk_size=500):
        record = query.record
        closed = query.closed_at
        own = [
            *(query.subject.site.code, query.subject.number, record.visit.code if record.visit else "", record.form_oid),
            *(record.repeat, query.item_oid, query.line_key, query.kind, query.status, query.assigned_role),
            *(query.due_on or "", ((closed or timezone.now()) - query.opened_at).days),
            *(_utc(query.opened_at), _utc(closed) if closed else "", in_language(query.text)),
        ]
        for message in query.messages.all():
            yield [*own, message.step, message.actor_name, _utc(message.at), message.text]


def _utc(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
