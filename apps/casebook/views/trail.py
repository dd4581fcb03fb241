from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.audit.permissions import VIEW_AUDIT
from apps.casebook.selectors.reader import reader_of
from apps.casebook.selectors.trail import AREAS, people_of, trail_of
from apps.studies.access import get_study_for, require


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
