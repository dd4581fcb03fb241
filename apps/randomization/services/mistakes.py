"""A wrong randomization is recorded beside the allocation, which stands: the subject is analysed as randomized."""

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.randomization.models import Allocation, Misrandomization
from apps.randomization.permissions import RECORD_MISRANDOMIZATION
from apps.review.models import Deviation
from apps.review.services.deviations import report_deviation
from apps.studies.access import require
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.subjects.services import lock_subject

KINDS_OF_DEVIATION = {Misrandomization.Kind.INELIGIBLE: Deviation.Kind.ELIGIBILITY}


def record_misrandomization(actor: Actor, subject: Subject, *, kind: str, reason: str) -> Misrandomization:
    """What was wrong with the subject's allocation; reported as a major deviation in the same transaction.

    Refused: a subject without an allocation, an unknown kind, no reason, a locked subject, site or study.
    """
    require(actor, RECORD_MISRANDOMIZATION, study_id=subject.study_id, site_id=subject.site_id)
    if kind not in Misrandomization.Kind.values:
        raise DomainError(_("Choose what was wrong."), code="kind", item="kind")
    reason = need_reason(reason)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        allocation = Allocation.objects.filter(subject=subject).first()
        if allocation is None:
            raise DomainError(
                _("%(subject)s has not been allocated to an arm.") % {"subject": subject.number}, code="not_allocated"
            )
        mistake = Misrandomization.objects.create(
            study_id=subject.study_id,
            subject=subject,
            allocation=allocation,
            kind=kind,
            reason=reason,
            at=timezone.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
        )
        entry(
            action="randomization.mistake.recorded",
            obj=mistake,
            label=subject.number,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("kind", None, kind)],
            reason=reason,
        )
        report_deviation(
            actor,
            subject.site,
            kind=KINDS_OF_DEVIATION.get(Misrandomization.Kind(kind), Deviation.Kind.PROCEDURE),
            text=f"{mistake.get_kind_display()}: {reason}",
            severity=Deviation.Severity.MAJOR,
            happened_on=today_at(subject.site),
            subject=subject,
        )
    return mistake
