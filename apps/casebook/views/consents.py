"""Consent forms of the sites with their validity, and for whom a consent is due."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.casebook.forms import ConsentVersionForm
from apps.casebook.selectors.consents import due_list, versions_of
from apps.common.acting import carried_out, refusal_of
from apps.common.errors import NotVisible
from apps.studies.access import get_study_for, may, require, sites_visible_to
from apps.studies.models import ConsentVersion
from apps.studies.permissions import MANAGE_CONSENT_VERSIONS
from apps.studies.services import add_consent_version, withdraw_consent_version
from apps.subjects.permissions import VIEW_SUBJECTS


@require_http_methods(["GET", "HEAD", "POST"])
def consents(request, slug: str) -> HttpResponse:
    """What is in force where, and what is due; who may, enters a version."""
    study = get_study_for(request.actor, slug)
    right = MANAGE_CONSENT_VERSIONS if request.method == "POST" else VIEW_SUBJECTS
    require(request.actor, right, study_id=study.pk)
    form = ConsentVersionForm(request.POST or None, sites=sites_visible_to(request.actor, study.pk))
    if request.method == "POST" and carried_out(form, lambda: add_consent_version(request.actor, **form.cleaned_data)):
        messages.success(request, _("The version is entered."))
        return redirect("casebook:consents", slug=slug)
    context = {
        "study": study,
        "form": form,
        "versions": versions_of(request.actor, study),
        "due": due_list(request.actor, study),
        "may_manage": may(request.actor, MANAGE_CONSENT_VERSIONS, study_id=study.pk),
    }
    return render(request, "casebook/consents.html", context, status=422 if form.errors else 200)


@require_POST
def withdraw(request, slug: str, pk: int) -> HttpResponse:
    """A version that was entered by mistake."""
    study = get_study_for(request.actor, slug)
    require(request.actor, MANAGE_CONSENT_VERSIONS, study_id=study.pk)
    sites = sites_visible_to(request.actor, study.pk)
    version = ConsentVersion.objects.filter(pk=pk, site__in=sites).select_related("site").first()
    if version is None:
        raise NotVisible
    refused = refusal_of(
        lambda: withdraw_consent_version(request.actor, version, reason=request.POST.get("reason", "")[:2000])
    )
    if refused is not None:
        messages.error(request, str(refused))
    return redirect("casebook:consents", slug=slug)
