"""One subject's casebook: its visits down, their forms across, one state in each cell; and its logs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import F

from apps.capture.late import days_late
from apps.capture.models import FormRecord, Query
from apps.capture.selectors import visible_queries
from apps.capture.status import status_of
from apps.casebook.selectors.places import form_url, subject_url
from apps.casebook.selectors.reader import Reader
from apps.review.selectors.marks import verified_sql
from apps.review.selectors.signatures import COVERED_OF_SUBJECTS
from apps.rules import Kind, PartialDate, typed
from apps.studies.models import Hold, Study
from apps.studies.protocol import CompiledForm, Protocol, protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import due_day
from apps.visits.models import SubjectVisit
from apps.visits.selectors import days_out_of_window, visits_of


@dataclass(frozen=True)
class Cell:
    """``form`` is None where the visit does not have the column's form."""

    form: Any
    state: str = ""
    url: str = ""
    queries: int = 0
    is_finished: bool = False
    late: int = 0  # days after the visit, where its entry was late


@dataclass(frozen=True)
class Row:
    visit: SubjectVisit
    label: Any
    state: str
    url: str
    cells: list[Cell]
    days_out: int

    @property
    def filled(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.form is not None]


@dataclass(frozen=True)
class Log:
    form: Any
    url: str
    new_url: str
    lines: int
    queries: int


@dataclass(frozen=True)
class Grid:
    forms: list[Any]
    rows: list[Row]
    logs: list[Log]
    protocol: Protocol
    birth: date | None

    @property
    def queries(self) -> int:
        """All that are not closed, on visits' forms and logs."""
        return sum(cell.queries for row in self.rows for cell in row.cells) + sum(log.queries for log in self.logs)

    def row_of(self, visit_id: int) -> Row:
        return next(row for row in self.rows if row.visit.pk == visit_id)


@dataclass(frozen=True)
class Reviewed:
    """Records that are verified, and those that a signature covers as they are."""

    verified: set[int]
    signed: set[int]


def reviewed_of(reader: Reader, study: Study, subject_ids: list[int]) -> Reviewed:
    """Of the subjects' records, in one statement besides the plan's."""
    if study.version_id is None:
        return Reviewed(set(), set())
    verified, parameters = verified_sql(study, blinded=reader.blinded, subject_ids=subject_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT true, record_id FROM ({verified}) AS v UNION ALL SELECT false, id FROM ({COVERED_OF_SUBJECTS}) AS c",
            parameters,
        )
        rows = cursor.fetchall()
    return Reviewed({pk for is_verified, pk in rows if is_verified}, {pk for is_verified, pk in rows if not is_verified})


def grid_of(reader: Reader, subject: Subject) -> Grid:
    """In a constant number of statements: visits, records, open queries, what is verified and signed."""
    protocol = protocol_for_site(subject.site)
    visits = list(visits_of(reader.actor, subject))
    records = list(
        FormRecord.objects.filter(subject=subject).defer("data", "changed").annotate(birth=F("data__BRTHDAT")).order_by("pk")
    )
    queries = open_queries_of(reader, subject)
    hidden = {oid for oid, form in protocol.forms.items() if form.blinded} if reader.blinded else set()
    forms = [form for oid, form in _columns(protocol, visits).items() if oid not in hidden]
    by_visit: dict[int, dict[str, list[FormRecord]]] = {}
    for record in records:
        if record.visit_id is not None:
            by_visit.setdefault(record.visit_id, {}).setdefault(record.form_oid, []).append(record)
    today = due_day(subject)
    reviewed = reviewed_of(reader, subject.study, [subject.pk])
    rows = [_row(subject, protocol, visit, forms, by_visit.get(visit.pk, {}), queries, reviewed, today) for visit in visits]
    logs = [_log(subject, protocol.forms[oid], records, queries) for oid in protocol.log_forms if oid not in hidden]
    births = [record.birth for record in records if record.birth and not record.inactive]
    return Grid(forms, rows, logs, protocol, full_date(births[-1]) if births else None)


def full_date(stored: Any) -> date | None:
    """A stored date that names its day; None for a partial or missing one."""
    value = typed(Kind.DATE, stored)
    return value.earliest if isinstance(value, PartialDate) and value.is_full else None


def open_queries_of(reader: Reader, subject: Subject) -> Counter[int]:
    """Record → how many of its queries are not closed."""
    seen = visible_queries(reader.actor, subject.study, is_blinded=reader.blinded).select_related(None)
    waiting = seen.filter(subject=subject).exclude(status=Query.Status.CLOSED)
    return Counter(waiting.values_list("record_id", flat=True))


def visit_label(protocol: Protocol, visit: SubjectVisit) -> dict[str, str]:
    """The visit's name in both languages, with its course and, where it happens again, its number."""
    definition = protocol.visits.get(visit.code)
    base = definition.label if definition else None
    more = f" {visit.cycle}" if visit.cycle else ""
    more += f" #{visit.occurrence}" if visit.occurrence > 1 else ""
    return {
        "en": (base.en if base else visit.code) + more,
        "zh": ((base.zh or base.en) if base else visit.code) + more,
    }


