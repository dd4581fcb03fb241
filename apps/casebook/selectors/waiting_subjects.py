"""Subjects with something to do of one kind: overdue, incomplete, queried, not verified, not signed."""

from collections.abc import Callable

from django.db.models import BooleanField, Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.capture.models import FormRecord, Query
from apps.capture.selectors import visible_queries
from apps.casebook.selectors.reader import Reader
from apps.casebook.waiting import overdue_visits
from apps.review.selectors.marks import unmarked_subjects_sql
from apps.review.selectors.signatures import IS_UNSIGNED
from apps.studies.access import sites_visible_to
from apps.studies.models import Study
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject

Subjects = QuerySet[Subject]


def _overdue(reader: Reader, study: Study, subjects: Subjects) -> Subjects:
    visits = overdue_visits(reader.actor, study, sites_visible_to(reader.actor, study.pk), reader.blinded)
    return subjects.filter(Exists(visits.order_by().filter(subject=OuterRef("pk"))))


def _incomplete(reader: Reader, study: Study, subjects: Subjects) -> Subjects:
    return subjects.filter(Exists(_records(reader, study).filter(status=FormRecord.Status.INCOMPLETE)))


def _queried(reader: Reader, study: Study, subjects: Subjects) -> Subjects:
    queries = visible_queries(reader.actor, study, is_blinded=reader.blinded).select_related(None)
    return subjects.filter(Exists(queries.exclude(status=Query.Status.CLOSED).filter(subject=OuterRef("pk"))))


def _unverified(reader: Reader, study: Study, subjects: Subjects) -> Subjects:
    statement, parameters = unmarked_subjects_sql(reader.actor, study, "sdv")
    return subjects.filter(pk__in=RawSQL(statement, parameters))


def _unsigned(reader: Reader, study: Study, subjects: Subjects) -> Subjects:
    return subjects.filter(RawSQL(IS_UNSIGNED, [], BooleanField()))


def _records(reader: Reader, study: Study) -> QuerySet[FormRecord]:
    """The outer subject's active records that the reader may know of."""
    records = FormRecord.objects.filter(subject=OuterRef("pk"), inactive=False)
    if reader.blinded and study.version_id is not None:
        records = records.exclude(form_oid__in=get_protocol(study.version_id).hidden_from_blinded)
        records = records.exclude(visit__audience="unblinded")
    return records


SHOWN: dict[str, Callable[[Reader, Study, Subjects], Subjects]] = {
    "overdue": _overdue,
    "incomplete": _incomplete,
    "queried": _queried,
    "unverified": _unverified,
    "unsigned": _unsigned,
}
LABELS: dict[str, str | Promise] = {
    "overdue": _("Overdue visit"),
    "incomplete": _("Form in progress"),
    "queried": _("Open query"),
    "unverified": _("Not verified"),
    "unsigned": _("Not signed"),
}
