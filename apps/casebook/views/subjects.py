from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.casebook.corrections import carry_out, corrections_of
from apps.casebook.forms import CorrectForm, DepartForm, ScreenForm
from apps.casebook.permissions import PRINT
from apps.casebook.selectors.consents import due_of
from apps.casebook.selectors.facts import departure_of, milestone_lines
from apps.casebook.selectors.lists import clean, subject_page
from apps.casebook.selectors.reader import behind, reader_of, statuses_for
from apps.casebook.selectors.steps import next_step
from apps.casebook.views.acting import grid_context, subject_context
from apps.common.acting import carried_out
from apps.enrolment.permissions import DEPART_SUBJECT
from apps.enrolment.services import depart as depart_subject
from apps.enrolment.services import screen as screen_subject
from apps.review.permissions import VIEW_CLOSING, VIEW_DEVIATIONS
from apps.studies.access import get_study_for, held_memberships, require, sites_visible_to
from apps.studies.models import Site
from apps.studies.protocol import get_protocol, site_today
from apps.subjects.models import Subject
from apps.subjects.permissions import SCREEN_SUBJECT, TRANSFER_SUBJECT, VIEW_SUBJECTS
from apps.subjects.selectors import (
    enrolment_counts,
    ever_enrolled,
    get_subject_for,
    keeps_identities,
    milestones_of,
    newest_transfer,
    transfers_from,
)
from apps.visits.permissions import RECORD_VISIT


@require_safe
def subjects(request, slug):
    """The subjects of the sites that the person sees, with what waits for each."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_SUBJECTS, study_id=study.pk)
    reader = reader_of(request.actor, study)
    page, rows = subject_page(reader, study, request.GET)
    if len(rows) == 1 and rows[0].subject.number == clean(request.GET.get("q", "")):
        return redirect("casebook:subject", slug=study.slug, number=rows[0].subject.number)
    context = {
        "study": study,
        "page": page,
        "rows": rows,
        "statuses": statuses_for(reader),
        "sites": sites_visible_to(request.actor, study.pk),
        "shows_arms": reader.sees_arms and study.version and len(get_protocol(study.version_id).arms) > 1,
        "may_screen": reader.may(SCREEN_SUBJECT),
        "identity_sites": identity_sites(request.actor, study),
        "has_transfers": reader.may(PRINT) and transfers_from(request.actor, study).exists(),
    }
    return render(request, "casebook/subjects.html", context)


def identity_sites(actor, study) -> list:
    """The sites whose identification list the person keeps."""
    if study.version is None or not get_protocol(study.version_id).definition.identification_list:
        return []
    kept = [held.site_id or 0 for held in held_memberships(actor) if held.study_id == study.pk and keeps_identities(held)]
    return list(Site.objects.filter(pk__in=kept))


@require_http_methods(["GET", "HEAD", "POST"])
def screen(request, slug):
    """A new subject in screening."""
    study = get_study_for(request.actor, slug)
    require(request.actor, SCREEN_SUBJECT, study_id=study.pk)
    sites = sites_visible_to(request.actor, study.pk)
    first = sites.first()
    form = ScreenForm(request.POST or None, sites=sites, initial={"screened_on": site_today(first) if first else None})
    made = []

    def act():
        typed = form.cleaned_data
        made.append(screen_subject(request.actor, typed["site"], typed["screened_on"], previous=typed["previous"] or None))

    if request.method == "POST" and carried_out(form, act):
        messages.success(request, _("%(number)s is in screening.") % {"number": made[0].number})
        return redirect("casebook:subject", slug=study.slug, number=made[0].number)
    return render(request, "casebook/screen.html", {"study": study, "form": form})


@require_safe
def subject(request, slug, number):
    """One subject: what to do next, its visits and forms, its logs and dated facts."""
    found = get_subject_for(request.actor, slug, number)
    require(request.actor, VIEW_SUBJECTS, study_id=found.study_id, site_id=found.site_id)
    context = grid_context(request, found)
    reader, facts = context["reader"], milestones_of(found)
    context |= {
        "step": next_step(reader, found, context["grid"], facts, context["header"].allocated),
        "milestones": milestone_lines(reader, found, facts),
        "departure": departure_of(reader, found),
        "consents_due": due_of(context["grid"].protocol, found, facts, context["grid"].birth, site_today(found.site)),
        "may_correct": reader.may(DEPART_SUBJECT),
        "may_depart": reader.may(DEPART_SUBJECT),
        "transfer": newest_transfer(found),
        "may_transfer": reader.may(TRANSFER_SUBJECT),
        "may_report": reader.may(VIEW_DEVIATIONS),
        "may_print": reader.may(PRINT),
        "may_close": reader.may(VIEW_CLOSING),
        "may_record": reader.may(RECORD_VISIT),
    }
    return render(request, "casebook/subject.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def depart(request, slug, number):
    """Screening failure, withdrawal, loss, death, end of treatment, completion."""
    found = get_subject_for(request.actor, slug, number)
    require(request.actor, DEPART_SUBJECT, study_id=found.study_id, site_id=found.site_id)
    form = DepartForm(request.POST or None, subject=found, initial={"on": site_today(found.site)})
    if request.method == "POST" and carried_out(form, lambda: depart_subject(request.actor, found, **form.cleaned_data)):
        messages.success(request, _("Recorded. What was collected stays."))
        return redirect("casebook:subject", slug=slug, number=number)
    return render(request, "casebook/depart.html", subject_context(request, found) | {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request, slug, number):
    """A day of a milestone was wrong, or a step should not have been taken."""
    found = get_subject_for(request.actor, slug, number)
    require(request.actor, DEPART_SUBJECT, study_id=found.study_id, site_id=found.site_id)
    form = CorrectForm(request.POST or None, choices=corrections_of(found))

    def act():
        typed = form.cleaned_data
        carry_out(request.actor, found, typed["what"], typed["on"], typed["reason"])

    if request.method == "POST" and carried_out(form, act):
        messages.success(request, _("Corrected. What was recorded before stays in the audit trail."))
        return redirect("casebook:subject", slug=slug, number=number)
    context = subject_context(request, found) | {"form": form}
    return render(request, "casebook/correct.html", context, status=422 if form.errors else 200)


@require_safe
def enrolment_count(request, slug):
    """A fragment of the study page: how many subjects are in which status, against the target."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_SUBJECTS, study_id=study.pk)
    counts = enrolment_counts(request.actor, study)
    target = get_protocol(study.version_id).definition.target if study.version_id else None
    reader = reader_of(request.actor, study)
    shown = [(label, sum(counts.get(s, 0) for s in behind(reader, status))) for status, label in statuses_for(reader)]
    context = {
        "study": study,
        "target": target,
        "total": sum(counts.values()),
        "enrolled": ever_enrolled(Subject.objects.visible_to(request.actor).filter(study=study)).count(),
        "counts": [(label, number) for label, number in shown if number],
    }
    return render(request, "casebook/_enrolment_count.html", context)
