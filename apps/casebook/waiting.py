"""How much waits in each room, counted only as far as the rail shows it (99+): the same cost at any size."""

from django.utils import timezone

from apps.capture.models import Query
from apps.capture.selectors import visible_queries
from apps.safety.models import Flag
from apps.visits.models import SubjectVisit

LIMIT = 100


def open_queries(actor, study, sites, blinded) -> int:
    waiting = visible_queries(actor, study, is_blinded=blinded).filter(status=Query.Status.OPEN)
    return waiting.order_by().values("pk")[:LIMIT].count()


def open_flags(actor, study, sites, blinded) -> int:
    waiting = Flag.objects.filter(study=study, subject__site__in=sites, status=Flag.Status.OPEN)
    if blinded:
        waiting = waiting.filter(audience="")
    return waiting.values("pk")[:LIMIT].count()


def overdue_visits(actor, study, sites, blinded) -> int:
    """Planned visits whose window closed before today (UTC) without a visit."""
    overdue = SubjectVisit.objects.filter(
        study=study,
        subject__site__in=sites,
        status=SubjectVisit.Status.PLANNED,
        actual=None,
        latest__lt=timezone.now().date(),
    )
    if blinded:
        overdue = overdue.filter(audience="")
    return overdue.values("pk")[:LIMIT].count()
