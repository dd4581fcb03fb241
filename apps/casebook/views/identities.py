"""The site's identification list: who its subjects are, for the site's own people alone."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.casebook.forms import IdentityForm
from apps.common.acting import carried_out
from apps.common.errors import NotVisible
from apps.studies.access import get_study_for, sites_visible_to
from apps.subjects.selectors import get_subject_for, require_at_site
from apps.subjects.services.identities import record_identity, view_identities


@require_GET
def identities(request, slug: str, site_code: str) -> HttpResponse:
    """All subjects of the site. Each look is recorded, so it is asked for on purpose."""
    study = get_study_for(request.actor, slug)
    site = sites_visible_to(request.actor, study.pk).filter(code=site_code).first()
    if site is None:
        raise NotVisible
    rows = view_identities(request.actor, site)
    return _private(render(request, "casebook/identities.html", {"study": study, "site": site, "rows": rows}))


@require_http_methods(["GET", "POST"])
def identity(request, slug: str, number: str) -> HttpResponse:
    """One subject's entry."""
    subject = get_subject_for(request.actor, slug, number)
    require_at_site(request.actor, subject.site)
    if request.method == "POST":
        form = IdentityForm(request.POST)
        if carried_out(form, lambda: record_identity(request.actor, subject, form.cleaned_data)):
            messages.success(request, _("The entry is kept."))
            return redirect("casebook:identities", slug=slug, site_code=subject.site.code)
    else:
        ((_subject, values),) = view_identities(request.actor, subject.site, subject)
        form = IdentityForm(initial=values)
    context = {"study": subject.study, "subject_number": subject.number, "site": subject.site, "form": form}
    return _private(render(request, "casebook/identity.html", context, status=422 if form.errors else 200))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response
