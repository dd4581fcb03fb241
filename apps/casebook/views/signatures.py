"""Signing a form, a visit or the casebook, and the signatures of a subject with what happened to them since."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.forms import ConfirmIdentityForm
from apps.capture.models import FormRecord
from apps.capture.selectors import open_query_counts, record_for
from apps.casebook.selectors.signatures import BREAKERS, lines_to_sign, signature_lines
from apps.casebook.views.acting import subject_context
from apps.casebook.views.marks import saved, seen_of
from apps.casebook.views.record import ref_of
from apps.common.acting import carried_out
from apps.review.permissions import SIGN
from apps.review.selectors.signatures import Signable, level_of, meaning_of, records_to_sign, subject_of
from apps.review.services import sign_data
from apps.studies.access import require
from apps.subjects.permissions import VIEW_SUBJECTS
from apps.subjects.selectors import get_subject_for
from apps.visits.selectors import get_visit_for


@require_http_methods(["GET", "HEAD", "POST"])
def form(request, **where) -> HttpResponse:
    """Sign one form."""
    place = record_for(request.actor, ref_of(**where))
    return _sign(request, saved(place))


@require_http_methods(["GET", "HEAD", "POST"])
def visit(request, slug: str, number: str, visit_id: int) -> HttpResponse:
    """Sign the forms of a visit."""
    subject = get_subject_for(request.actor, slug, number)
    return _sign(request, get_visit_for(request.actor, subject, visit_id))


@require_http_methods(["GET", "HEAD", "POST"])
def casebook(request, slug: str, number: str) -> HttpResponse:
    """Sign the whole casebook."""
    return _sign(request, get_subject_for(request.actor, slug, number))


def _sign(request, target: Signable) -> HttpResponse:
    """What is signed, with which meaning, and what will break it; then password and code (21 CFR 11.200)."""
    subject = subject_of(target)
    require(request.actor, SIGN, study_id=subject.study_id, site_id=subject.site_id)
    form = ConfirmIdentityForm(request, request.POST or None)
    seen = seen_of(request.POST.get("seen", ""))
    if request.method == "POST" and carried_out(form, lambda: sign_data(request.actor, target, seen)):
        messages.success(request, _("Signed."))
        return redirect("casebook:signatures", slug=subject.study.slug, number=subject.number)
    records = records_to_sign(request.actor, target)
    context = subject_context(request, subject) | {
        "form": form,
        "level": level_of(target),
        "meaning": _(meaning_of(level_of(target))),
        "target": target,
        "lines": lines_to_sign(subject, records, open_query_counts([record.pk for record in records])),
        "unfinished": any(record.status == FormRecord.Status.INCOMPLETE for record in records),
        "seen": json.dumps({record.pk: record.revision for record in records}),
        "breakers": BREAKERS,
    }
    return render(request, "casebook/review/sign.html", context, status=422 if form.errors else 200)


@require_safe
def signatures(request, slug: str, number: str) -> HttpResponse:
    """Each signature as it is to be shown (21 CFR 11.50): printed name, time with its zone, meaning; and what changed."""
    subject = get_subject_for(request.actor, slug, number)
    require(request.actor, VIEW_SUBJECTS, study_id=subject.study_id, site_id=subject.site_id)
    context = subject_context(request, subject)
    context |= {"lines": signature_lines(context["reader"], subject), "may_sign": context["reader"].may(SIGN)}
    return render(request, "casebook/review/signatures.html", context)
