from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.casebook.forms import SignEligibilityForm
from apps.casebook.selectors.eligibility import lines_of, raised_questions
from apps.casebook.selectors.reader import reader_of
from apps.casebook.views.acting import subject_context
from apps.common.acting import carried_out, refusal_of
from apps.enrolment.assessing import CriterionResult
from apps.enrolment.models import Verdict
from apps.enrolment.permissions import CONFIRM_ELIGIBILITY, ENROL_SUBJECT
from apps.enrolment.selectors import assess_now, confirmed_assessment, room_for
from apps.enrolment.services import confirm_eligibility
from apps.randomization.services import admit_subject
from apps.studies.access import require
from apps.studies.protocol import protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.permissions import VIEW_SUBJECTS
from apps.subjects.selectors import get_subject_for, milestones_of


@require_http_methods(["GET", "HEAD", "POST"])
def eligibility(request, slug, number):
    """Each criterion with its verdict and values; an investigator confirms with a signature."""
    subject = get_subject_for(request.actor, slug, number)
    right = CONFIRM_ELIGIBILITY if request.method == "POST" else VIEW_SUBJECTS
    require(request.actor, right, study_id=subject.study_id, site_id=subject.site_id)
    form = SignEligibilityForm(request, request.POST or None, waivable=waivable(subject))
    if request.method == "POST" and carried_out(
        form, lambda: confirm_eligibility(request.actor, subject, form.cleaned_data["note"], waived=form.waived)
    ):
        messages.success(request, _("Eligibility is confirmed and signed."))
        return redirect("casebook:subject", slug=slug, number=number)
    return render(request, "casebook/eligibility.html", eligibility_context(request, subject, form))


def waivable(subject: Subject) -> list[CriterionResult]:
    """What an investigator may let pass with a reason: nothing where the protocol allows no waivers."""
    protocol = protocol_for_site(subject.site)
    if not protocol.definition.eligibility_waivers:
        return []
    return [result for result in assess_now(subject, protocol).without(Verdict.MET) if result.question is None]


def eligibility_context(request, subject: Subject, form):
    reader = reader_of(request.actor, subject.study, subject.site_id)
    protocol = protocol_for_site(subject.site)
    found = assess_now(subject, protocol)
    is_open = subject.status in (Subject.Status.SCREENED, Subject.Status.ENROLLED)
    return subject_context(request, subject, reader) | {
        "form": form,
        "found": found,
        "lines": lines_of(reader, protocol, found),
        "questions": raised_questions(protocol, found),
        "confirmed": confirmed_assessment(subject),
        "is_open": is_open,
        "may_confirm": is_open and reader.may(CONFIRM_ELIGIBILITY),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request, slug, number):
    """Enrol the subject; a study with one arm assigns it at once."""
    subject = get_subject_for(request.actor, slug, number)
    require(request.actor, ENROL_SUBJECT, study_id=subject.study_id, site_id=subject.site_id)
    refusal = None
    if request.method == "POST":
        refusal = refusal_of(lambda: admit_subject(request.actor, subject))
        if refusal is None:
            messages.success(request, _("%(number)s is enrolled.") % {"number": number})
            return redirect("casebook:subject", slug=slug, number=number)
    context = subject_context(request, subject) | {
        "refusal": refusal,
        "consent": milestones_of(subject).first("consent"),
        "confirmed": confirmed_assessment(subject),
        "found": assess_now(subject),
        "room": room_for(subject.study, subject.site),
    }
    return render(request, "casebook/enrol.html", context, status=409 if refusal else 200)
