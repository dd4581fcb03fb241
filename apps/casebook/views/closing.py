"""Close-out: what still stands before a subject or the study may be locked; waiving a line, and the lock itself."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.casebook.forms import WaiveForm
from apps.casebook.record_review import hold_steps
from apps.casebook.selectors.places import record_url
from apps.casebook.selectors.signatures import title_of
from apps.casebook.views.acting import subject_context
from apps.common.acting import carried_out
from apps.review.permissions import FREEZE, LOCK, VIEW_CLOSING, WAIVE
from apps.review.selectors.closing import Line, check_list, standing
from apps.review.services import waive_line
from apps.safety.closing import ungraded
from apps.studies.access import get_study_for, require, require_everywhere
from apps.studies.models import Study
from apps.subjects.models import Subject
from apps.subjects.selectors import get_subject_for

UNGRADED_SHOWN = 50


@dataclass(frozen=True)
class Work:
    """A line and where its work is done."""

    line: Line
    url: str


@require_http_methods(["GET", "HEAD", "POST"])
def subject(request, slug: str, number: str) -> HttpResponse:
    """The list of one subject."""
    found = get_subject_for(request.actor, slug, number)
    require(request.actor, VIEW_CLOSING, study_id=found.study_id, site_id=found.site_id)
    form = WaiveForm(request.POST or None)
    if request.method == "POST" and waived(request, form, found):
        return redirect("casebook:close_out", slug=slug, number=number)
    context = subject_context(request, found)
    reader = context["reader"]
    context |= close_out(found.study, found, form) | {
        "may_waive": reader.may(WAIVE),
        "steps": hold_steps(found.hold, may_freeze=reader.may(FREEZE), may_lock=reader.may(LOCK)),
        "url": reverse("casebook:subject", args=[slug, number]),
    }
    return render(request, "casebook/review/close_out.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def study(request, slug: str) -> HttpResponse:
    """The list of the whole study, for those who answer for all of it."""
    found = get_study_for(request.actor, slug)
    require_everywhere(request.actor, WAIVE, study_id=found.pk)
    form = WaiveForm(request.POST or None)
    if request.method == "POST" and waived(request, form, found):
        return redirect("casebook:study_close_out", slug=slug)
    context = {"study": found} | close_out(found, None, form) | {"may_waive": True}
    return render(request, "casebook/review/study_close_out.html", context, status=422 if form.errors else 200)


def waived(request, form: WaiveForm, scope: Study | Subject) -> bool:
    def waive():
        return waive_line(request.actor, scope, form.cleaned_data["line"], reason=form.cleaned_data["reason"])

    if not carried_out(form, waive):
        return False
    messages.success(request, _("The line may stand, with its reason."))
    return True


def close_out(study: Study, subject: Subject | None, form: WaiveForm) -> dict:
    scope = subject or study
    lines = check_list(scope)
    results = ungraded(study, Subject.objects.filter(pk=subject.pk) if subject else Subject.objects.filter(study=study))
    return {
        "form": form,
        "works": [Work(line, address_of_work(study, subject, line.code)) for line in lines],
        "stands": bool(standing(lines)),
        "results": [
            (grade, title_of(grade.record), record_url(grade.record.subject, grade.record))
            for grade in results[:UNGRADED_SHOWN]
        ],
    }


def address_of_work(study: Study, subject: Subject | None, code: str) -> str:
    """The page on which what stands in the line is settled."""
    if code == "ungraded":
        return "#ungraded"
    if code == "questions":
        return reverse("safety:flags", args=[study.slug]) + "?kind=protocol_question"
    if code == "unverified":
        return reverse("casebook:verification", args=[study.slug])
    if code == "entered_once":
        return reverse("casebook:second_entries", args=[study.slug])
    if code == "queries":
        return reverse("casebook:queries", args=[study.slug]) + (f"?subject={subject.number}" if subject else "")
    if subject is None:
        return reverse("casebook:matrix", args=[study.slug]) + f"?show={code}"
    name = "casebook:signatures" if code == "unsigned" else "casebook:subject"
    return reverse(name, args=[study.slug, subject.number])
