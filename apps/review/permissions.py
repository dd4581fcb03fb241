from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

FREEZE = Permission("review.freeze", _("Freeze and release data"), frozenset({Role.DATA_MANAGER, Role.MONITOR}))
LOCK = Permission("review.lock", _("Lock and unlock data"), frozenset({Role.DATA_MANAGER}))
SIGN = Permission("review.sign", _("Sign"), frozenset({Role.INVESTIGATOR}))
