from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

VIEW_LEVELS = Permission(
    "dosing.view_levels",
    _("See levels against their target"),
    frozenset(
        {
            Role.COORDINATOR,
            Role.SITE_STAFF,
            Role.INVESTIGATOR,
            Role.PHARMACIST,
            Role.MONITOR,
            Role.DATA_MANAGER,
            Role.SAFETY_OFFICER,
            Role.MEDICAL_MONITOR,
            Role.UNBLINDED_STATISTICIAN,
            Role.AUDITOR,
        }
    ),
)
ASSESS_LEVELS = Permission("dosing.assess_levels", _("Assess levels"), frozenset())
