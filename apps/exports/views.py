from django.contrib.auth.decorators import login_required
from django.http import FileResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.pages import keyset_page
from apps.exports import selectors, services
from apps.exports.forms import ExportForm
from apps.exports.permissions import EXPORT_DATA
from apps.studies.access import get_study_for, is_blinded, require
from apps.studies.models import Site


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request, slug):
    """Ask for an export, and the exports asked for before."""
    study = get_study_for(request.actor, slug)
    require(request.actor, EXPORT_DATA, study_id=study.pk)
    sites = list(Site.objects.visible_to(request.actor).filter(study=study))
    form = ExportForm(request.POST or None, sites=sites, initial={"status": "all"})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        services.request_export(request.actor, study, status=chosen["status"], site_codes=chosen["sites"])
        return redirect("exports:list", slug=study.slug)
    context = {
        "study": study,
        "form": form,
        "page": keyset_page(selectors.exports_for(request.actor, study), request.GET, size=20),
        "blinded": is_blinded(request.actor, study),
    }
    return render(request, "exports/list.html", context)


@login_required
@require_safe
def progress(request, slug, pk):
    """One export's row, asked for again by the page until it is done."""
    study = get_study_for(request.actor, slug)
    export = selectors.get_export_for(request.actor, study, pk)
    return render(request, "exports/_row.html", {"study": study, "export": export})


@login_required
@require_POST
def download(request, slug, pk):
    """Hand out the file. A download is recorded, so it is a POST."""
    study = get_study_for(request.actor, slug)
    export = selectors.get_export_for(request.actor, study, pk)
    path = services.record_download(request.actor, export)
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"{study.slug}-{export.pk}.zip")
