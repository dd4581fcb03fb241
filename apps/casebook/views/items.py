"""The panel beside the form: one item's queries and history; the steps of a query; the files."""

from datetime import date, timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.capture.files import SHOWN_INLINE
from apps.capture.models import FormRecord, Query
from apps.capture.permissions import ANSWER_QUERY, CLOSE_QUERY, OPEN_QUERY
from apps.capture.places import RecordPlace, RecordRef
from apps.capture.selectors import attachment_for, get_query_for, history, queries_of, record_for
from apps.capture.services import answer_query, assign_query, close_query, open_query, reopen_query
from apps.capture.services.queries import DUE_DAYS
from apps.capture.thumbnails import thumbnail_of
from apps.capture.wording import range_in_words
from apps.casebook.record_fields import shown_value
from apps.casebook.record_names import path_of
from apps.casebook.record_page import address_of
from apps.casebook.record_review import RecordReview
from apps.casebook.selectors.queries import answering_roles
from apps.casebook.selectors.reader import Reader
from apps.casebook.views.record import ref_of
from apps.common.errors import DomainError, NotVisible
from apps.common.permissions import Role
from apps.review.models import MonitoringVisit
from apps.review.permissions import MONITOR_SITE
from apps.review.selectors.monitoring import recent_monitoring
from apps.review.services.monitoring import add_query_finding
from apps.studies.protocol import site_today
from apps.studies.wording import rule_words, said

WHOLE = "_form"  # the name of a panel about the whole form
STEPS = {"answer": answer_query, "close": close_query, "reopen": reopen_query}


@require_http_methods(["GET", "POST"])
def item(request, name: str, **where) -> HttpResponse:
    """The item's panel; POST asks a new query about it."""
    place = record_for(request.actor, ref_of(**where))
    error = None
    if request.method == "POST":
        if place.record is None:
            raise NotVisible
        oid, line_key = ("", "") if name == WHOLE else split(name)
        try:
            with transaction.atomic():
                ask(request, place, place.record, oid, line_key)
        except DomainError as refusal:
            error = refusal
    return panel(request, place, name, error)


def ask(request, place: RecordPlace, record: FormRecord, oid: str, line_key: str) -> None:
    """A query; of a monitoring visit, if one is named, it is a finding too."""
    text, due_on = request.POST.get("text", ""), day_of(request.POST.get("due_on", ""))
    visit = next((one for one in open_monitoring(place) if str(one.pk) == request.POST.get("monitoring")), None)
    if visit is not None:
        add_query_finding(
            request.actor, visit, record, item_oid=oid, line_key=line_key, text=text, due_on=due_on or due_day(place)
        )
        return
    open_query(
        request.actor,
        record,
        item_oid=oid,
        line_key=line_key,
        text=text,
        assigned_role=request.POST.get("assigned_role") or Role.COORDINATOR,
        due_on=due_on,
    )


def due_day(place: RecordPlace) -> date:
    return site_today(place.site) + timedelta(days=DUE_DAYS)


def open_monitoring(place: RecordPlace) -> list[MonitoringVisit]:
    """The newest monitoring visits of the site, for whoever records them."""
    return recent_monitoring(place.site) if place.may(MONITOR_SITE) else []


def panel(request, place: RecordPlace, name: str, error: DomainError | None = None) -> HttpResponse:
    oid, line_key = split(name)
    if oid == WHOLE:
        return form_panel(request, place, error)
    found = place.visible_items().get(oid)
    if found is None:
        raise NotVisible
    changes = history(place, path_of(name)) if place.record is not None else []
    protocol = place.protocol
    review = RecordReview(place, Reader(request.actor, place.roles, place.is_blinded))
    ref = RecordRef.at(place.study.slug, place.subject.number, place.form.oid, place.ref.visit_id, place.ref.repeat)
    context = {
        "item": found,
        "name": name,
        "label": said(found.definition.label),
        "queries": [one for one in queries_of(place) if (one.item_oid, one.line_key) == (oid, line_key)],
        "changes": [(one, shown_value(protocol, found, one.old), shown_value(protocol, found, one.new)) for one in changes],
        "item_marks": review.of_item(path_of(name)),
        "to_mark": review.to_mark(path_of(name)),
        "record": place.record,
        "checks": [
            (check.definition.severity, rule_words(check.rule, protocol))
            for check in found.checks
            if place.may_tell(check.rule)
        ],
        "ranges": ranges_of(found.definition),
        "shown_if": rule_words(found.show_if, protocol) if place.may_tell(found.show_if) else "",
        "computed_by": rule_words(found.compute, protocol) if place.may_tell(found.compute) else "",
        "roles": answering_roles(),
        "monitoring": open_monitoring(place),
        "error": error,
        "typed": request.POST.get("text", "") if error else "",
        "url": f"{address_of(ref)}item/{name}/",
        "slug": place.study.slug,
        "may_ask": place.may(OPEN_QUERY) and place.record is not None,
        "may_answer": place.may(ANSWER_QUERY),
        "may_close": place.may(CLOSE_QUERY),
    }
    return render(request, "casebook/record/_panel.html", context, status=422 if error else 200)


