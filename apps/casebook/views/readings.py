"""The masked assessor's pages: a work list of codes, and one reading with its images and the form that scores them."""

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.capture.entering import Refused
from apps.capture.files import SHOWN_INLINE
from apps.capture.models import FormRecord
from apps.capture.permissions import SCORE_READING
from apps.capture.places import RecordRef
from apps.capture.services import save_record
from apps.casebook.forms import ScoreForm
from apps.common.acting import refusal_of
from apps.common.errors import NotVisible
from apps.common.pages import keyset_page
from apps.review.models import Reading
from apps.review.selectors.readings import get_reading_for, images_of, readings_for
from apps.studies.access import get_study_for, require
from apps.studies.models import Study
from apps.studies.protocol import protocol_for_site


@require_safe
def readings(request, slug: str) -> HttpResponse:
    """Codes in their own order, with what is done."""
    study = _entered(request, slug)
    page = keyset_page(readings_for(request.actor, study), request.GET, key="code")
    return render(request, "casebook/readings.html", {"study": study, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def reading(request, slug: str, code: str) -> HttpResponse:
    """The images, and the form. Nothing here says whose they are, or of which visit."""
    study = _entered(request, slug)
    found = get_reading_for(request.actor, study, code)
    protocol = protocol_for_site(found.subject.site)
    plan = protocol.definition.reading
    if plan is None:
        raise NotVisible
    record = FormRecord.objects.filter(visit=found.visit, form_oid=plan.score).first()
    sent = (request.POST,) if request.method == "POST" else ()
    form = ScoreForm(*sent, protocol=protocol, form_oid=plan.score, record=record)
    if request.method == "POST" and form.is_valid():
        _score(request, found, form, plan.score)
        if not form.errors:
            messages.success(request, _("%(code)s is scored.") % {"code": code})
            return redirect("casebook:readings", slug=slug)
    context = {
        "study": study,
        "code": found.code,
        "form": form,
        "images": images_of(found),
        "title": protocol.forms[plan.score].title,
        "is_scored": record is not None and record.status == FormRecord.Status.COMPLETE,
    }
    response = render(request, "casebook/reading.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "private, no-store"
    return response


def _score(request, found: Reading, form: ScoreForm, score: str) -> None:
    """Through the one write path; a refusal stands at its item."""
    ref = RecordRef(found.subject_id, score, found.visit_id)
    values = {oid: form.cleaned_data[oid] for oid in form.oids}
    reason = form.cleaned_data["reason"]
    refused = refusal_of(
        lambda: save_record(request.actor, ref, values, form.cleaned_data["revision"], reason=reason, complete=True)
    )
    if isinstance(refused, Refused):
        for problem in refused.problems:
            form.add_error(problem.item_oid if problem.item_oid in form.fields else None, problem.message)
    elif refused is not None:
        form.add_error(
            refused.item if refused.item in form.fields else None, str(refused).replace(found.subject.number, "…")
        )


@require_safe
def image(request, slug: str, code: str, number: int) -> FileResponse:
    """One image, under a name of its own."""
    study = _entered(request, slug)
    images = images_of(get_reading_for(request.actor, study, code))
    if not 1 <= number <= len(images):
        raise NotVisible
    one = images[number - 1]
    kind = one.attachment.content_type
    response = FileResponse(
        default_storage.open(one.attachment.path),
        as_attachment=kind not in SHOWN_INLINE,
        filename=f"{one.name}.{kind.rpartition('/')[2]}",
        content_type=kind,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _entered(request, slug: str) -> Study:
    study = get_study_for(request.actor, slug)
    require(request.actor, SCORE_READING, study_id=study.pk)
    return study
