"""A subject's arm: randomizing, what was wrong with it, and learning it in an emergency."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.casebook.forms import MisrandomizationForm, UnblindForm
from apps.casebook.selectors.eligibility import shown
from apps.casebook.views.acting import subject_context
from apps.common.acting import carried_out, refusal_of
from apps.common.text import reader_language
from apps.enrolment.selectors import assess_now, confirmed_assessment
from apps.randomization.permissions import RANDOMIZE, RECORD_MISRANDOMIZATION, UNBLIND
from apps.randomization.selectors import (
    allocated_values,
    disclosed_arm,
    is_allocated,
    misrandomizations_of,
    needs_randomization,
    stratum_of,
    unblindings_of,
    visible_allocation,
)
from apps.randomization.services import randomize_subject, record_misrandomization, unblind_subject
from apps.studies.access import require
from apps.studies.definition import SITE_STRATUM
from apps.studies.protocol import Protocol, protocol_for_site
from apps.studies.wording import said
from apps.subjects.models import Subject
from apps.subjects.permissions import VIEW_SUBJECTS
from apps.subjects.selectors import get_subject_for, milestones_of


@require_http_methods(["GET", "HEAD", "POST"])
def randomize(request, slug, number):
    """Look once more, then randomize (or assign the only arm)."""
    subject = get_subject_for(request.actor, slug, number)
    require(request.actor, RANDOMIZE, study_id=subject.study_id, site_id=subject.site_id)
    refusal = None
    if request.method == "POST" and not is_allocated(subject):
        refusal = refusal_of(lambda: randomize_subject(request.actor, subject))
        if refusal is None:
            messages.success(request, allocation_message(request.actor, subject))
            return redirect("casebook:subject", slug=slug, number=number)
    if is_allocated(subject):  # a second click, a second tab, also while the first was under way: the first one's result
        messages.info(request, _("%(number)s was allocated already.") % {"number": number})
        return redirect("casebook:subject", slug=slug, number=number)
    context = randomize_context(request, subject) | {"refusal": refusal}
    return render(request, "casebook/randomize.html", context, status=409 if refusal else 200)


def allocation_message(actor, subject: Subject) -> str:
    """The arm for those who may know it, the fact for the others."""
    arm = visible_allocation(actor, subject)
    words = {"number": subject.number, "arm": said(arm.label) if arm else ""}
    return _("%(number)s is allocated: %(arm)s.") % words if arm else _("%(number)s is allocated.") % words


def randomize_context(request, subject: Subject):
    protocol = protocol_for_site(subject.site)
    stratum = stratum_of(subject, protocol)
    labels = protocol.labels(reader_language()) | {SITE_STRATUM: _("Site")}
    return subject_context(request, subject) | {
        "is_random": needs_randomization(protocol),
        "confirmed": confirmed_assessment(subject),
        "found": assess_now(subject, protocol),
        "strata": [(labels[oid], _code_shown(protocol, oid, code)) for oid, code in stratum.values.items()],
        "missing": [labels[oid] for oid in stratum.missing],
    }


def _code_shown(protocol: Protocol, oid: str, code: str) -> str:
    """The code itself for the site, and for an item that a later version no longer has."""
    return shown(protocol, protocol.items[oid], code) if oid in protocol.items else code


@require_safe
def allocation(request, slug, number) -> HttpResponse:
    """The arm for those who may know it, and what happened to the allocation since."""
    subject = get_subject_for(request.actor, slug, number)
    require(request.actor, VIEW_SUBJECTS, study_id=subject.study_id, site_id=subject.site_id)
    return _show(request, subject)


@require_POST
def misrandomization(request, slug, number) -> HttpResponse:
    """Say what was wrong with the allocation."""
    subject = get_subject_for(request.actor, slug, number)
    require(request.actor, RECORD_MISRANDOMIZATION, study_id=subject.study_id, site_id=subject.site_id)
    form = MisrandomizationForm(request.POST, prefix="mistake")
    if carried_out(form, lambda: record_misrandomization(request.actor, subject, **form.cleaned_data)):
        messages.success(request, _("It is recorded, and reported as a deviation."))
        return redirect("casebook:allocation", slug=slug, number=number)
    return _show(request, subject, mistake_form=form)


@require_POST
def unblind(request, slug, number) -> HttpResponse:
    """Learn the arm in an emergency: password and code first, then category and reason (ICH E6(R3) 4.1.4)."""
    subject = get_subject_for(request.actor, slug, number)
    require(request.actor, UNBLIND, study_id=subject.study_id, site_id=subject.site_id)
    form = UnblindForm(request, request.POST, prefix="unblind")
    typed = ("category", "reason")
    if carried_out(
        form, lambda: unblind_subject(request.actor, subject, **{name: form.cleaned_data[name] for name in typed})
    ):
        return redirect("casebook:allocation", slug=slug, number=number)
    return _show(request, subject, unblind_form=form)


def _show(request, subject: Subject, *, mistake_form=None, unblind_form=None) -> HttpResponse:
    """A form that was refused comes back with what was typed."""
    base = subject_context(request, subject)
    reader = base["reader"]
    allocated = is_allocated(subject)
    disclosed = disclosed_arm(request.actor, subject)
    may_record = allocated and reader.may(RECORD_MISRANDOMIZATION)
    context = base | {
        "allocated": allocated,
        "randomized_on": milestones_of(subject).first("randomization"),
        "arm": visible_allocation(request.actor, subject) or disclosed,
        "disclosed": disclosed,
        "mistakes": misrandomizations_of(subject),
        "unblindings": unblindings_of(request.actor, subject),
        "mistake_form": mistake_form or MisrandomizationForm(prefix="mistake"),
        "unblind_form": unblind_form or UnblindForm(request, prefix="unblind"),
        "may_record": may_record,
        "moved": moved_strata(subject) if may_record else [],
        "may_unblind": allocated and not reader.sees_arms and disclosed is None and reader.may(UNBLIND),
        "error": mistake_form or unblind_form,
    }
    response = render(request, "casebook/allocation.html", context, status=422 if context["error"] else 200)
    response["Cache-Control"] = "private, no-store"
    return response


def moved_strata(subject: Subject) -> list[tuple[str, str, str]]:
    """(item, what it was at the allocation, what it is now) where the data were changed since."""
    protocol = protocol_for_site(subject.site)
    then, now = allocated_values(subject), stratum_of(subject, protocol).values
    labels = protocol.labels(reader_language()) | {SITE_STRATUM: _("Site")}
    return [
        (labels.get(oid, oid), _code_shown(protocol, oid, code), _code_shown(protocol, oid, now[oid]) if oid in now else "–")
        for oid, code in then.items()
        if now.get(oid) != code
    ]
