"""A reading is opened when a visit's imaging was recorded; it is scored through the write path like any form."""

import secrets

from apps.audit.ledger import ledger
from apps.capture.models import FormRecord
from apps.capture.permissions import ENTER_DATA
from apps.common.actors import Actor
from apps.review.models import Reading
from apps.studies.access import require
from apps.studies.protocol import protocol_for_site
from apps.subjects.services import lock_subject

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that are mistaken for another
LENGTH = 6


def open_reading(actor: Actor, record: FormRecord) -> Reading | None:
    """For a record with images of a visit at which the assessor's form is due; None where nothing is to be read, or it is
    open already. The code is random, so that it tells neither whose the images are nor when they were made."""
    subject = record.subject
    require(actor, ENTER_DATA, study_id=subject.study_id, site_id=subject.site_id)
    protocol = protocol_for_site(subject.site)
    plan = protocol.definition.reading
    visit = record.visit
    planned = protocol.visits.get(visit.code) if visit is not None else None
    if plan is None or visit is None or planned is None or record.inactive or plan.score not in planned.forms:
        return None
    if visit.audience:  # how many there are would tell the arm, and the assessor may not know of the visit
        return None
    if record.form_oid not in {protocol.items[oid].form_oid for oid in plan.images}:
        return None
    with ledger(actor, subject.study_id) as entry:
        lock_subject(subject)
        if Reading.objects.filter(visit=visit).exists():
            return None
        reading = Reading.objects.create(
            study_id=subject.study_id, subject=subject, visit=visit, code=_new_code(subject.study_id)
        )
        entry(
            action="review.reading.opened",
            obj=reading,
            label=subject.number,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("code", None, reading.code)],
            audience="unblinded",  # the code must not lead the assessor to the subject
        )
    return reading


def _new_code(study_id: int) -> str:
    while True:
        code = "R-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if not Reading.objects.filter(study_id=study_id, code=code).exists():
            return code
