from django.utils.translation import gettext_lazy as _

from apps.common.permissions import ENTRY_ROLES, Permission

RECORD_VISIT = Permission("visits.record_visit", _("Date, book and miss visits"), ENTRY_ROLES)
