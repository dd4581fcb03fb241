from django.utils.translation import gettext_lazy as _

from apps.common.permissions import EVERYONE, Permission, Role

RANDOMIZE = Permission(
    "randomization.randomize", _("Randomize or assign a subject"), frozenset({Role.COORDINATOR, Role.INVESTIGATOR})
)
# whoever is blinded at the study sees no allocation, whatever other role they hold
VIEW_ALLOCATION = Permission(
    "randomization.view_allocation", _("See a subject's arm"), EVERYONE - {Role.OUTCOME_ASSESSOR, Role.CODER}
)
MANAGE_LISTS = Permission(
    "randomization.manage_lists",
    _("Make and release randomization lists"),
    frozenset({Role.UNBLINDED_STATISTICIAN}),
)
