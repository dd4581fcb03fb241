"""A subject that goes on at another site; and what its former site keeps."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.casebook.forms import TransferForm
from apps.casebook.permissions import PRINT
from apps.casebook.services import request_printout
from apps.casebook.views.acting import subject_context
from apps.common.acting import carried_out
from apps.common.errors import NotVisible
from apps.common.pages import keyset_page
from apps.studies.access import get_study_for, require, require_everywhere
from apps.studies.protocol import site_today
from apps.subjects.permissions import TRANSFER_SUBJECT
from apps.subjects.selectors import get_subject_for, transfers_from
from apps.subjects.services import transfer_subject


@require_http_methods(["GET", "HEAD", "POST"])
def transfer(request, slug: str, number: str) -> HttpResponse:
    """To which site, from when, and why."""
    subject = get_subject_for(request.actor, slug, number)
    require_everywhere(request.actor, TRANSFER_SUBJECT, study_id=subject.study_id)
    form = TransferForm(request.POST or None, subject=subject, initial={"on": site_today(subject.site)})

    def act() -> None:
        chosen = form.cleaned_data
        transfer_subject(request.actor, subject, chosen["site"], chosen["on"], reason=chosen["reason"])

    if request.method == "POST" and carried_out(form, act):
        messages.success(request, _("%(number)s goes on at the new site.") % {"number": number})
        return redirect("casebook:subject", slug=slug, number=number)
    context = subject_context(request, subject) | {"form": form}
    return render(request, "casebook/transfer.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def transferred(request, slug: str) -> HttpResponse:
    """Subjects that left one's site. POST asks for the part of the casebook that is the former site's."""
    study = get_study_for(request.actor, slug)
    require(request.actor, PRINT, study_id=study.pk)
    found = transfers_from(request.actor, study)
    if request.method == "POST":
        pk = request.POST.get("transfer", "")
        one = found.filter(pk=pk).first() if pk.isascii() and pk.isdigit() and len(pk) < 18 else None
        if one is None:
            raise NotVisible
        language = translation.get_language() or "en"
        request_printout(request.actor, study, kind="casebook", language=language, site=one.from_site, subject=one.subject)
        return redirect("casebook:printouts", slug=slug)
    return render(request, "casebook/transferred.html", {"study": study, "page": keyset_page(found, request.GET)})
