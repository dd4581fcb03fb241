"""Accounts as the operator sees them: people, never what they do in a study."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from apps.accounts.models import User
from apps.accounts.permissions import MANAGE_ACCOUNTS
from apps.audit.models import Delivery, Outbox
from apps.common.actors import Actor
from apps.common.errors import Forbidden, NotVisible


def require_operator(actor: Actor) -> None:
    """Refuse (403) whoever does not run the server."""
    if not actor.is_system and not User.objects.filter(pk=actor.user_id or 0, is_operator=True, is_active=True).exists():
        raise Forbidden(MANAGE_ACCOUNTS)


def accounts_visible_to(actor: Actor, *, search: str = "", state: str = "") -> QuerySet[User]:
    """All accounts, for the operator alone (403). ``state`` is active, invited or inactive."""
    require_operator(actor)
    accounts = User.objects.annotate(has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"))))
    if search:
        accounts = accounts.filter(
            Q(username__icontains=search) | Q(full_name__icontains=search) | Q(email__icontains=search)
        )
    if state == "inactive":
        accounts = accounts.filter(is_active=False)
    elif state:
        accounts = accounts.filter(is_active=True)
        invited = Q(password__startswith="!")
        accounts = accounts.filter(invited) if state == "invited" else accounts.exclude(invited)
    return accounts


def get_account_for(actor: Actor, username: str) -> User:
    account = accounts_visible_to(actor).filter(username=username).first()
    if account is None:
        raise NotVisible
    return account


def queue_state(actor: Actor) -> dict[str, Any]:
    """What waits, runs and was given up in the background. Handlers' names and errors, no study data."""
    require_operator(actor)
    state = Delivery.objects.exclude(status=Delivery.Status.DONE).aggregate(
        waiting=Count("pk", filter=Q(status=Delivery.Status.WAITING)),
        running=Count("pk", filter=Q(status=Delivery.Status.RUNNING)),
        dead=Count("pk", filter=Q(status=Delivery.Status.DEAD)),
        oldest=Min("run_after", filter=Q(status=Delivery.Status.WAITING)),
    )
    unexpanded = Outbox.objects.filter(expanded=False).aggregate(count=Count("pk"), oldest=Min("created_at"))
    oldest = [moment for moment in (state["oldest"], unexpanded["oldest"]) if moment]
    dead = Delivery.objects.filter(status=Delivery.Status.DEAD)
    return state | {
        "waiting": state["waiting"] + unexpanded["count"],
        "oldest": min(oldest, default=None),
        "last_errors": [] if not state["dead"] else list(dead.order_by("-run_after").values("handler", "error")[:5]),
    }
