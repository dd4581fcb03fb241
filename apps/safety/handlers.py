"""What safety does after a record was saved."""

from apps.capture.models import FormRecord
from apps.common.actors import SYSTEM
from apps.safety import services


def grade_record(event) -> None:
    services.grade_record(SYSTEM, _record(event))


def flag_serious_event(event) -> None:
    services.flag_serious_event(SYSTEM, _record(event))


def flag_questions(event) -> None:
    services.flag_questions(SYSTEM, _record(event).subject)


def flag_changed_eligibility(event) -> None:
    services.flag_changed_eligibility(SYSTEM, _record(event).subject)


def flag_duplicates(event) -> None:
    services.flag_duplicates(SYSTEM, _record(event))


def _record(event) -> FormRecord:
    return FormRecord.objects.select_related("subject__site").get(pk=event.object_id)
