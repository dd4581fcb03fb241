"""How much waits in each room, counted only as far as the rail shows it (99+): the same cost at any size."""

from django.utils import timezone

from apps.capture.models import Query
from apps.safety.models import Flag
from apps.safety.selectors import flags_for
from apps.studies.access import is_blinded
from apps.visits.models import SubjectVisit

LIMIT = 100


def open_queries(actor, study, sites) -> int:
    waiting = Query.objects.filter(study=study, status=Query.Status.OPEN, subject__site__in=sites)
    return waiting.values("pk")[:LIMIT].count()


def open_flags(actor, study, sites) -> int:
    return flags_for(actor, study).filter(status=Flag.Status.OPEN).values("pk")[:LIMIT].count()


def overdue_visits(actor, study, sites) -> int:
    """Planned visits whose window closed before today (UTC) without a visit."""
    overdue = SubjectVisit.objects.filter(
        study=study,
        subject__site__in=sites,
        status=SubjectVisit.Status.PLANNED,
        actual=None,
        latest__lt=timezone.now().date(),
    )
    if is_blinded(actor, study):
        overdue = overdue.filter(audience="")
    return overdue.values("pk")[:LIMIT].count()
