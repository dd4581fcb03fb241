"""Reviewers mark: an item from its panel, a form, a visit."""

import json

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from apps.capture.models import FormRecord
from apps.capture.places import RecordPlace
from apps.capture.selectors import record_for
from apps.casebook.record_names import path_of
from apps.casebook.record_page import address_of
from apps.casebook.views.items import panel
from apps.casebook.views.record import number_of, ref_of
from apps.common.errors import DomainError, NotVisible
from apps.review.services import mark_record, mark_visit, withdraw_marks
from apps.subjects.selectors import get_subject_for
from apps.visits.selectors import get_visit_for


@require_POST
def form(request, kind: str, **where) -> HttpResponse:
    """Everything on the form that may be marked."""
    ref = ref_of(**where)
    place = record_for(request.actor, ref)
    with transaction.atomic():
        marks = mark_record(request.actor, saved(place), number_of(request.POST.get("revision")), kind=kind)
    say_marked(request, len(marks))
    return redirect(address_of(ref))


@require_POST
def item(request, kind: str, name: str, **where) -> HttpResponse:
    """One item: marked as the page showed it, or the mark taken back with why. The panel again, or the form."""
    ref = ref_of(**where)
    place = record_for(request.actor, ref)
    error = None
    try:
        with transaction.atomic():
            _mark_item(request, place, kind, path_of(name))
    except DomainError as refusal:
        if not request.htmx:
            raise
        error = refusal
    return panel(request, record_for(request.actor, ref), name, error) if request.htmx else redirect(address_of(ref))


def _mark_item(request, place: RecordPlace, kind: str, path: str) -> None:
    record = saved(place)
    if "withdraw" in request.POST:
        withdraw_marks(request.actor, record, kind=kind, paths=[path], reason=request.POST.get("reason", ""))
    else:
        mark_record(request.actor, record, number_of(request.POST.get("revision")), kind=kind, paths=[path])


@require_POST
def visit(request, slug: str, number: str, visit_id: int, kind: str) -> HttpResponse:
    """Everything at the visit that may be marked; ``seen``: what the page showed, record → revision."""
    subject = get_subject_for(request.actor, slug, number)
    found = get_visit_for(request.actor, subject, visit_id)
    with transaction.atomic():
        marks = mark_visit(request.actor, found, seen_of(request.POST.get("seen", "")), kind=kind)
    say_marked(request, len(marks))
    return redirect("casebook:visit", slug=slug, number=number, visit_id=visit_id)


def saved(place: RecordPlace) -> FormRecord:
    if place.record is None:
        raise NotVisible
    return place.record


def seen_of(text: str) -> dict[int, int]:
    """Record id → revision, as a page wrote it; what is no such thing is nothing that ever was."""
    try:
        return {int(pk): int(revision) for pk, revision in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def say_marked(request, number: int) -> None:
    if number:
        messages.success(request, ngettext("%(n)s item is marked.", "%(n)s items are marked.", number) % {"n": number})
    else:
        messages.info(request, _("Everything was marked already."))
