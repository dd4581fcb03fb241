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
# what is sealed, released and left, and after the study the revealed lists; never an entry before its use
VIEW_LISTS = Permission(
    "randomization.view_lists",
    _("See the randomization lists' state"),
    frozenset({Role.UNBLINDED_STATISTICIAN, Role.AUDITOR}),
)
RECORD_MISRANDOMIZATION = Permission(
    "randomization.record_misrandomization",
    _("Record a wrong randomization"),
    frozenset({Role.COORDINATOR, Role.INVESTIGATOR, Role.DATA_MANAGER}),
)
UNBLIND = Permission(
    "randomization.unblind",
    _("Learn a subject's arm in an emergency"),
    frozenset({Role.INVESTIGATOR, Role.SAFETY_OFFICER}),
)
