"""In an emergency a blinded person learns one subject's arm; who, when and why stays on record."""

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.reasons import need_reason
from apps.randomization.models import Unblinding
from apps.randomization.permissions import UNBLIND
from apps.randomization.selectors import is_allocated, may_view_allocation
from apps.studies.access import require
from apps.subjects.models import Subject


def unblind_subject(actor: Actor, subject: Subject, *, category: str, reason: str) -> Unblinding:
    """Record that the actor learns the arm now; the caller has made sure of who it is (re-authentication).

    No hold stands in the way of an emergency. The sponsor's roles hear of it without the arm. Refused: a subject without an
    arm, a person who may see it anyway, an unknown category, no reason.
    """
    require(actor, UNBLIND, study_id=subject.study_id, site_id=subject.site_id)
    if category not in Unblinding.Category.values:
        raise DomainError(_("Choose why the arm is needed."), code="category", item="category")
    reason = need_reason(reason)
    if may_view_allocation(actor, subject.study, subject.site_id):
        raise DomainError(_("You are not blinded: the subject's page shows you the arm."), code="not_blinded")
    if not is_allocated(subject):
        raise DomainError(
            _("%(subject)s has not been allocated to an arm.") % {"subject": subject.number}, code="not_allocated"
        )
    with ledger(actor, subject.study_id) as entry:
        unblinding = Unblinding.objects.create(
            study_id=subject.study_id,
            subject=subject,
            category=category,
            reason=reason,
            at=timezone.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
        )
        entry(
            action="randomization.arm.unblinded",
            obj=unblinding,
            label=subject.number,
            site_id=subject.site_id,
            subject_id=subject.pk,
            changes=[("category", None, category)],
            reason=reason,
            audience="unblinded",
            outbox=True,
        )
    return unblinding
