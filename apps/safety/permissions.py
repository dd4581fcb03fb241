from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

CLINICAL = frozenset({Role.COORDINATOR, Role.INVESTIGATOR, Role.SAFETY_OFFICER, Role.MEDICAL_MONITOR})
VIEW_FLAGS = Permission(
    "safety.view_flags",
    _("See flags"),
    CLINICAL | {Role.SITE_STAFF, Role.MONITOR, Role.DATA_MANAGER, Role.PHARMACIST, Role.OUTCOME_ASSESSOR, Role.AUDITOR},
)
HANDLE_FLAGS = Permission("safety.handle_flags", _("Acknowledge and resolve flags"), CLINICAL)
