"""The screening log: everybody who was screened, what became of them, and why who failed did."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from apps.casebook.selectors.lists import clean
from apps.casebook.selectors.reader import Reader, status_for
from apps.enrolment.models import Departure
from apps.studies.models import Study
from apps.subjects.models import Milestone, Subject

HEADS = (
    _("Subject"),
    _("Site"),
    _("Screened on"),
    _("Outcome"),
    _("On"),
    _("Why"),
    _("Screened before as"),
    _("Screened again as"),
)


@dataclass(frozen=True)
class Line:
    subject: Subject
    outcome: Subject.Status
    on: date | None
    why: str
    again: str


def logged(reader: Reader, study: Study, params: Mapping[str, str]) -> QuerySet[Subject]:
    """``site``, and ``outcome=failed`` for the failures alone."""
    found = Subject.objects.visible_to(reader.actor).filter(study=study).select_related("site", "previous")
    if params.get("site"):
        found = found.filter(site__code=clean(params["site"]))
    if params.get("outcome") == "failed":
        found = found.filter(status=Subject.Status.SCREEN_FAILED)
    failure = Departure.objects.filter(subject=OuterRef("pk"), kind=Departure.Kind.SCREEN_FAILURE).order_by("-pk")
    enrolled = Milestone.objects.filter(subject=OuterRef("pk"), kind="enrolment").order_by("-pk")
    later = Subject.objects.filter(previous=OuterRef("pk"))
    return found.annotate(
        failed_on=Subquery(failure.values("on")[:1]),
        failed_why=Subquery(failure.values("reason")[:1]),
        enrolled_on=Subquery(enrolled.values("on")[:1]),
        again=Subquery(later.values("number")[:1]),
    )


def line_of(reader: Reader, subject: Subject) -> Line:
    """In screening, failed, or enrolled; what came after the enrolment is no matter of the log."""
    has_failed = subject.status == Subject.Status.SCREEN_FAILED
    enrolled_on = getattr(subject, "enrolled_on", None)
    if has_failed:
        outcome, on = Subject.Status.SCREEN_FAILED, getattr(subject, "failed_on", None)
    elif enrolled_on is not None:
        outcome, on = Subject.Status.ENROLLED, enrolled_on
    else:
        outcome, on = status_for(reader, subject.status), None
    why = (getattr(subject, "failed_why", "") or "") if has_failed else ""
    return Line(subject, outcome, on, why, getattr(subject, "again", None) or "")


def export_rows(reader: Reader, found: QuerySet[Subject]) -> Iterator[list[object]]:
    for subject in found.order_by("number").iterator(chunk_size=500):
        line = line_of(reader, subject)
        previous = subject.previous.number if subject.previous else ""
        yield [
            subject.number,
            subject.site.code,
            subject.screened_on,
            line.outcome.label,
            line.on or "",
            line.why,
            previous,
            line.again,
        ]
