"""What happens to a visit: planned, opened, booked, dated, missed. Forecasts move; what really happened never does."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.audit.ledger import Change, Entry, ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.studies.access import require
from apps.studies.models import Hold
from apps.studies.protocol import Protocol, protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import milestones_of
from apps.subjects.services import lock_subject, refuse_future, refuse_held
from apps.visits.models import SubjectVisit
from apps.visits.permissions import RECORD_VISIT
from apps.visits.planning import Facts, Planned, audience_of, is_branch, plan

Status = SubjectVisit.Status
CLOSED = frozenset({Status.MISSED, Status.SKIPPED, Status.NOT_APPLICABLE})


def replan(actor: Actor, subject: Subject) -> int:
    """Project the subject's visits from the protocol of its site; returns how many were made or moved.

    Forecasts (target and window) move, actual and booked dates never; locked visits stay; calling it twice changes
    nothing the second time. A consequence of other services, which hold the right, so it asks for none.
    """
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        protocol = protocol_for_site(subject.site)
        rows = list(SubjectVisit.objects.filter(subject=subject))
        planned = plan(protocol.visits, protocol.cycles, _facts(subject, protocol, rows))
        changes = _create_missing(subject, rows, planned) + _move(protocol, rows, planned)
        for audience in ("", "unblinded"):
            seen = [change for change, whose in changes if whose == audience]
            if seen:
                _record(entry, subject, "visits.schedule.replanned", subject, seen, audience=audience)
    return len(changes)


def open_branch(actor: Actor, subject: Subject, codes: Iterable[str]) -> int:
    """Add visits that belong to an arm or a condition to the subject's schedule, and plan them.

    Called from above by whoever knows the arm or the condition. A branch that is open stays as it is.
    """
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        protocol = protocol_for_site(subject.site)
        held = set(SubjectVisit.objects.filter(subject=subject).values_list("code", flat=True))
        opened = [protocol.visits[code] for code in codes if code not in held and is_branch(protocol.visits[code])]
        for visit in opened:
            row = SubjectVisit.objects.create(
                study_id=subject.study_id,
                subject=subject,
                code=visit.code,
                cycle=1 if visit.cycle else 0,
                audience=audience_of(visit),
            )
            _record(entry, subject, "visits.branch.opened", row, [("visit", None, visit.code)], audience=row.audience)
        return replan(actor, subject)


def book_visit(actor: Actor, visit: SubjectVisit, on: date | None, *, reason: str = "") -> SubjectVisit:
    """Agree a day with the family (``None``: take it back). Outside the window is allowed: the page warns."""

    def change(visit: SubjectVisit) -> None:
        _refuse_unless(visit, {Status.PLANNED}, _("Only a planned visit is booked."))
        visit.booked_on = on

    return _write(actor, visit, "visits.visit.booked", change, ["booked_on"], reason)


def record_visit_date(actor: Actor, visit: SubjectVisit, on: date | None, *, reason: str = "") -> SubjectVisit:
    """Say on which day the visit took place; a correction needs a reason, ``None`` takes the date back.

    Refused: a future day, a held visit. A day outside the window or out of order is what happened, so it is taken.
    """

    def change(visit: SubjectVisit) -> None:
        if on is not None:
            refuse_future(visit.subject.site, on)
        if visit.actual not in (None, on) or visit.status in CLOSED:
            _need_reason(reason)
        visit.actual = on
        if on is None:
            visit.status = Status.PLANNED
        elif visit.status != Status.DONE:
            visit.status, visit.status_reason = Status.IN_PROGRESS, ""

    return _write(actor, visit, "visits.visit.dated", change, ["actual", "status", "status_reason"], reason)


def mark_missed(actor: Actor, visit: SubjectVisit, *, reason: str) -> SubjectVisit:
    """The subject did not come."""
    return _close(actor, visit, Status.MISSED, reason)


def mark_skipped(actor: Actor, visit: SubjectVisit, *, reason: str) -> SubjectVisit:
    """The visit was left out on purpose."""
    return _close(actor, visit, Status.SKIPPED, reason)


def mark_not_applicable(actor: Actor, visit: SubjectVisit, *, reason: str) -> SubjectVisit:
    """The protocol does not ask this visit of this subject."""
    return _close(actor, visit, Status.NOT_APPLICABLE, reason)


def reopen_visit(actor: Actor, visit: SubjectVisit, *, reason: str) -> SubjectVisit:
    """A missed, skipped or not applicable visit is planned again."""

    def change(visit: SubjectVisit) -> None:
        _need_reason(reason)
        _refuse_unless(visit, CLOSED, _("Only a missed, skipped or not applicable visit is reopened."))
        visit.status, visit.status_reason = Status.PLANNED, ""

    return _write(actor, visit, "visits.visit.reopened", change, ["status", "status_reason"], reason)


def set_progress(actor: Actor, visit: SubjectVisit, *, is_complete: bool) -> SubjectVisit:
    """Done when every form of the visit is complete, in progress otherwise; a missed visit stays missed.

    A consequence of saving forms, decided above, so it asks for no right.
    """
    status = Status.DONE if is_complete else Status.IN_PROGRESS
    if visit.status in CLOSED or visit.status == status:
        return visit

    def change(visit: SubjectVisit) -> None:
        visit.status = status

    return _write(actor, visit, "visits.visit.progressed", change, ["status"], "", is_right_needed=False)


def add_unscheduled(actor: Actor, subject: Subject, code: str, on: date, *, reason: str) -> SubjectVisit:
    """A visit outside the schedule (or the early end visit) that took place on a day, with why.

    Refused: a code that is no unscheduled visit of the protocol, a future day, no reason.
    """
    require(actor, RECORD_VISIT, study_id=subject.study_id, site_id=subject.site_id)
    _need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        refuse_held(subject.study, subject.site, subject)
        refuse_future(subject.site, on)
        definition = protocol_for_site(subject.site).visits.get(code)
        if definition is None or definition.kind == "scheduled" or is_branch(definition):
            raise DomainError(_("%(code)s is no unscheduled visit of this study.") % {"code": code}, code="visit_code")
        others = SubjectVisit.objects.filter(subject=subject)
        visit = SubjectVisit.objects.create(
            study_id=subject.study_id,
            subject=subject,
            code=code,
            occurrence=(others.filter(code=code).aggregate(n=Max("occurrence"))["n"] or 0) + 1,
            position=_position_at(others, on),
            actual=on,
            status=Status.IN_PROGRESS,
            audience=audience_of(definition),
        )
        changes = [("visit", None, str(visit)), ("actual", None, on)]
        _record(entry, subject, "visits.visit.added", visit, changes, reason=reason, audience=visit.audience)
        replan(actor, subject)
    return visit


def _facts(subject: Subject, protocol: Protocol, rows: list[SubjectVisit]) -> Facts:
    branches = {row.code for row in rows if row.code in protocol.visits and is_branch(protocol.visits[row.code])}
    actual = {_key(row): row.actual for row in rows if row.actual}
    return Facts(milestones_of(subject), actual, frozenset(branches))


def _key(row: SubjectVisit) -> tuple[str, int, int]:
    return row.code, row.cycle, row.occurrence


Audited = tuple[tuple[str, Any, Any], str]  # a change and its audience


def _create_missing(subject: Subject, rows: list[SubjectVisit], planned: list[Planned]) -> list[Audited]:
    have = {_key(row) for row in rows}
    new = [
        SubjectVisit(
            study_id=subject.study_id,
            subject=subject,
            code=visit.code,
            cycle=visit.cycle,
            occurrence=visit.occurrence,
            position=visit.position,
            target=visit.target,
            earliest=visit.earliest,
            latest=visit.latest,
            audience=visit.audience,
        )
        for visit in planned
        if visit.key not in have
    ]
    SubjectVisit.objects.bulk_create(new)
    return [((_name(row), None, _span(row)), row.audience) for row in new]


def _move(protocol: Protocol, rows: list[SubjectVisit], planned: list[Planned]) -> list[Audited]:
    """Bring target, window and place of each row to the plan; a row that the plan lost keeps no forecast."""
    wanted = {visit.key: visit for visit in planned}
    moved, changes = [], []
    for row in rows:
        definition = protocol.visits.get(row.code)
        if definition is None or definition.kind != "scheduled" or row.hold == Hold.LOCKED:
            continue
        old, position = _span(row), row.position
        visit = wanted.get(_key(row))
        row.target, row.earliest, row.latest = visit.dates if visit else (None, None, None)
        row.position = visit.position if visit else row.position
        if old != _span(row):
            changes.append(((_name(row), old, _span(row)), row.audience))
        if old != _span(row) or position != row.position:
            moved.append(row)
    _store_plan(moved)
    return changes


PLANNED = """UPDATE visits_subjectvisit v
SET target = n.target, earliest = n.earliest, latest = n.latest, position = n.position
FROM unnest(%s::bigint[], %s::date[], %s::date[], %s::date[], %s::int[]) AS n (id, target, earliest, latest, position)
WHERE v.id = n.id"""


def _store_plan(rows: list[SubjectVisit]) -> None:
    """One short statement for any number of visits: ``bulk_update`` builds a branch for each value."""
    if rows:
        columns = zip(*((row.pk, row.target, row.earliest, row.latest, row.position) for row in rows), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(PLANNED, [list(column) for column in columns])


def _name(row: SubjectVisit) -> str:
    return f"{row}{f' #{row.occurrence}' if row.occurrence > 1 else ''}"


def _span(row: SubjectVisit) -> str:
    """``2024-05-17 [2024-05-14, 2024-05-20]``, the window inclusive; empty without a date."""
    return f"{row.target} [{row.earliest}, {row.latest}]" if row.target else ""


def _position_at(others: Iterable[SubjectVisit], on: date) -> int:
    """Just after the last visit that lies on or before the day."""
    dated = [(row.actual or row.target, row.position) for row in others]
    return max((position for day, position in dated if day and day <= on), default=0) + 1


def _write(
    actor: Actor,
    visit: SubjectVisit,
    action: str,
    change: Callable[[SubjectVisit], None],
    fields: list[str],
    reason: str,
    *,
    is_right_needed: bool = True,
) -> SubjectVisit:
    """Lock, refuse what is held, change, record what differs, and replan what is anchored on it."""
    subject = visit.subject
    if is_right_needed:
        require(actor, RECORD_VISIT, study_id=subject.study_id, site_id=subject.site_id)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        visit = SubjectVisit.objects.select_for_update(no_key=True).get(pk=visit.pk)
        visit.subject = subject
        refuse_held(subject.study, subject.site, subject, visit)
        old = {name: getattr(visit, name) for name in fields}
        change(visit)
        changes = [(name, old[name], getattr(visit, name)) for name in fields if old[name] != getattr(visit, name)]
        if changes:
            visit.save(update_fields=fields)
            _record(entry, subject, action, visit, changes, reason=reason, audience=visit.audience, outbox=True)
            replan(actor, subject)
    return visit


def _close(actor: Actor, visit: SubjectVisit, status: str, reason: str) -> SubjectVisit:
    def change(visit: SubjectVisit) -> None:
        _need_reason(reason)
        _refuse_unless(visit, {Status.PLANNED} | CLOSED, _("The visit took place; take its date back first."))
        visit.status, visit.status_reason = status, reason

    return _write(actor, visit, f"visits.visit.{status}", change, ["status", "status_reason"], reason)


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise DomainError(_("Say why."), code="reason_required", item="reason")


def _refuse_unless(visit: SubjectVisit, allowed: Iterable[str], message: str) -> None:
    if visit.status not in allowed:
        raise DomainError(message, code="visit_status")


def _record(
    entry: Entry,
    subject: Subject,
    action: str,
    obj: Subject | SubjectVisit,
    changes: Sequence[Change],
    *,
    reason: str = "",
    audience: str = "",
    outbox: bool = False,
) -> None:
    entry(
        action=action,
        obj=obj,
        label=f"{subject.number} {obj}" if obj is not subject else subject.number,
        site_id=subject.site_id,
        subject_id=subject.pk,
        changes=changes,
        reason=reason,
        audience=audience,
        outbox=outbox,
    )
