"""Freeze, lock and release a form, a visit, a subject, each from its own page."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.capture.selectors import record_for
from apps.casebook.record_page import address_of
from apps.casebook.views.marks import saved
from apps.casebook.views.record import ref_of
from apps.common.errors import NotVisible
from apps.review.selectors.holds import Held
from apps.review.services import freeze, lock, release
from apps.subjects.selectors import get_subject_for
from apps.visits.selectors import get_visit_for

STEPS: dict[str, Callable] = {"freeze": freeze, "lock": lock, "release": release}


@require_POST
def form(request, **where) -> HttpResponse:
    ref = ref_of(**where)
    carry_out(request, saved(record_for(request.actor, ref)))
    return redirect(address_of(ref))


@require_POST
def visit(request, slug: str, number: str, visit_id: int) -> HttpResponse:
    subject = get_subject_for(request.actor, slug, number)
    carry_out(request, get_visit_for(request.actor, subject, visit_id))
    return redirect("casebook:visit", slug=slug, number=number, visit_id=visit_id)


@require_POST
def subject(request, slug: str, number: str) -> HttpResponse:
    carry_out(request, get_subject_for(request.actor, slug, number))
    return redirect("casebook:close_out", slug=slug, number=number)


def carry_out(request, held: Held) -> None:
    step = STEPS.get(request.POST.get("step", ""))
    if step is None:
        raise NotVisible
    step(request.actor, held, reason=request.POST.get("reason", ""))
    messages.success(request, _("Done: %(what)s.") % {"what": held})
