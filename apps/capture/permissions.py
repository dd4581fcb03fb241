"""The rights over records and queries."""

from django.utils.translation import gettext_lazy as _

from apps.common.permissions import ENTRY_ROLES, EVERYONE, Permission, Role

ASKERS = frozenset({Role.MONITOR, Role.DATA_MANAGER, Role.MEDICAL_MONITOR, Role.SAFETY_OFFICER})

VIEW_RECORDS = Permission("capture.view_records", _("Read the casebook"), EVERYONE)
ENTER_DATA = Permission("capture.enter_data", _("Enter and change data"), ENTRY_ROLES)
SCORE_READING = Permission(
    "capture.score_reading", _("Read images by code and score outcomes"), frozenset({Role.OUTCOME_ASSESSOR})
)
INACTIVATE_RECORD = Permission("capture.inactivate_record", _("Take a record out of the data, or back in"), ENTRY_ROLES)
MOVE_RECORD = Permission(
    "capture.move_record", _("Move a record to another subject or visit"), frozenset({Role.COORDINATOR, Role.DATA_MANAGER})
)
SECOND_ENTRY = Permission(
    "capture.enter_again", _("Make the second entry of a form"), frozenset({Role.COORDINATOR, Role.SITE_STAFF})
)
ADJUDICATE = Permission("capture.decide_differences", _("Decide where two entries differ"), frozenset({Role.DATA_MANAGER}))
OPEN_QUERY = Permission("capture.open_query", _("Open and reopen queries"), ASKERS)
ANSWER_QUERY = Permission("capture.answer_query", _("Answer queries"), ENTRY_ROLES | ASKERS)
CLOSE_QUERY = Permission("capture.close_query", _("Close queries"), ASKERS)
RUN_CHECKS = Permission("capture.run_checks", _("Run all checks again"), frozenset({Role.DATA_MANAGER}))
