"""The one answer to "how does this form stand?", wherever it is shown. Codes as in apps.common.states."""

import datetime as dt

from apps.capture.models import FormRecord
from apps.studies.models import Hold
from apps.visits.models import SubjectVisit
from apps.visits.selectors import is_due, is_overdue

NOT_ASKED = (SubjectVisit.Status.SKIPPED, SubjectVisit.Status.NOT_APPLICABLE)


def status_of(
    record: FormRecord | None,
    *,
    open_queries: int = 0,
    hold: str = "",
    is_verified: bool = False,
    is_signed: bool = False,
    visit: SubjectVisit | None = None,
    today: dt.date | None = None,
) -> str:
    """``hold``: the strictest that holds above the record; ``open_queries`` counts open and answered ones.

    A locked form is locked whatever else it is; an open query goes before frozen, signed, verified and complete.
    """
    if record is None:
        return _unfilled(visit, today, hold)
    holds = {hold, record.hold}
    if Hold.LOCKED in holds:
        return "locked"
    if record.inactive:
        return "not_applicable"
    if open_queries:
        return "queried"
    if Hold.FROZEN in holds:
        return "frozen"
    if record.status == FormRecord.Status.NOT_DONE:
        return "not_applicable"
    if record.status == FormRecord.Status.INCOMPLETE:
        return "in_progress"
    return "signed" if is_signed else "verified" if is_verified else "complete"


def _unfilled(visit: SubjectVisit | None, today: dt.date | None, hold: str) -> str:
    if hold == Hold.LOCKED:
        return "locked"
    if visit is None:
        return "empty"
    if visit.status == SubjectVisit.Status.MISSED:
        return "missed"
    if visit.status in NOT_ASKED:
        return "not_applicable"
    if today is not None and (is_overdue(visit, today) or is_due(visit, today)):
        return "overdue" if is_overdue(visit, today) else "due"
    return "empty"
