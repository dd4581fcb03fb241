"""What to do next with a subject, following the main job: consent, eligibility, enrolment, randomization, visits."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.capture.permissions import ENTER_DATA
from apps.casebook.selectors.grid import Grid, Row
from apps.casebook.selectors.places import subject_url
from apps.casebook.selectors.reader import Reader
from apps.common.text import in_language
from apps.enrolment.permissions import CONFIRM_ELIGIBILITY, ENROL_SUBJECT
from apps.enrolment.selectors import confirmed_assessment
from apps.randomization.permissions import RANDOMIZE
from apps.randomization.selectors import is_allocated, needs_randomization
from apps.studies.protocol import Protocol
from apps.subjects.milestones import Milestones
from apps.subjects.models import Subject

Status = Subject.Status
TREATED = (Status.ENROLLED, Status.RANDOMIZED, Status.ON_TREATMENT, Status.OFF_TREATMENT)


@dataclass(frozen=True)
class Step:
    """A button where ``url`` is given; else words about what is waited for."""

    text: str
    url: str = ""


def next_step(reader: Reader, subject: Subject, grid: Grid, known: Milestones, allocated: bool | None = None) -> Step | None:
    """One step; None for a subject who left and has nothing open. ``allocated`` where the page knows it already."""
    if subject.status == Status.SCREENED:
        return _screening_step(reader, subject, grid, known)
    if subject.status in TREATED and not (is_allocated(subject) if allocated is None else allocated):
        return _allocation_step(reader, subject, grid.protocol)
    return _visit_step(reader, grid)


def _screening_step(reader: Reader, subject: Subject, grid: Grid, known: Milestones) -> Step:
    if known.first("consent") is None:
        url = consent_url(grid.protocol, grid) if reader.may(ENTER_DATA) else ""
        return Step(_("Record informed consent"), url) if url else Step(_("Informed consent has not been recorded."))
    if confirmed_assessment(subject) is not None:  # what the criteria do not need may be entered later
        if reader.may(ENROL_SUBJECT):
            return Step(_("Enrol"), subject_url(subject, "casebook:enrol"))
        return Step(_("Eligibility is confirmed; the coordinator enrols."))
    eligibility = subject_url(subject, "casebook:eligibility")
    if unfinished := _unfinished(grid):
        return unfinished if reader.may(ENTER_DATA) else Step(_("Check eligibility"), eligibility)
    if reader.may(CONFIRM_ELIGIBILITY):
        return Step(_("Confirm eligibility"), eligibility)
    return Step(_("Check eligibility"), eligibility)


def consent_url(protocol: Protocol, grid: Grid) -> str:
    """The form that dates the consent, at the visit that has it."""
    forms = {item.form_oid for item in protocol.items.values() if item.definition.milestone == "consent"}
    cells = [cell for row in grid.rows for cell in row.filled if cell.form.oid in forms]
    return cells[0].url if cells else ""


def _unfinished(grid: Grid) -> Step | None:
    """The first screening visit with a form that is not finished."""
    for row in grid.rows:
        started = row.visit.actual or row.state in ("in_progress", "queried")
        if started and not all(cell.is_finished for cell in row.filled):
            return Step(_("Complete %(visit)s") % {"visit": in_language(row.label)}, row.url)
    return None


def _allocation_step(reader: Reader, subject: Subject, protocol: Protocol) -> Step:
    if not needs_randomization(protocol):
        text = _("Assign the treatment")
    else:
        text = _("Randomize")
    if reader.may(RANDOMIZE):
        return Step(text, subject_url(subject, "casebook:randomize"))
    return Step(_("The subject is enrolled and waits for an arm."))


def _visit_step(reader: Reader, grid: Grid) -> Step | None:
    row = _open_row(grid)
    if row is None:
        return None
    words = {"visit": in_language(row.label)}
    if not reader.may(ENTER_DATA):
        return Step(_("Open %(visit)s") % words, row.url)
    return Step((_("Continue %(visit)s") if row.state == "in_progress" else _("Enter %(visit)s")) % words, row.url)


def _open_row(grid: Grid) -> Row | None:
    """A visit under way, else the earliest that has a date and waits."""
    under_way = [row for row in grid.rows if row.state in ("in_progress", "queried")]
    waiting = [row for row in grid.rows if row.state in ("empty", "due", "overdue") and row.visit.target]
    waiting.sort(key=lambda row: (row.visit.booked_on or row.visit.target, row.visit.position))
    return next(iter([*under_way, *waiting]), None)
