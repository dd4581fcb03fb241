"""What the views of this app share: a form that meets a service's refusal keeps what was typed."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from apps.casebook.selectors.grid import Grid, grid_of
from apps.casebook.selectors.header import header_of
from apps.casebook.selectors.reader import Reader, reader_of
from apps.common.errors import DomainError
from apps.subjects.models import Subject


def carried_out(form, act: Callable[[], Any]) -> bool:
    """Whether the form was valid and the service did it; a refusal stands on the form, at its field if it names one."""
    if not form.is_valid():
        return False
    refused = refusal_of(act)
    if refused is not None:
        form.add_error(refused.item if refused.item in form.fields else None, str(refused))
    return refused is None


def refusal_of(act: Callable[[], Any]) -> DomainError | None:
    """Why the service refused, with nothing changed, so that the page can be shown; None when it did it."""
    try:
        with transaction.atomic():
            act()
    except DomainError as refused:
        return refused
    return None


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
