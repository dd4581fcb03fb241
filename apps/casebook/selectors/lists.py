"""The subject list: filters from the address, one page in a constant number of statements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.capture.models import Query
from apps.capture.selectors import visible_queries
from apps.casebook.selectors.header import TONES, Next, next_of
from apps.casebook.selectors.places import subject_url
from apps.casebook.selectors.reader import Reader, behind, status_for
from apps.common.pages import Page, keyset_page
from apps.randomization.models import Allocation
from apps.safety.models import Flag
from apps.safety.selectors import OPEN
from apps.studies.models import Study
from apps.studies.protocol import Protocol, get_protocol
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit

SORTS = {"number": "number", "-number": "-number", "newest": "-pk"}
SIZE = 50


@dataclass(frozen=True)
class Row:
    subject: Subject
    url: str
    status: Subject.Status
    tone: str
    next: Next | None
    queries: int
    flags: int
    arm: Any


def subject_page(reader: Reader, study: Study, params: Mapping[str, str]) -> tuple[Page, list[Row]]:
    """The page that the address asks for: ``status``, ``site``, ``q`` (part of a number), ``sort``, ``after``.

    Two statements at any size: the subjects with their counts, and their next visits.
    """
    found = _filtered(reader, study, params).select_related("site", "study")
    found = found.annotate(waiting_queries=_count(_open_queries(reader, study)), waiting_flags=_count(_open_flags(reader)))
    if reader.sees_arms:
        found = found.annotate(arm_code=Subquery(Allocation.objects.filter(subject=OuterRef("pk")).values("arm")[:1]))
    page = keyset_page(found, params, size=SIZE, key=SORTS.get(params.get("sort", ""), "number"))
    protocol = get_protocol(study.version_id)
    visits = next_visits(reader, [subject.pk for subject in page.rows])
    return page, [_row(reader, protocol, subject, visits.get(subject.pk)) for subject in page.rows]


def next_visits(reader: Reader, subject_ids: list[int]) -> dict[int, SubjectVisit]:
    """Subject → the first visit that waits for its date."""
    waiting = SubjectVisit.objects.filter(
        subject_id__in=subject_ids, status=SubjectVisit.Status.PLANNED, actual=None, target__isnull=False
    )
    if reader.blinded:
        waiting = waiting.filter(audience="")
    ordered = waiting.order_by("subject_id", Coalesce("booked_on", "target"), "position")
    return {visit.subject_id: visit for visit in ordered.distinct("subject_id")}


def _filtered(reader: Reader, study: Study, params: Mapping[str, str]) -> QuerySet[Subject]:
    found = Subject.objects.visible_to(reader.actor).filter(study=study)
    if statuses := behind(reader, params.get("status", "")):
        found = found.filter(status__in=statuses)
    if params.get("site"):
        found = found.filter(site__code=clean(params["site"]))
    if params.get("q"):
        found = found.filter(number__icontains=clean(params["q"]))
    return found


def clean(text: str) -> str:
    """What was typed into an address, as far as the database takes it."""
    return text.replace("\x00", "").strip()[:40]


def _open_queries(reader: Reader, study: Study) -> QuerySet[Query]:
    seen = visible_queries(reader.actor, study, is_blinded=reader.blinded).select_related(None)
    return seen.exclude(status=Query.Status.CLOSED)


def _open_flags(reader: Reader) -> QuerySet[Flag]:
    flags = Flag.objects.filter(status__in=OPEN)
    return flags.filter(audience="") if reader.blinded else flags


def _count(rows: QuerySet[Any]) -> Any:
    """How many of the rows are of the outer subject."""
    mine = rows.filter(subject=OuterRef("pk")).order_by().values("subject").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(mine, output_field=IntegerField()), 0)


def _row(reader: Reader, protocol: Protocol, subject: Any, visit: SubjectVisit | None) -> Row:
    """``subject`` carries the counts as annotations."""
    return Row(
        subject=subject,
        url=subject_url(subject),
        status=status_for(reader, subject.status),
        tone=TONES.get(status_for(reader, subject.status), "neutral"),
        next=next_of(subject, protocol, visit),
        queries=subject.waiting_queries,
        flags=subject.waiting_flags,
        arm=protocol.arms.get(getattr(subject, "arm_code", None) or ""),
    )
