from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.casebook.forms import BookForm, CloseVisitForm, ReopenVisitForm, UnscheduledForm, VisitDateForm
from apps.casebook.views.acting import grid_context, subject_context
from apps.casebook.visit_review import visit_review
from apps.common.acting import carried_out
from apps.studies.access import require
from apps.studies.protocol import protocol_for_site, site_today
from apps.studies.wording import said
from apps.subjects.permissions import VIEW_SUBJECTS
from apps.subjects.selectors import get_subject_for
from apps.visits import services
from apps.visits.permissions import RECORD_VISIT
from apps.visits.planning import days_out, is_branch
from apps.visits.selectors import get_visit_for
from apps.visits.services import CLOSED

CLOSERS = {
    "missed": services.mark_missed,
    "skipped": services.mark_skipped,
    "not_applicable": services.mark_not_applicable,
}


@require_safe
def visit(request, slug, number, visit_id):
    """One visit: its dates and window, its forms, and what can be done with it."""
    subject = get_subject_for(request.actor, slug, number)
    require(request.actor, VIEW_SUBJECTS, study_id=subject.study_id, site_id=subject.site_id)
    return visit_page(request, subject, get_visit_for(request.actor, subject, visit_id))


def visit_page(request, subject, found, status=200, **forms):
    """``forms``: a form that was refused, with what was typed."""
    context = grid_context(request, subject)
    today = site_today(subject.site)
    context |= {
        "row": context["grid"].row_of(found.pk),
        "visit": found,
        "may_record": context["reader"].may(RECORD_VISIT),
        "is_closed": found.status in CLOSED,
        "booked_out": days_out(found.earliest, found.latest, found.booked_on) if found.booked_on else 0,
        "date_form": VisitDateForm(initial={"on": found.actual or today}, prefix="date"),
        "book_form": BookForm(initial={"on": found.booked_on or found.target}, prefix="book"),
        "close_form": CloseVisitForm(prefix="close"),
        "reopen_form": ReopenVisitForm(prefix="reopen"),
        "review": visit_review(context["reader"], found),
    } | forms
    return render(request, "casebook/visit.html", context, status=status)


@require_POST
def visit_date(request, slug, number, visit_id):
    """Say when the visit took place, or correct it."""
    form = VisitDateForm(request.POST, prefix="date")
    return _act(request, (slug, number, visit_id), "date_form", form, services.record_visit_date, _("The date is saved."))


@require_POST
def book_visit(request, slug, number, visit_id):
    """Agree a day."""
    form = BookForm(request.POST, prefix="book")
    return _act(request, (slug, number, visit_id), "book_form", form, services.book_visit, _("The booking is saved."))


@require_POST
def close_visit(request, slug, number, visit_id):
    """Missed, skipped or not applicable, and why."""
    form = CloseVisitForm(request.POST, prefix="close")

    def close(actor, visit, how, reason):
        return CLOSERS[how](actor, visit, reason=reason)

    return _act(request, (slug, number, visit_id), "close_form", form, close, _("The visit is closed, with its reason."))


@require_POST
def reopen_visit(request, slug, number, visit_id):
    """Planned again."""
    form = ReopenVisitForm(request.POST, prefix="reopen")
    return _act(request, (slug, number, visit_id), "reopen_form", form, services.reopen_visit, _("The visit is open again."))


def _act(request, place, name, form, service, done):
    """Fetch, try, and either return to the visit or show the form with what was typed."""
    slug, number, visit_id = place
    subject = get_subject_for(request.actor, slug, number)
    found = get_visit_for(request.actor, subject, visit_id)
    require(request.actor, RECORD_VISIT, study_id=subject.study_id, site_id=subject.site_id)
    if carried_out(form, lambda: service(request.actor, found, **form.cleaned_data)):
        messages.success(request, done)
        return redirect("casebook:visit", slug=slug, number=number, visit_id=visit_id)
    return visit_page(request, subject, found, status=409, **{name: form})


@require_http_methods(["GET", "HEAD", "POST"])
def unscheduled(request, slug, number):
    """A visit outside the schedule."""
    subject = get_subject_for(request.actor, slug, number)
    require(request.actor, RECORD_VISIT, study_id=subject.study_id, site_id=subject.site_id)
    today = site_today(subject.site)
    form = UnscheduledForm(request.POST or None, choices=unscheduled_choices(subject), initial={"on": today})
    made = []
    if request.method == "POST" and carried_out(
        form, lambda: made.append(services.add_unscheduled(request.actor, subject, **form.cleaned_data))
    ):
        return redirect("casebook:visit", slug=slug, number=number, visit_id=made[0].pk)
    return render(request, "casebook/unscheduled.html", subject_context(request, subject) | {"form": form})


def unscheduled_choices(subject) -> list[tuple[str, str]]:
    visits = protocol_for_site(subject.site).visits.values()
    return [(visit.code, said(visit.label)) for visit in visits if visit.kind != "scheduled" and not is_branch(visit)]
