"""What people are reminded of: each kind finds what is due at a site on its day, in bounded memory. Reads only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet

from apps.capture.models import FormRecord, Query
from apps.studies.definition import ReminderRule
from apps.studies.models import Site
from apps.studies.protocol import Protocol
from apps.subjects.consent import Standing, consent_on, forms_of
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of_many
from apps.subjects.status import ACTIVE
from apps.visits.models import SubjectVisit

# a subject who left is reminded of no more
REMINDED = (Subject.Status.SCREENED, *sorted(ACTIVE))
STALE = timedelta(days=60)  # what is longer past is on the lists, not worth a first mail
CHUNK = 500


@dataclass(frozen=True)
class Due:
    """``occasion``: once a person is told of it, and once more when its day moves. ``since``: the first day it is due.

    ``hidden``: that it is there at all may tell the arm.
    """

    subject: Subject
    occasion: str
    day: date
    since: date
    hidden: bool = False


Finder = Callable[[Site, Protocol, ReminderRule, date], Iterator[Due]]


def visit_due(site: Site, _protocol: Protocol, rule: ReminderRule, today: date) -> Iterator[Due]:
    """A planned visit whose target is so many days ahead."""
    waiting = _planned(site).filter(target__gte=today, target__lte=today + timedelta(days=rule.days))
    for visit in _each(waiting):
        if visit.target is not None:
            yield _of(visit, visit.target, visit.target - timedelta(days=rule.days))


def window_closing(site: Site, _protocol: Protocol, rule: ReminderRule, today: date) -> Iterator[Due]:
    """A planned visit whose window ends in so many days."""
    waiting = _planned(site).filter(latest__gte=today, latest__lte=today + timedelta(days=rule.days))
    for visit in _each(waiting):
        if visit.latest is not None:
            yield _of(visit, visit.latest, visit.latest - timedelta(days=rule.days))


def visit_overdue(site: Site, _protocol: Protocol, rule: ReminderRule, today: date) -> Iterator[Due]:
    """A planned visit whose window ended more than so many days ago."""
    waiting = _planned(site).filter(latest__lt=today - timedelta(days=rule.days), latest__gte=today - STALE)
    for visit in _each(waiting):
        if visit.latest is not None:
            yield _of(visit, visit.latest, visit.latest + timedelta(days=rule.days + 1))


def form_incomplete(site: Site, protocol: Protocol, rule: ReminderRule, today: date) -> Iterator[Due]:
    """A visit that took place so many days ago and has a form that was begun and not completed."""
    hidden = protocol.hidden_from_blinded
    begun = FormRecord.objects.filter(
        subject__site=site,
        subject__status__in=REMINDED,
        status=FormRecord.Status.INCOMPLETE,
        inactive=False,
        visit__actual__lte=today - timedelta(days=rule.days),
        visit__actual__gte=today - STALE,
    )
    seen: dict[int, Due] = {}
    for record in begun.select_related("subject", "visit").order_by("pk").iterator(chunk_size=CHUNK):
        visit = record.visit
        if visit is None or visit.actual is None:
            continue
        is_hidden = bool(visit.audience) or record.form_oid in hidden
        if visit.pk not in seen or (seen[visit.pk].hidden and not is_hidden):
            since = visit.actual + timedelta(days=rule.days)
            seen[visit.pk] = Due(record.subject, f"{visit.pk}:{visit.actual}", visit.actual, since, is_hidden)
    yield from seen.values()


def query_unanswered(site: Site, protocol: Protocol, rule: ReminderRule, today: date) -> Iterator[Due]:
    """A query that has been open for so many days and waits for the rule's role."""
    hidden = protocol.hidden_from_blinded
    waiting = Query.objects.filter(
        subject__site=site,
        subject__status__in=REMINDED,
        status=Query.Status.OPEN,
        assigned_role=rule.role,
        opened_at__date__lte=today - timedelta(days=rule.days),
    )
    rows = waiting.select_related("subject", "record__visit").order_by("pk")
    for query in rows.iterator(chunk_size=CHUNK):
        visit = query.record.visit
        is_hidden = query.record.form_oid in hidden or query.item_oid in hidden or bool(visit and visit.audience)
        opened = query.opened_at.date()
        yield Due(query.subject, f"{query.pk}:{opened}", opened, opened + timedelta(days=rule.days), is_hidden)


def reconsent_due(site: Site, _protocol: Protocol, rule: ReminderRule, today: date) -> Iterator[Due]:
    """A subject who has not signed the version of the consent form that applies since so many days."""
    forms = forms_of(site.consent_forms)
    if not any(form.again for form in forms):
        return
    subjects = list(Subject.objects.filter(site=site, status__in=REMINDED).order_by("pk"))
    facts = milestones_of_many([subject.pk for subject in subjects])
    for subject in subjects:
        found = consent_on(today, facts[subject.pk], forms)
        if found.standing == Standing.OUTDATED and found.since is not None:
            since = found.since + timedelta(days=rule.days)
            if since <= today:
                yield Due(subject, f"{subject.pk}:{found.since}", found.since, since)


FINDERS: dict[str, Finder] = {
    "visit_due": visit_due,
    "window_closing": window_closing,
    "visit_overdue": visit_overdue,
    "form_incomplete": form_incomplete,
    "query_unanswered": query_unanswered,
    "reconsent_due": reconsent_due,
}


def _planned(site: Site) -> QuerySet[SubjectVisit]:
    return SubjectVisit.objects.filter(
        subject__site=site, subject__status__in=REMINDED, status=SubjectVisit.Status.PLANNED, actual=None
    )


def _each(visits: QuerySet[SubjectVisit]) -> Iterator[SubjectVisit]:
    return visits.select_related("subject").order_by("pk").iterator(chunk_size=CHUNK)


def _of(visit: SubjectVisit, day: date, since: date) -> Due:
    return Due(visit.subject, f"{visit.pk}:{day}", day, since, bool(visit.audience))
