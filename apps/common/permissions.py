"""Rights and the roles that hold them. Each app's ``permissions.py`` names its own; one page shows them all."""

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    COORDINATOR = "coordinator", _("Study coordinator")
    SITE_STAFF = "site_staff", _("Site staff")
    INVESTIGATOR = "investigator", _("Investigator")
    MONITOR = "monitor", _("Monitor")
    DATA_MANAGER = "data_manager", _("Data manager")
    SAFETY_OFFICER = "safety_officer", _("Safety officer")
    UNBLINDED_STATISTICIAN = "unblinded_statistician", _("Unblinded statistician")
    STUDY_ADMIN = "study_admin", _("Study administrator")
    OUTCOME_ASSESSOR = "outcome_assessor", _("Outcome assessor")
    MEDICAL_MONITOR = "medical_monitor", _("Medical monitor")
    PHARMACIST = "pharmacist", _("Pharmacist")
    CODER = "coder", _("Coder")
    AUDITOR = "auditor", _("Auditor")


SITE_ROLES = frozenset({Role.COORDINATOR, Role.SITE_STAFF, Role.INVESTIGATOR, Role.PHARMACIST})
ENTRY_ROLES = frozenset({Role.COORDINATOR, Role.SITE_STAFF, Role.INVESTIGATOR})
EVERYONE = frozenset(Role)

REGISTRY: dict[str, "Permission"] = {}


@dataclass(frozen=True)
class Permission:
    """A right: ``code`` is ``app.verb_noun``; ``roles`` hold it at the study and site of their membership."""

    code: str
    label: str | Promise
    roles: frozenset[Role]

    def __post_init__(self):
        if REGISTRY.setdefault(self.code, self) != self:
            raise ValueError(f"Two permissions are called {self.code}")

    def __str__(self) -> str:
        return self.code
