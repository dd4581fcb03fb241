from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

EXPORT_DATA = Permission(
    "exports.export_data",
    _("Export datasets"),
    frozenset({Role.MONITOR, Role.DATA_MANAGER, Role.UNBLINDED_STATISTICIAN, Role.INVESTIGATOR}),
)
