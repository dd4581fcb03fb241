"""Lines of the close-out check list that safety counts (``trialcapture/wiring.py``)."""

from django.db.models import QuerySet

from apps.safety.models import Flag, Grade
from apps.safety.selectors import OPEN
from apps.studies.models import Study
from apps.subjects.models import Subject


def ungraded(study: Study, subjects: QuerySet[Subject]) -> list[Grade]:
    """The newest grades that say that a result could not be graded, while its value still stands."""
    newest = Grade.objects.filter(study=study, subject__in=subjects, record__inactive=False)
    newest = newest.order_by("record_id", "item_oid", "term", "-id").distinct("record_id", "item_oid", "term")
    rows = Grade.objects.filter(pk__in=newest.values("pk"), grade=None)
    rows = rows.select_related("record__visit", "record__subject__study").order_by("pk")
    return [row for row in rows if row.record.data.get(row.item_oid) == row.value]


def ungraded_results(study: Study, subjects: QuerySet[Subject]) -> int:
    return len(ungraded(study, subjects))


def undecided_questions(study: Study, subjects: QuerySet[Subject]) -> int:
    """Flags of questions for the sponsor that nobody has resolved."""
    return Flag.objects.filter(study=study, subject__in=subjects, kind="protocol_question", status__in=OPEN).count()
