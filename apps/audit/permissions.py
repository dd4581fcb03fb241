from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

VIEW_AUDIT = Permission(
    "audit.view_audit",
    _("Read the audit trail"),
    frozenset({Role.INVESTIGATOR, Role.MONITOR, Role.DATA_MANAGER, Role.STUDY_ADMIN, Role.MEDICAL_MONITOR, Role.AUDITOR}),
)