def ranges_of(definition) -> list[tuple[str, str]]:
    """(severity, words) of the limits that the item has."""
    limits = definition.range
    both = [("hard", limits.hard), ("soft", limits.soft)] if limits else []
    return [(severity, range_in_words(interval, definition.unit)) for severity, interval in both if interval]


def form_panel(request, place: RecordPlace, error: DomainError | None) -> HttpResponse:
    """Queries about the whole form, not about one of its items."""
    ref = RecordRef.at(place.study.slug, place.subject.number, place.form.oid, place.ref.visit_id, place.ref.repeat)
    context = {
        "name": WHOLE,
        "label": said(place.form.title),
        "queries": [one for one in queries_of(place) if not one.item_oid],
        "roles": answering_roles(),
        "monitoring": open_monitoring(place),
        "error": error,
        "typed": request.POST.get("text", "") if error else "",
        "url": f"{address_of(ref)}item/{WHOLE}/",
        "slug": place.study.slug,
        "may_ask": place.may(OPEN_QUERY) and place.record is not None,
        "may_answer": place.may(ANSWER_QUERY),
        "may_close": place.may(CLOSE_QUERY),
    }
    return render(request, "casebook/record/_form_panel.html", context, status=422 if error else 200)


def day_of(text: str) -> date | None:
    """A day as 2024-05-17; empty is none."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise DomainError(
            _("“%(text)s” is not a day; write for example 2024-05-17.") % {"text": text[:40]}, code="day", item="due_on"
        ) from None


@require_POST
def query_assign(request, slug: str, query_id: int) -> HttpResponse:
    """Another role is to answer, or by another day."""
    query, place = get_query_for(request.actor, query_id)
    if place.study.slug != slug:
        raise NotVisible
    error = None
    try:
        with transaction.atomic():
            assign_query(
                request.actor,
                query,
                assigned_role=request.POST.get("assigned_role", ""),
                due_on=day_of(request.POST.get("due_on", "")),
            )
    except DomainError as refusal:
        if not request.htmx:
            raise
        error = refusal
    return after(request, query, place, error)


def split(name: str) -> tuple[str, str]:
    """(item, line key) of an input's name."""
    parts = name.split(".")
    return parts[-1], parts[1] if len(parts) == 3 else ""


@require_POST
def query_step(request, slug: str, query_id: int, step: str) -> HttpResponse:
    """Answer, close or reopen; the panel again, or without script the form that it is about."""
    query, place = get_query_for(request.actor, query_id)
    if place.study.slug != slug or step not in STEPS:
        raise NotVisible
    error = None
    try:
        STEPS[step](request.actor, query, request.POST.get("text", ""))
    except DomainError as refusal:
        if not request.htmx:
            raise
        error = refusal
    return after(request, query, place, error)


def after(request, query: Query, place: RecordPlace, error: DomainError | None) -> HttpResponse:
    """The panel again; without script the form that the query is about."""
    if request.htmx:
        return panel(request, place, input_name(place, query), error)
    slug, ref = place.study.slug, place.ref
    return redirect(address_of(RecordRef.at(slug, place.subject.number, place.form.oid, ref.visit_id, ref.repeat)))


def input_name(place: RecordPlace, query: Query) -> str:
    if not query.line_key:
        return query.item_oid or WHOLE
    return f"{place.form.items[query.item_oid].group.oid}.{query.line_key}.{query.item_oid}"


@require_GET
def file(request, attachment_id, **where) -> FileResponse:
    """A file of the form, for whoever may read the form. Nothing in it runs: type by content, sandboxed, not sniffed."""
    found = attachment_for(record_for(request.actor, ref_of(**where)), attachment_id)
    response = FileResponse(
        default_storage.open(found.path),
        as_attachment=found.content_type not in SHOWN_INLINE,
        filename=found.name,
        content_type=found.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
def thumbnail(request, attachment_id, **where) -> FileResponse:
    """A small picture of an image, under the same check as the file itself; 404 for what is no image that can be drawn."""
    found = attachment_for(record_for(request.actor, ref_of(**where)), attachment_id)
    small = thumbnail_of(found)
    if small is None:
        raise NotVisible
    response = FileResponse(small, content_type="image/png")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=86400"
    return response
