from apps.capture.models import FormRecord
from apps.common.actors import Actor
from apps.dosing.models import TroughAssessment
from apps.dosing.permissions import VIEW_LEVELS
from apps.studies.access import is_blinded, may
from apps.studies.models import Study


def assessment_of(actor: Actor, study: Study, record: FormRecord) -> TroughAssessment | None:
    """How the record's level stands to its target, at its newest revision; nothing for the blinded."""
    if is_blinded(actor, study) or not may(actor, VIEW_LEVELS, study_id=study.pk):
        return None
    return TroughAssessment.objects.filter(record_id=record.pk, revision=record.revision).first()
