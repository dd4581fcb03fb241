"""What an operator may do about deliveries that were given up; sealing, for the services above."""

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.audit.models import Delivery
from apps.audit.seals import seal, seal_chains
from apps.common.actors import Actor
from apps.common.errors import DomainError

__all__ = ["retry_delivery", "seal", "seal_chains"]


def retry_delivery(actor: Actor, delivery: Delivery, *, reason: str) -> Delivery:
    """Give a delivery that was given up a fresh set of attempts. Refused (DomainError) for one that was not.

    Whoever runs the server calls it (`manage.py queues --retry`): it is no right of a study.
    """
    with ledger(actor, delivery.study_id) as entry:
        held = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if held.status != Delivery.Status.DEAD:
            raise DomainError(_("Only a delivery that was given up is tried again."), code="not_given_up")
        held.status, held.attempt, held.run_after = Delivery.Status.WAITING, 0, timezone.now()
        held.save(update_fields=["status", "attempt", "run_after"])
        entry(
            action="audit.delivery.retried",
            obj=held,
            label=held.handler,
            changes=[("status", Delivery.Status.DEAD.value, Delivery.Status.WAITING.value)],
            reason=reason,
        )
    return held
