from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.audit.permissions import VIEW_AUDIT
from apps.capture.models import Query
from apps.capture.permissions import VIEW_RECORDS
from apps.casebook.selectors.queries import query_page
from apps.casebook.selectors.reader import reader_of
from apps.casebook.selectors.trail import AREAS, people_of, trail_of
from apps.studies.access import get_study_for, require, sites_visible_to


@require_safe
def queries(request, slug):
    """The queries of the study at the actor's sites."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_RECORDS, study_id=study.pk)
    page, rows = query_page(reader_of(request.actor, study), study, request.GET)
    context = {
        "study": study,
        "page": page,
        "rows": rows,
        "chosen": request.GET.get("status", "waiting"),
        "statuses": [("waiting", _("Waiting")), *Query.Status.choices],
        "sites": sites_visible_to(request.actor, study.pk),
    }
    return render(request, "casebook/queries.html", context)


@require_safe
def audit(request, slug):
    """Who did what, when, from what to what, and why."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_AUDIT, study_id=study.pk)
    reader = reader_of(request.actor, study)
    context = {
        "study": study,
        "page": trail_of(reader, study, request.GET),
        "areas": AREAS.items(),
        "people": people_of(reader, study),
    }
    return render(request, "casebook/audit.html", context)
