"""The casebook matrix: subjects down, visits across, one state in each cell, in a constant number of statements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.capture.models import FormRecord, Query
from apps.capture.selectors import visible_queries
from apps.casebook.selectors.grid import hold_above, reviewed_of, visit_label, visit_state
from apps.casebook.selectors.lists import SIZE, clean
from apps.casebook.selectors.places import subject_url
from apps.casebook.selectors.reader import Reader, behind
from apps.casebook.selectors.waiting_subjects import SHOWN
from apps.common.pages import Page, keyset_page
from apps.common.text import day_in_words
from apps.studies.models import Study
from apps.studies.protocol import Protocol, get_protocol
from apps.subjects.models import Subject
from apps.subjects.selectors import due_day
from apps.visits.models import SubjectVisit

Column = tuple[int, int, str]  # place in the protocol, course, code


@dataclass(frozen=True)
class Cell:
    """``state`` is "" where the subject has no such visit."""

    state: str = ""
    url: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Row:
    subject: Subject
    url: str
    cells: list[Cell]
    unscheduled: list[Cell]


@dataclass(frozen=True)
class Matrix:
    page: Page
    labels: list[dict[str, str]]
    rows: list[Row]
    has_unscheduled: bool


def matrix_of(reader: Reader, study: Study, params: Mapping[str, str]) -> Matrix:
    """A constant number of statements at any size: a page of subjects, their visits with the counts of their records and
    queries, and what of them is verified and signed. ``show`` keeps the subjects with something to do of that kind."""
    subjects = Subject.objects.visible_to(reader.actor).filter(study=study).select_related("site", "study")
    if params.get("site"):
        subjects = subjects.filter(site__code=clean(params["site"]))
    if statuses := behind(reader, params.get("status", "")):
        subjects = subjects.filter(status__in=statuses)
    if params.get("show") in SHOWN:
        subjects = SHOWN[params["show"]](reader, study, subjects)
    page = keyset_page(subjects, params, size=SIZE, key="number")
    protocol = get_protocol(study.version_id)
    visits = list(counted_visits(reader, study, protocol, [subject.pk for subject in page.rows]))
    columns = {_column(protocol, visit): visit_label(protocol, visit) for visit in visits if _is_planned(protocol, visit)}
    order = sorted(columns)
    by_subject: dict[int, list[SubjectVisit]] = {}
    for visit in visits:
        by_subject.setdefault(visit.subject_id, []).append(visit)
    reviewed = _reviewed_visits(reader, study, [subject.pk for subject in page.rows])
    rows = [_row(reader, protocol, s, by_subject.get(s.pk, []), order, reviewed, due_day(s)) for s in page.rows]
    return Matrix(page, [columns[column] for column in order], rows, any(row.unscheduled for row in rows))


def counted_visits(reader: Reader, study: Study, protocol: Protocol, subject_ids: list[int]) -> QuerySet[SubjectVisit]:
    """Visits with ``finished`` and ``started`` (forms) and ``queries`` (not closed), blinded ones left out."""
    visits = SubjectVisit.objects.filter(subject_id__in=subject_ids).order_by("subject_id", "position", "occurrence", "id")
    counted = Q(records__inactive=False)
    if reader.blinded:
        visits = visits.filter(audience="")
        counted &= ~Q(records__form_oid__in=[form.oid for form in protocol.forms.values() if form.blinded])
    return visits.annotate(
        started=Count("records__form_oid", filter=counted, distinct=True),
        unfinished=Count("records", filter=counted & Q(records__status=FormRecord.Status.INCOMPLETE)),
        queries=_open_queries(reader, study),
    )


def _open_queries(reader: Reader, study: Study) -> Any:
    seen = visible_queries(reader.actor, study, is_blinded=reader.blinded).select_related(None)
    waiting = seen.exclude(status=Query.Status.CLOSED).filter(record__visit=OuterRef("pk"))
    number = waiting.order_by().values("record__visit").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)


def _is_planned(protocol: Protocol, visit: SubjectVisit) -> bool:
    definition = protocol.visits.get(visit.code)
    return definition is not None and definition.kind == "scheduled"


def _column(protocol: Protocol, visit: SubjectVisit) -> Column:
    """Courses one after the other, and within each the protocol's order."""
    return visit.position, visit.cycle * 100 + visit.occurrence, visit.code


ReviewedVisits = dict[int, list[str]]  # visit → of each of its records: signed, verified or complete


def _reviewed_visits(reader: Reader, study: Study, subject_ids: list[int]) -> ReviewedVisits:
    reviewed = reviewed_of(reader, study, subject_ids)
    states: ReviewedVisits = {}
    if not reviewed.verified and not reviewed.signed:
        return states
    rows = FormRecord.objects.filter(subject__in=subject_ids, inactive=False, status=FormRecord.Status.COMPLETE)
    for pk, visit_id in rows.exclude(visit=None).values_list("pk", "visit_id"):
        state = "signed" if pk in reviewed.signed else "verified" if pk in reviewed.verified else "complete"
        states.setdefault(visit_id, []).append(state)
    return states


def _row(
    reader: Reader,
    protocol: Protocol,
    subject: Subject,
    visits: list[SubjectVisit],
    order: list[Column],
    reviewed: ReviewedVisits,
    today: date | None,
) -> Row:
    planned = {_column(protocol, visit): visit for visit in visits if _is_planned(protocol, visit)}

    def cell(visit: SubjectVisit) -> Cell:
        return _cell(reader, protocol, subject, visit, reviewed.get(visit.pk, []), today)

    cells = [cell(planned[column]) if column in planned else Cell() for column in order]
    extra = [cell(visit) for visit in visits if not _is_planned(protocol, visit)]
    return Row(subject, subject_url(subject), cells, extra)


def _cell(reader: Reader, protocol: Protocol, subject: Subject, visit: Any, reviewed: list[str], today: date | None) -> Cell:
    asked = [oid for oid in protocol.forms_at(visit.code) if not (reader.blinded and protocol.forms[oid].blinded)]
    finished = visit.started >= len(asked) and not visit.unfinished
    states = ["queried"] if visit.queries else []
    if visit.started:
        states += (reviewed or ["complete"]) if finished else ["in_progress"]
    return Cell(
        state=visit_state(visit, states, hold_above(subject), today),
        url=subject_url(subject, "casebook:visit", visit_id=visit.pk),
        detail=_detail(visit, len(asked)),
    )


def _detail(visit: Any, forms: int) -> str:
    """``2024-05-17, 2/5, 1 ?``: the day (actual, booked or planned), forms begun, open queries."""
    day = visit.actual or visit.booked_on or visit.target
    parts = [day_in_words(day) if day else "", f"{visit.started}/{forms}" if forms else ""]
    return ", ".join(part for part in [*parts, f"{visit.queries} ?" if visit.queries else ""] if part)
