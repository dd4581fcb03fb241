"""The line that all pages of a subject share."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.capture.models import FormRecord
from apps.casebook.selectors.grid import Grid, full_date, open_queries_of, visit_label
from apps.casebook.selectors.places import subject_url
from apps.casebook.selectors.reader import Reader, status_for
from apps.common.dates import completed_months
from apps.randomization.selectors import arm_codes
from apps.safety.permissions import VIEW_FLAGS
from apps.safety.selectors import open_flags_of
from apps.studies.protocol import Protocol, protocol_for_site
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.subjects.status import LEFT
from apps.visits.models import SubjectVisit
from apps.visits.selectors import is_due, is_overdue, next_visit, visits_of

TONES = {
    "screened": "info",
    "enrolled": "info",
    "randomized": "info",
    "on_treatment": "ok",
    "off_treatment": "attention",
    "completed": "ok",
}


@dataclass(frozen=True)
class Next:
    """The next visit: when it is wanted, booked and allowed, and how it stands today."""

    visit: SubjectVisit
    label: dict[str, str]
    url: str
    state: str


@dataclass(frozen=True)
class Header:
    subject: Subject
    url: str
    status: Subject.Status
    tone: str
    age: str
    next: Next | None
    queries: int
    flags: int | None
    arm: Any
    knows_arm: bool
    allocated: bool | None  # None: the reader may not see allocations, so nobody asked


def header_of(reader: Reader, subject: Subject, grid: Grid | None = None) -> Header:
    """``grid`` where the page has read it already. Flags and arm only for those who may know them."""
    protocol = protocol_for_site(subject.site) if grid is None else grid.protocol
    arm = arm_codes([subject.pk]).get(subject.pk) if reader.sees_arms else None
    queries = sum(open_queries_of(reader, subject).values()) if grid is None else grid.queries
    visits = list(visits_of(reader.actor, subject)) if grid is None else [row.visit for row in grid.rows]
    flags = open_flags_of(reader.actor, subject.study, subject) if reader.may(VIEW_FLAGS) else None
    if flags is not None and reader.blinded:
        flags = flags.filter(audience="")
    return Header(
        subject=subject,
        url=subject_url(subject),
        status=status_for(reader, subject.status),
        tone=TONES.get(status_for(reader, subject.status), "neutral"),
        age=age_of(subject, birth_of(subject, protocol) if grid is None else grid.birth),
        next=next_of(subject, protocol, next_visit(visits)),
        queries=queries,
        flags=None if flags is None else flags.count(),
        arm=protocol.arms.get(arm) if arm else None,
        knows_arm=arm is not None and len(protocol.arms) > 1,
        allocated=arm is not None if reader.sees_arms else None,
    )


def age_of(subject: Subject, birth: date | None) -> str:
    """Today's age in words: months under two years, else years; "" without a full birth date."""
    if birth is None:
        return ""
    months = completed_months(birth, today_at(subject.site))
    if months < 24:
        return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    return _("%(n)d years") % {"n": months // 12}


def birth_of(subject: Subject, protocol: Protocol) -> date | None:
    item = protocol.items.get("BRTHDAT")
    if item is None:
        return None
    rows = FormRecord.objects.filter(subject=subject, form_oid=item.form_oid, inactive=False).order_by("-id")
    return full_date(rows.values_list("data__BRTHDAT", flat=True).first())


def next_of(subject: Subject, protocol: Protocol, visit: SubjectVisit | None) -> Next | None:
    """``visit``, the one that comes next; None where there is none, or the subject left the study."""
    if visit is None or subject.status in LEFT:
        return None
    today = today_at(subject.site)
    state = "overdue" if is_overdue(visit, today) else "due" if is_due(visit, today) else ""
    url = subject_url(subject, "casebook:visit", visit_id=visit.pk)
    return Next(visit, visit_label(protocol, visit), url, state)
