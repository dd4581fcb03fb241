"""One form of one subject: read, typed into, evaluated, saved, completed; and the list of a log."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.capture.conflicts import is_new_line_taken, next_repeat
from apps.capture.double_entry import BlindEntry
from apps.capture.entering import Refused
from apps.capture.models import Draft
from apps.capture.places import RecordRef, load_place
from apps.capture.selectors import record_for
from apps.capture.services import (
    discard_draft,
    inactivate_record,
    keep_open,
    reactivate_record,
    record_not_done,
    save_draft,
    save_record,
    store_file,
    take_over,
)
from apps.capture.services.records import refuse_closed
from apps.casebook.record_badges import badges_of
from apps.casebook.record_merge import MergePage, take_theirs
from apps.casebook.record_names import LINE_KEY, typed_of, values_of
from apps.casebook.record_page import RecordPage, address_of
from apps.casebook.record_review import RecordReview
from apps.casebook.selectors.reader import Reader
from apps.casebook.views.acting import subject_context
from apps.common.errors import Conflict, DomainError

UPLOAD = ".upload"
LINES_AT_ONCE = 100  # empty lines in one answer


def ref_of(slug: str, number: str, form_oid: str, repeat: int, visit_id: int | None = None) -> RecordRef:
    return RecordRef.at(slug, number, form_oid, visit_id, repeat)


@require_http_methods(["GET", "POST"])
def form_page(request, **where) -> HttpResponse:
    """The form. A refused save shows the page again with everything that was typed."""
    ref = ref_of(**where)
    if request.method == "POST":
        return _save(request, ref)
    try:
        place = record_for(request.actor, ref)
    except BlindEntry:
        return redirect(f"{address_of(ref)}second/")
    page = RecordPage(place)
    if page.may_hold and request.method == "GET":
        page.holder = keep_open(request.actor, place)
    return show(request, page)


def show(request, page: RecordPage, status: int = 200) -> HttpResponse:
    page.is_line_offered = True
    reader = Reader(request.actor, page.place.roles, page.place.is_blinded)
    page.review = RecordReview(page.place, reader)
    page.badges = merged(badges_of(request.actor, page.place), page.review.badges())
    context = subject_context(request, page.place.subject, reader) | page.as_context()
    return render(request, "casebook/record/form.html", context, status=status)


def merged(*badges: Mapping[str, list]) -> dict[str, list]:
    """Path → the badges of all."""
    paths = dict.fromkeys(path for some in badges for path in some)
    return {path: [badge for some in badges for badge in some.get(path, [])] for path in paths}


def _save(request, ref: RecordRef) -> HttpResponse:
    typed = take_theirs(typed_of(request.POST), request.POST)
    revision = number_of(request.POST.get("revision"))
    is_complete = request.POST.get("action") == "complete"
    try:
        typed |= _uploaded(request, ref)
        record = save_record(
            request.actor, ref, values_of(typed), revision, reason=reason_of(request.POST), complete=is_complete
        )
    except Conflict as conflict:
        return _merge_or_next(request, ref, typed, revision, conflict)
    except DomainError as error:
        place = record_for(request.actor, ref)
        page = RecordPage(place, typed=typed, revision=revision, error=error)
        return show(request, page, status=422 if isinstance(error, Refused) else 409)
    is_done = record.status == record.Status.COMPLETE
    # the page says of which address it was: the browser then lets go of what it kept for it (form.js)
    messages.success(request, _("Complete.") if is_done else _("Saved."), extra_tags=request.path)
    return redirect(address_of(ref))


def _merge_or_next(request, ref: RecordRef, typed, revision: int, conflict: Conflict) -> HttpResponse:
    """Two new lines of one log are two lines; else the two versions of one form are shown to be merged."""
    place = record_for(request.actor, ref)
    if is_new_line_taken(place, revision):
        free = next_repeat(place.subject.pk, ref.form_oid)
        return _save(request, RecordRef.at(ref.slug, ref.number, ref.form_oid, None, free))
    page = MergePage(place, typed=typed, revision=place.revision, error=conflict)
    context = subject_context(request, place.subject) | page.as_context()
    return render(request, "casebook/record/merge.html", context, status=409)


def _uploaded(request, ref: RecordRef) -> dict[str, list[str]]:
    """Files that came with the form: each kept, its id typed into its item."""
    return {
        name.removesuffix(UPLOAD): [str(store_file(request.actor, ref, name.removesuffix(UPLOAD).split(".")[-1], one).pk)]
        for name in request.FILES
        if name.endswith(UPLOAD) and (one := request.FILES.get(name)) is not None
    }


def number_of(text: str | None) -> int:
    """A posted revision; what is no number is no revision that ever was, so it conflicts."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else -1


