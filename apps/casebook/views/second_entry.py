"""Double data entry: the second entry of a form, where two entries differ, and the list of what waits."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.capture.double_entry import FIRST, SECOND, second_of, unsettled
from apps.capture.entering import Refused
from apps.capture.models import FormRecord, SecondEntry
from apps.capture.permissions import ADJUDICATE, SECOND_ENTRY, VIEW_RECORDS
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.services import decide_differences, discard_draft, save_draft, save_second_entry
from apps.casebook.record_fields import shown_value
from apps.casebook.record_names import typed_of, values_of
from apps.casebook.record_page import address_of
from apps.casebook.second_page import SecondPage, second_page
from apps.casebook.selectors.places import record_url
from apps.casebook.selectors.signatures import title_of
from apps.casebook.views.acting import subject_context
from apps.casebook.views.record import kept_at, number_of, reason_of, ref_of, show_new_lines
from apps.common.errors import DomainError, NotVisible
from apps.common.pages import Page
from apps.studies.access import get_study_for, is_blinded, require
from apps.studies.wording import said
from apps.subjects.models import Subject

SIZE = 50
CHOICE = "choice."  # the inputs of decisions: this and the difference's path


@require_http_methods(["GET", "HEAD", "POST"])
def second(request, **where) -> HttpResponse:
    """The form, entered again by another person."""
    ref = ref_of(**where)
    place = readable(request, ref, SECOND_ENTRY)
    if request.method != "POST":
        return _show(request, second_page(place))
    typed = typed_of(request.POST)
    revision = number_of(request.POST.get("revision"))
    is_complete = request.POST.get("action") == "complete"
    try:
        made = save_second_entry(request.actor, ref, values_of(typed), revision, complete=is_complete)
    except DomainError as error:
        revision = error.details["revision"] if error.code == "stale" else revision
        page = second_page(place, typed=typed, revision=revision, error=error)
        return _show(request, page, status=422 if isinstance(error, Refused) else 409)
    messages.success(request, _said_of(made), extra_tags=request.path)
    return redirect(address_of(ref) if made.completed_at else f"{address_of(ref)}second/")


def _said_of(made: SecondEntry) -> str:
    if made.completed_at is None:
        return _("Saved.")
    if made.is_settled:
        return _("The second entry says the same as the first.")
    return _("The second entry is complete. A data manager decides where the two differ.")


def readable(request, ref: RecordRef, right, table: str = "") -> RecordPlace:
    """The place of a form that is entered twice, for whoever holds the right; nothing of the first entry is shown by it."""
    place = load_place(request.actor, ref)
    place.require(VIEW_RECORDS)
    tables = [group.oid for group in place.form.definition.groups if group.repeating]
    if not place.form.definition.double_entry or (table and table not in tables):
        raise NotVisible
    place.require(right)
    return place


def _show(request, page: SecondPage, status: int = 200) -> HttpResponse:
    page.is_line_offered = True
    context = subject_context(request, page.place.subject) | page.as_context()
    return render(request, "casebook/record/second.html", context, status=status)


@require_POST
def evaluate(request, **where) -> HttpResponse:
    """What changes on the page by what is typed so far."""
    page = second_page(readable(request, ref_of(**where), SECOND_ENTRY), typed=typed_of(request.POST))
    return render(request, "casebook/record/_changes.html", {**page.as_context(), "changed": page.changed(request.POST)})


@require_POST
def draft(request, **where) -> HttpResponse:
    """Keep what is typed so far, or throw it away."""
    ref = ref_of(**where)
    readable(request, ref, SECOND_ENTRY)
    address = f"{address_of(ref)}second/"
    if "discard" in request.POST:
        discard_draft(request.actor, ref, second=True)
        messages.info(request, _("What was not saved is thrown away."), extra_tags=address)
        return redirect(address)
    revision = max(number_of(request.POST.get("revision")), 0)
    kept = save_draft(request.actor, ref, typed_of(request.POST), revision, second=True)
    return JsonResponse({"at": kept_at(kept), "taken": ""})


@require_POST
def new_lines(request, group: str, **where) -> HttpResponse:
    place = readable(request, ref_of(**where), SECOND_ENTRY, group)
    return show_new_lines(request, second_page(place, typed=typed_of(request.POST)), group)


# -- where two entries differ


@dataclass(frozen=True)
class DifferenceRow:
    """``now``: what the record says, where it changed since the two were compared."""

    path: str
    label: str
    first: str
    second: str
    now: str = ""
    decided: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        return CHOICE + self.path


@require_http_methods(["GET", "HEAD", "POST"])
def differences(request, **where) -> HttpResponse:
    """Each difference side by side, to be decided by a third person with one reason."""
    ref = ref_of(**where)
    place = readable(request, ref, ADJUDICATE)
    found = second_of(place)
    if found is None or found.completed_at is None:
        raise DomainError(_("The form was not entered a second time yet."), code="not_yet")
    error = None
    if request.method == "POST":
        choices = {
            name.removeprefix(CHOICE): choice for name, choice in request.POST.items() if name.startswith(CHOICE) and choice
        }
        try:
            decide_differences(request.actor, ref, choices, reason=reason_of(request.POST))
        except DomainError as refusal:
            error = refusal
        else:
            messages.success(request, _("Decided."))
            return redirect(f"{address_of(ref)}differences/")
    rows = [_row(place, found, one) for one in found.differences if not one["item"] or one["item"] in place.visible_items()]
    context = subject_context(request, place.subject) | {
        "place": place,
        "second": found,
        "title": said(place.form.title),
        "url": address_of(ref),
        "rows": rows,
        "is_open": any(row.decided is None for row in rows),
        "choices": ((FIRST, _("First entry")), (SECOND, _("Second entry"))),
        "chosen": request.POST,
        "reason": request.POST.get("reason", ""),
        "error": error,
    }
    return render(request, "casebook/record/differences.html", context, status=409 if error else 200)


def _row(place: RecordPlace, found: SecondEntry, one: dict[str, Any]) -> DifferenceRow:
    decided = found.decided.get(one["path"])
    if not one["item"]:
        group = next(group for group in place.form.definition.groups if group.oid == one["group"])
        label = f"{said(group.title)} · {_line_words(one)}"
        there, absent = _("The line is there"), _("No such line")
        return DifferenceRow(
            one["path"],
            label,
            there if one["first_key"] else absent,
            there if one["second_key"] else absent,
            decided=decided,
        )
    item = place.form.items[one["item"]]
    label = said(item.definition.label)
    if one["group"]:
        label = f"{said(item.group.title)} · {_line_words(one)} · {label}"
    now = _now(place, one)
    return DifferenceRow(
        one["path"],
        label,
        shown_value(place.protocol, item, one["first"]) or "–",
        shown_value(place.protocol, item, one["second"]) or "–",
        now=(shown_value(place.protocol, item, now) or "–") if now != one["first"] and decided is None else "",
        decided=decided,
    )


def _line_words(one: dict[str, Any]) -> str:
    return _("line %(number)s") % {"number": one["path"].split("/")[1]}


def _now(place: RecordPlace, one: dict[str, Any]) -> Any:
    if not one["group"]:
        return place.data.get(one["item"])
    lines = place.data.get(one["group"]) or []
    return next((line.get(one["item"]) for line in lines if line["_key"] == one["first_key"]), None)


# -- the list


@dataclass(frozen=True)
class WaitingRow:
    record: FormRecord
    title: str
    url: str
    second: SecondEntry | None

    @property
    def is_to_decide(self) -> bool:
        return self.second is not None and self.second.completed_at is not None


@require_safe
def second_entries(request, slug: str) -> HttpResponse:
    """Forms that wait for their second entry, or for a decision. A constant number of statements."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_RECORDS, study_id=study.pk)
    rows = unsettled(study, Subject.objects.visible_to(request.actor).filter(study=study))
    if is_blinded(request.actor, study):
        rows = rows.without_blinded(study)
    rows = rows.select_related("subject__study", "subject__site", "visit", "second_entry").order_by("pk")
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 18:
        rows = rows.filter(pk__gt=int(after))
    found = list(rows[: SIZE + 1])
    shown = [
        WaitingRow(record, title_of(record), record_url(record.subject, record), getattr(record, "second_entry", None))
        for record in found[:SIZE]
    ]
    context = {
        "study": study,
        "rows": shown,
        "page": Page([], str(found[SIZE - 1].pk) if len(found) > SIZE else "", not after),
    }
    return render(request, "casebook/review/second_entries.html", context)
