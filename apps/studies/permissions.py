from django.utils.translation import gettext_lazy as _

from apps.common.permissions import EVERYONE, Permission, Role

ADMIN = frozenset({Role.STUDY_ADMIN})

VIEW_STUDY = Permission("studies.view_study", _("See the protocol and who holds which right"), EVERYONE)
VIEW_PEOPLE = Permission(
    "studies.view_people",
    _("See the people of the study"),
    ADMIN | {Role.DATA_MANAGER, Role.MONITOR, Role.AUDITOR, Role.COORDINATOR, Role.INVESTIGATOR},
)
MANAGE_PEOPLE = Permission("studies.manage_people", _("Give and end roles"), ADMIN)
PUBLISH_VERSION = Permission("studies.publish_version", _("Publish a version of the protocol"), ADMIN)
MANAGE_CONSENT_VERSIONS = Permission(
    "studies.manage_consent_versions", _("Enter versions of the consent form"), ADMIN | {Role.DATA_MANAGER}
)
ACTIVATE_VERSION = Permission("studies.activate_version", _("Put a version into force at a site"), ADMIN)
