"""What changes a study: publishing, versions at sites, roles of people."""

from apps.studies.services.people import end_role, grant_role
from apps.studies.services.publishing import publish
from apps.studies.services.sites import activate_version

__all__ = ["activate_version", "end_role", "grant_role", "publish"]
