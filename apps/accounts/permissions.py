"""The operator's right. No study role holds it: it comes with ``User.is_operator``."""

from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import Forbidden
from apps.common.permissions import Permission

MANAGE_ACCOUNTS = Permission("accounts.manage_accounts", _("Manage accounts (operator of the server)"), frozenset())


def require_operator(actor: Actor) -> None:
    """Refuse (403) whoever does not run the server."""
    from apps.accounts.models import User

    if not actor.is_system and not User.objects.filter(pk=actor.user_id, is_operator=True, is_active=True).exists():
        raise Forbidden(MANAGE_ACCOUNTS)
