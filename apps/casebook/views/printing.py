"""Printouts: asked for, watched, downloaded; and worksheets, which hold no data and come at once."""

import io

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.capture.permissions import VIEW_RECORDS
from apps.casebook import services
from apps.casebook.forms import PrintForm
from apps.casebook.models import Printout
from apps.casebook.permissions import PRINT
from apps.casebook.printing.crf import Worksheet
from apps.casebook.selectors.grid import visit_label
from apps.common import pdf
from apps.common.acting import carried_out
from apps.common.errors import NotVisible
from apps.common.pages import keyset_page
from apps.common.text import day_in_words, in_language
from apps.studies.access import get_study_for, is_blinded, require, sites_visible_to
from apps.studies.protocol import protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import get_subject_for
from apps.visits.models import SubjectVisit
from apps.visits.selectors import get_visit_for


@require_http_methods(["GET", "HEAD", "POST"])
def printouts(request, slug: str) -> HttpResponse:
    """Ask for one, and those asked for before."""
    study = get_study_for(request.actor, slug)
    require(request.actor, PRINT, study_id=study.pk)
    sites = list(sites_visible_to(request.actor, study.pk))
    first = {"kind": "casebook", "language": translation.get_language(), "subject": request.GET.get("subject", "")[:40]}
    form = PrintForm(request.POST or None, sites=sites, actor=request.actor, study=study, initial=first)

    def ask():
        chosen = form.cleaned_data
        services.request_printout(
            request.actor,
            study,
            kind=chosen["kind"],
            language=chosen["language"],
            site=chosen["site"],
            subject=chosen["subject"],
        )

    if request.method == "POST" and carried_out(form, ask):
        return redirect("casebook:printouts", slug=slug)
    mine = Printout.objects.filter(study=study, requested_by_id=request.actor.user_id).select_related("site", "subject")
    context = {"study": study, "form": form, "page": keyset_page(mine, request.GET, size=20)}
    return render(request, "casebook/printouts.html", context, status=422 if form.errors else 200)


@require_safe
def progress(request, slug: str, pk: int) -> HttpResponse:
    """One printout's row, asked for again by the page until it is done."""
    study = get_study_for(request.actor, slug)
    return render(request, "casebook/_printout.html", {"study": study, "printout": _mine(request, study, pk)})


@require_POST
def download(request, slug: str, pk: int) -> HttpResponseBase:
    study = get_study_for(request.actor, slug)
    printout = _mine(request, study, pk)
    path = services.record_download(request.actor, printout)
    name = f"{study.slug}-{printout.subject.number if printout.subject else printout.kind}.{printout.ending}"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)


def _mine(request, study, pk: int) -> Printout:
    """A person sees the printouts they asked for themselves: another's may hold other sites or the arm."""
    found = Printout.objects.filter(study=study, requested_by_id=request.actor.user_id, pk=pk)
    printout = found.select_related("study", "site", "subject").first()
    if printout is None:
        raise NotVisible
    return printout


# -- worksheets


@require_safe
def visit_worksheet(request, slug: str, number: str, visit_id: int) -> HttpResponse:
    """The forms of a visit, empty, with its subject and day on top."""
    subject = get_subject_for(request.actor, slug, number)
    visit = get_visit_for(request.actor, subject, visit_id)
    return _worksheet(request, subject, protocol_for_site(subject.site).forms_at(visit.code), visit)


@require_safe
def log_worksheet(request, slug: str, number: str, form_oid: str) -> HttpResponse:
    """A form of a log, empty."""
    subject = get_subject_for(request.actor, slug, number)
    if form_oid not in protocol_for_site(subject.site).log_forms:
        raise NotVisible
    return _worksheet(request, subject, [form_oid])


def _worksheet(request, subject: Subject, oids: list[str], visit: SubjectVisit | None = None) -> HttpResponse:
    require(request.actor, VIEW_RECORDS, study_id=subject.study_id, site_id=subject.site_id)
    protocol = protocol_for_site(subject.site)
    blinded = is_blinded(request.actor, subject.study, subject.site_id)
    hidden = protocol.hidden_from_blinded if blinded else frozenset()
    forms = [protocol.forms[oid] for oid in oids if oid not in hidden]
    if not forms:
        raise NotVisible
    with translation.override(_language(request)):
        facts = [
            (_("Study"), in_language(subject.study.title)),
            (_("Site"), str(subject.site)),
            (_("Subject"), subject.number),
        ]
        if visit is not None:
            window = (
                f" ({day_in_words(visit.earliest)} – {day_in_words(visit.latest)})"
                if visit.earliest and visit.latest
                else ""
            )
            facts.append((_("Visit"), in_language(visit_label(protocol, visit)) + window))
        facts.append((_("Took place"), ""))
        file = io.BytesIO()
        head = f"{subject.study.slug} · {subject.number}"
        printer = pdf.Printout(file, _("Worksheet"), head, request.actor.name)
        printer.write(Worksheet(protocol, forms, facts, hidden)).close()
    response = HttpResponse(file.getvalue(), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{subject.number}-worksheet.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _language(request) -> str:
    asked = request.GET.get("language", "")
    return asked if asked in services.LANGUAGES else translation.get_language()
