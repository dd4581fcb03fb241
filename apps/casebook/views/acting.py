"""What the pages about one subject share."""

from typing import Any

from apps.casebook.selectors.grid import Grid, grid_of
from apps.casebook.selectors.header import header_of
from apps.casebook.selectors.reader import Reader, reader_of
from apps.subjects.models import Subject


def subject_context(request, subject: Subject, reader: Reader | None = None, grid: Grid | None = None) -> dict[str, Any]:
    """Study, subject, who reads, and the header that all pages of a subject share."""
    reader = reader or reader_of(request.actor, subject.study, subject.site_id)
    return {
        "study": subject.study,
        "subject": subject,
        "reader": reader,
        "header": header_of(reader, subject, grid),
    }


def grid_context(request, subject: Subject) -> dict[str, Any]:
    """The same with the casebook's grid."""
    reader = reader_of(request.actor, subject.study, subject.site_id)
    grid = grid_of(reader, subject)
    return subject_context(request, subject, reader, grid) | {"grid": grid}
