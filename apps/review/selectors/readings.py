"""The work list of the masked assessor: codes in their own order, which is that of nothing else."""

from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

from apps.capture.models import Attachment, FormRecord
from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.review.models import Reading
from apps.studies.models import Study
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject


@dataclass(frozen=True)
class Image:
    """``name`` says neither subject nor visit, nor what the file was called."""

    name: str
    attachment: Attachment


def readings_for(actor: Actor, study: Study) -> QuerySet[Reading]:
    """With ``score_status``: of the assessor's form, None while nothing was entered."""
    plan = get_protocol(study.version_id).definition.reading if study.version_id else None
    seen = Reading.objects.filter(study=study, subject__in=Subject.objects.visible_to(actor))
    score = FormRecord.objects.filter(visit=OuterRef("visit"), form_oid=plan.score if plan else "", inactive=False)
    return seen.annotate(score_status=Subquery(score.values("status")[:1])).order_by("code")


def get_reading_for(actor: Actor, study: Study, code: str) -> Reading:
    found = readings_for(actor, study).filter(code=code).select_related("subject__site", "visit").first()
    if found is None:
        raise NotVisible
    return found


def images_of(reading: Reading) -> list[Image]:
    """What the protocol's image items hold at the visit, in the order of upload."""
    study = reading.study
    plan = get_protocol(study.version_id).definition.reading if study.version_id else None
    oids = plan.images if plan else []
    records = FormRecord.objects.filter(visit=reading.visit, inactive=False)
    held = {str(data.get(oid)) for data in records.values_list("data", flat=True) for oid in oids if data.get(oid)}
    files = Attachment.objects.filter(subject=reading.subject, item_oid__in=oids).order_by("uploaded_at", "pk")
    shown = [one for one in files if str(one.pk) in held]
    return [Image(f"{reading.code}-{number}", one) for number, one in enumerate(shown, start=1)]
