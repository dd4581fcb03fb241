from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.capture.permissions import VIEW_RECORDS
from apps.casebook.selectors.matrix import matrix_of
from apps.casebook.selectors.reader import reader_of, statuses_for
from apps.casebook.selectors.waiting_subjects import LABELS
from apps.studies.access import get_study_for, require, sites_visible_to


@require_safe
def matrix(request, slug):
    """Subjects down, visits across, one sign a cell."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_RECORDS, study_id=study.pk)
    reader = reader_of(request.actor, study)
    context = {
        "study": study,
        "matrix": matrix_of(reader, study, request.GET),
        "statuses": statuses_for(reader),
        "sites": sites_visible_to(request.actor, study.pk),
        "shows": LABELS.items(),
    }
    return render(request, "casebook/matrix.html", context)