def visit_state(visit: SubjectVisit, states: list[str], hold: str, today: date | None) -> str:
    """A visit's own state: what its forms need first, else complete when all are, else how the visit stands."""
    if Hold.LOCKED in (hold, visit.hold):
        return "locked"
    if visit.status == SubjectVisit.Status.MISSED:
        return "missed"
    if visit.status in (SubjectVisit.Status.SKIPPED, SubjectVisit.Status.NOT_APPLICABLE):
        return "not_applicable"
    if "queried" in states:
        return "queried"
    done = {"complete", "verified", "signed", "frozen", "not_applicable", "locked"}
    if states and set(states) <= done:
        return "frozen" if Hold.FROZEN in (hold, visit.hold) else _finished_state(set(states))
    started = set(states) - {"empty", "due", "overdue", "missed"}
    if started or visit.actual or visit.status == SubjectVisit.Status.IN_PROGRESS:
        return "in_progress"
    return status_of(None, visit=visit, today=today, hold=hold)


def _finished_state(states: set[str]) -> str:
    """Of a visit whose forms are all finished: signed or verified when every form that was done is."""
    states = states - {"not_applicable"}
    if states == {"signed"}:
        return "signed"
    return "verified" if states and states <= {"signed", "verified"} else "complete"


def hold_above(subject: Subject) -> str:
    """The strictest hold of study, site and subject."""
    holds = {subject.hold, subject.site.hold, subject.study.hold}
    return Hold.LOCKED if Hold.LOCKED in holds else Hold.FROZEN if Hold.FROZEN in holds else Hold.NONE


def _columns(protocol: Protocol, visits: list[SubjectVisit]) -> dict[str, CompiledForm]:
    """The forms of the subject's visits, in the order of their first visit."""
    oids = [oid for visit in visits for oid in protocol.forms_at(visit.code)]
    return {oid: protocol.forms[oid] for oid in dict.fromkeys(oids)}


def _row(
    subject: Subject,
    protocol: Protocol,
    visit: SubjectVisit,
    forms: list[CompiledForm],
    records: dict[str, list[FormRecord]],
    queries: Counter[int],
    reviewed: Reviewed,
    today: date | None,
) -> Row:
    hold = hold_above(subject)
    here = set(protocol.forms_at(visit.code)) | records.keys()
    cells = [
        _cell(subject, visit, form, records.get(form.oid, []), queries, reviewed, hold, today)
        if form.oid in here
        else Cell(None)
        for form in forms
    ]
    return Row(
        visit=visit,
        label=visit_label(protocol, visit),
        state=visit_state(visit, [cell.state for cell in cells if cell.form], hold, today),
        url=subject_url(subject, "casebook:visit", visit_id=visit.pk),
        cells=cells,
        days_out=days_out_of_window(visit),
    )


def _cell(
    subject: Subject,
    visit: SubjectVisit,
    form: CompiledForm,
    records: list[FormRecord],
    queries: Counter[int],
    reviewed: Reviewed,
    hold: str,
    today: date | None,
) -> Cell:
    """Of several records of one form, the one that needs most."""
    strictest = Hold.LOCKED if Hold.LOCKED in (hold, visit.hold) else hold or visit.hold
    states = [
        status_of(
            record,
            open_queries=queries[record.pk],
            hold=strictest,
            is_verified=record.pk in reviewed.verified,
            is_signed=record.pk in reviewed.signed,
            visit=visit,
            today=today,
        )
        for record in records
        if not record.inactive
    ]
    state = first_of(states) or status_of(None, visit=visit, today=today, hold=strictest)
    return Cell(
        form=form,
        state=state,
        url=form_url(subject, visit.pk, form.oid),
        queries=sum(queries[record.pk] for record in records),
        is_finished=bool(states) and all(r.status != FormRecord.Status.INCOMPLETE for r in records if not r.inactive),
        late=max((days_late(record, visit, subject.site) for record in records if not record.inactive), default=0),
    )


ORDER = ["queried", "in_progress", "frozen", "complete", "verified", "signed", "not_applicable", "locked"]


def first_of(states: list[str]) -> str:
    """The state that needs most; "" of none."""
    return min(states, key=ORDER.index, default="")


def _log(subject: Subject, form: CompiledForm, records: Sequence[FormRecord], queries: Counter[int]) -> Log:
    mine = [record for record in records if record.form_oid == form.oid and record.visit_id is None]
    following = max((record.repeat for record in mine), default=0) + 1
    return Log(
        form=form,
        url=subject_url(subject, "casebook:log", form_oid=form.oid),
        new_url=subject_url(subject, "casebook:log_form", form_oid=form.oid, repeat=following),
        lines=sum(not record.inactive for record in mine),
        queries=sum(queries[record.pk] for record in mine),
    )