def reason_of(post) -> str:
    """The coded reason and its words; "other" by itself says nothing, so it is no reason."""
    coded, words = post.get("reason_code", "").strip(), post.get("reason", "").strip()
    if coded == _("Other") and not words:
        return ""
    return ": ".join(part for part in (coded, words) if part)


@require_POST
def evaluate(request, **where) -> HttpResponse:
    """What changes on the page by what is typed so far: only the items that differ from what the page shows."""
    place = record_for(request.actor, ref_of(**where))
    page = RecordPage(place, typed=typed_of(request.POST), revision=place.revision)
    return render(request, "casebook/record/_changes.html", {**page.as_context(), "changed": page.changed(request.POST)})


@require_POST
def draft(request, **where) -> HttpResponse:
    """Keep what is typed so far, or throw it away; by script and, for throwing away, by a plain form."""
    ref = ref_of(**where)
    if "discard" in request.POST:
        discard_draft(request.actor, ref)
        messages.info(request, _("What was not saved is thrown away."), extra_tags=address_of(ref))
        return redirect(address_of(ref))
    kept = save_draft(request.actor, ref, typed_of(request.POST), max(number_of(request.POST.get("revision")), 0))
    return JsonResponse({"at": kept_at(kept), "taken": taken_words(request, ref)})


def kept_at(kept: Draft) -> str:
    return kept.updated_at.astimezone(ZoneInfo(kept.subject.site.time_zone)).strftime("%H:%M:%S")


@require_POST
def ping(request, **where) -> JsonResponse:
    """A sign of life of the open page; it hears who took the form over."""
    return JsonResponse({"taken": taken_words(request, ref_of(**where))})


def taken_words(request, ref: RecordRef) -> str:
    """That somebody else has the form now, and since when; empty where nobody has."""
    place = load_place(request.actor, ref)
    holder = keep_open(request.actor, place)
    if holder is None:
        return ""
    return _("%(who)s has this form open since %(at)s. What you typed is kept as your draft.") % {
        "who": holder.name,
        "at": holder.since.astimezone(ZoneInfo(place.site.time_zone)).strftime("%H:%M"),
    }


@require_POST
def takeover(request, **where) -> HttpResponse:
    """Go on with a form that somebody else has open."""
    ref = ref_of(**where)
    take_over(request.actor, ref)
    return redirect(address_of(ref))


@require_POST
def not_done(request, **where) -> HttpResponse:
    ref = ref_of(**where)
    record_not_done(request.actor, ref, number_of(request.POST.get("revision")), reason=reason_of(request.POST))
    messages.success(request, _("Recorded as not done."))
    return redirect(address_of(ref))


@require_POST
def inactive(request, **where) -> HttpResponse:
    """Take the record out of the data, or back in."""
    ref = ref_of(**where)
    place = load_place(request.actor, ref)
    is_back = place.record is not None and place.record.inactive
    change = reactivate_record if is_back else inactivate_record
    change(request.actor, ref, number_of(request.POST.get("revision")), reason=reason_of(request.POST))
    messages.success(request, _("Taken back into the data.") if is_back else _("Taken out of the data."))
    return redirect(address_of(ref))


@require_POST
def new_lines(request, group: str, **where) -> HttpResponse:
    """Empty lines for a table of the form; they exist once saved with something in."""
    place = record_for(request.actor, ref_of(**where))
    response = show_new_lines(request, RecordPage(place, typed=typed_of(request.POST)), group)
    place.require(place.entry_right)
    refuse_closed(place)
    return response


def show_new_lines(request, page: RecordPage, group: str) -> HttpResponse:
    """One line, or as many as the address names keys. What is typed so far decides which of their cells are shown."""
    keys = [key for key in dict.fromkeys(request.GET.getlist("key")) if LINE_KEY.fullmatch(key)][:LINES_AT_ONCE]
    section, lines = page.new_lines(group, keys)
    return render(request, "casebook/record/_lines.html", {**page.as_context(), "section": section, "lines": lines})
