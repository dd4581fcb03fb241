"""What changes a study: publishing, versions at sites, roles of people."""

from apps.studies.services.consents import add_consent_version, withdraw_consent_version
from apps.studies.services.deciding import decide_question
from apps.studies.services.people import end_role, grant_role
from apps.studies.services.publishing import publish
from apps.studies.services.sites import activate_version

__all__ = [
    "activate_version",
    "add_consent_version",
    "decide_question",
    "end_role",
    "grant_role",
    "publish",
    "withdraw_consent_version",
]
