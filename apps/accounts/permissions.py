"""The operator's right. No study role holds it: it comes with ``User.is_operator``."""

from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission

MANAGE_ACCOUNTS = Permission("accounts.manage_accounts", _("Manage accounts (operator of the server)"), frozenset())
