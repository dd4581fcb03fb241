from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

PRINT = Permission(
    "casebook.print",
    _("Print casebooks and CRFs"),
    frozenset(
        {
            *(Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR, Role.DATA_MANAGER, Role.MEDICAL_MONITOR),
            *(Role.SAFETY_OFFICER, Role.STUDY_ADMIN, Role.AUDITOR),
        }
    ),
)
