from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

MANAGE_RANGES = Permission(
    "labs.manage_ranges", _("Maintain reference ranges"), frozenset({Role.STUDY_ADMIN, Role.DATA_MANAGER})
)
