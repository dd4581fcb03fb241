"""The site's calendar: which visits fall on which day, by what happened, what is booked, else what is planned."""

from calendar import Calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from apps.casebook.selectors.grid import visit_label
from apps.casebook.selectors.places import subject_url
from apps.casebook.selectors.reader import Reader
from apps.common.dates import add_months
from apps.studies.models import Study
from apps.studies.protocol import Protocol
from apps.subjects.models import Subject
from apps.subjects.status import LEFT
from apps.visits.models import SubjectVisit
from apps.visits.selectors import is_due, is_overdue

VIEWS = ("month", "week", "day")
AT_MOST = 2000  # visits of one page
CLOSED = (SubjectVisit.Status.MISSED, SubjectVisit.Status.SKIPPED, SubjectVisit.Status.NOT_APPLICABLE)


@dataclass(frozen=True)
class Entry:
    """``kind``: took_place, booked or planned; ``state``: as the casebook's glyphs."""

    visit: SubjectVisit
    label: dict[str, str]
    url: str
    kind: str
    state: str


@dataclass(frozen=True)
class Day:
    on: date
    is_other: bool  # of the month before or after
    is_today: bool
    entries: list[Entry]


@dataclass(frozen=True)
class Span:
    """What is shown: whole weeks from Monday on, and where the pages before and after begin."""

    view: str
    on: date
    weeks: list[list[date]]
    before: date
    after: date

    @property
    def first(self) -> date:
        return self.weeks[0][0]

    @property
    def last(self) -> date:
        return self.weeks[-1][-1]


def span_of(view: str, on: date) -> Span:
    if view == "day":
        return Span(view, on, [[on]], on - timedelta(days=1), on + timedelta(days=1))
    if view == "week":
        monday = on - timedelta(days=on.weekday())
        week = [monday + timedelta(days=n) for n in range(7)]
        return Span(view, on, [week], monday - timedelta(days=7), monday + timedelta(days=7))
    first = on.replace(day=1)
    return Span("month", on, Calendar().monthdatescalendar(on.year, on.month), add_months(first, -1), add_months(first, 1))


def days_of(reader: Reader, study: Study, protocol: Protocol, span: Span, today: date, site_code: str) -> list[list[Day]]:
    """Two statements at any size. A visit that is closed, or of a subject who left, is on no day unless it took place."""
    entries: dict[date, list[Entry]] = defaultdict(list)
    for visit in _visits(reader, study, span, site_code):
        on = visit.shown_on  # type: ignore[attr-defined]  # annotated below
        entries[on].append(_entry(protocol, visit, today))
    return [
        [Day(on, span.view == "month" and on.month != span.on.month, on == today, entries[on]) for on in week]
        for week in span.weeks
    ]


def _visits(reader: Reader, study: Study, span: Span, site_code: str) -> list[SubjectVisit]:
    subjects = Subject.objects.visible_to(reader.actor).filter(study=study)
    if site_code:
        subjects = subjects.filter(site__code=site_code)
    visits = SubjectVisit.objects.filter(subject__in=subjects).annotate(shown_on=Coalesce("actual", "booked_on", "target"))
    if reader.blinded:
        visits = visits.filter(audience="")
    planned = ~Q(status__in=CLOSED) & ~Q(subject__status__in=LEFT)
    shown = visits.filter(shown_on__range=(span.first, span.last)).filter(Q(actual__isnull=False) | planned)
    return list(shown.select_related("subject__site", "subject__study").order_by(F("shown_on"), "subject__number")[:AT_MOST])


def _entry(protocol: Protocol, visit: SubjectVisit, today: date) -> Entry:
    if visit.actual is not None:
        kind, state = "took_place", "complete" if visit.status == SubjectVisit.Status.DONE else "in_progress"
    else:
        kind = "booked" if visit.booked_on is not None else "planned"
        state = "overdue" if is_overdue(visit, today) else "due" if is_due(visit, today) else "empty"
    url = subject_url(visit.subject, "casebook:visit", visit_id=visit.pk)
    return Entry(visit, visit_label(protocol, visit), url, kind, state)
