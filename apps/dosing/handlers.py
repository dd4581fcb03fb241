"""What dosing does after a record was saved."""

from apps.capture.models import FormRecord
from apps.common.actors import SYSTEM
from apps.dosing import services


def assess_trough(event) -> None:
    record = FormRecord.objects.select_related("subject__site").get(pk=event.object_id)
    services.assess_trough(SYSTEM, record)
