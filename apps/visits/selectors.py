"""Reads about visits: the access function, the order of a casebook, what comes next, how far out of its window."""

from collections.abc import Sequence
from datetime import date

from django.db.models import QuerySet

from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.studies.access import is_blinded
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit
from apps.visits.planning import days_out

WAITING = (SubjectVisit.Status.PLANNED, SubjectVisit.Status.IN_PROGRESS)


def visits_of(actor: Actor, subject: Subject) -> QuerySet[SubjectVisit]:
    """The subject's visits in order; visits of one arm are absent for whoever is blinded."""
    visits = SubjectVisit.objects.filter(subject=subject).order_by("position", "cycle", "occurrence", "id")
    if is_blinded(actor, subject.study, subject.site_id):
        visits = visits.filter(audience="")
    return visits


def get_visit_for(actor: Actor, subject: Subject, visit_id: int) -> SubjectVisit:
    """The visit of a subject that the actor already sees, or 404."""
    visit = visits_of(actor, subject).filter(pk=visit_id).first()
    if visit is None:
        raise NotVisible
    visit.subject = subject
    return visit


def next_visit(visits: Sequence[SubjectVisit]) -> SubjectVisit | None:
    """The first visit with a date that still waits."""
    waiting = [v for v in visits if v.status == SubjectVisit.Status.PLANNED and v.target and v.actual is None]
    return min(waiting, key=lambda v: (v.booked_on or v.target, v.position), default=None)


def is_overdue(visit: SubjectVisit, today: date) -> bool:
    """Planned, never dated, and the window has closed."""
    planned = visit.status == SubjectVisit.Status.PLANNED and visit.actual is None
    return planned and visit.latest is not None and visit.latest < today


def is_due(visit: SubjectVisit, today: date) -> bool:
    """Planned, and today lies within the window."""
    planned = visit.status == SubjectVisit.Status.PLANNED and visit.actual is None
    return bool(planned and visit.earliest and visit.latest and visit.earliest <= today <= visit.latest)


def days_out_of_window(visit: SubjectVisit) -> int:
    """Of the actual date; 0 within the window or without one."""
    return days_out(visit.earliest, visit.latest, visit.actual) if visit.actual else 0
