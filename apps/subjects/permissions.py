from django.utils.translation import gettext_lazy as _

from apps.common.permissions import ENTRY_ROLES, EVERYONE, Permission, Role

VIEW_SUBJECTS = Permission("subjects.view_subjects", _("See subjects and their casebooks"), EVERYONE)
SCREEN_SUBJECT = Permission("subjects.screen_subject", _("Screen a subject"), ENTRY_ROLES)
RECORD_MILESTONE = Permission("subjects.record_milestone", _("Record dated facts of a subject"), ENTRY_ROLES)
TRANSFER_SUBJECT = Permission(
    "subjects.transfer_subject", _("Transfer a subject to another site"), frozenset({Role.DATA_MANAGER, Role.STUDY_ADMIN})
)
# asked at the site itself: a role for all sites does not do
SEE_IDENTITIES = Permission("subjects.see_identities", _("Keep the site's identification list"), ENTRY_ROLES)
