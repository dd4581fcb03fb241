"""Lines of the close-out check list that safety counts (``trialcapture/wiring.py``)."""

from django.db.models import QuerySet

from apps.safety.models import Flag, Grade
from apps.safety.selectors import OPEN
from apps.studies.models import Study
from apps.subjects.models import Subject


def ungraded_results(study: Study, subjects: QuerySet[Subject]) -> int:
    """Results whose newest grade says that they could not be graded, while their value still stands."""
    newest = Grade.objects.filter(study=study, subject__in=subjects, record__inactive=False)
    newest = newest.order_by("record_id", "item_oid", "term", "-id").distinct("record_id", "item_oid", "term")
    rows = newest.select_related("record").only("grade", "value", "item_oid", "record__data")
    return sum(row.grade is None and row.record.data.get(row.item_oid) == row.value for row in rows.iterator())


def undecided_questions(study: Study, subjects: QuerySet[Subject]) -> int:
    """Flags of questions for the sponsor that nobody has resolved."""
    return Flag.objects.filter(study=study, subject__in=subjects, kind="protocol_question", status__in=OPEN).count()
