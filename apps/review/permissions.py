from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

FREEZE = Permission("review.freeze", _("Freeze and release data"), frozenset({Role.DATA_MANAGER, Role.MONITOR}))
LOCK = Permission("review.lock", _("Lock and unlock data"), frozenset({Role.DATA_MANAGER}))
SIGN = Permission("review.sign", _("Sign"), frozenset({Role.INVESTIGATOR}))
VERIFY = Permission("review.verify", _("Verify against source"), frozenset({Role.MONITOR}))
REVIEW_MEDICAL = Permission(
    "review.review_medical", _("Review medically"), frozenset({Role.MEDICAL_MONITOR, Role.SAFETY_OFFICER})
)
REVIEW_DATA = Permission("review.review_data", _("Review as data manager"), frozenset({Role.DATA_MANAGER}))
VIEW_CLOSING = Permission(
    "review.view_closing",
    _("See the close-out list"),
    frozenset({Role.DATA_MANAGER, Role.MONITOR, Role.STUDY_ADMIN, Role.INVESTIGATOR, Role.COORDINATOR}),
)
WAIVE = Permission("review.waive", _("Let a line of the close-out list stand"), frozenset({Role.DATA_MANAGER}))

# whose mark is whose: kind → right
MARKING = {"sdv": VERIFY, "medical": REVIEW_MEDICAL, "data": REVIEW_DATA}
_SITE = frozenset({Role.COORDINATOR, Role.SITE_STAFF, Role.INVESTIGATOR})
_JUDGES = frozenset({Role.MONITOR, Role.DATA_MANAGER, Role.MEDICAL_MONITOR, Role.INVESTIGATOR})
REPORT_DEVIATION = Permission("review.report_deviation", _("Report a deviation"), _SITE | _JUDGES)
JUDGE_DEVIATION = Permission("review.judge_deviation", _("Judge and close deviations"), _JUDGES)
VIEW_DEVIATIONS = Permission(
    "review.view_deviations",
    _("See deviations"),
    _SITE | _JUDGES | {Role.SAFETY_OFFICER, Role.STUDY_ADMIN, Role.AUDITOR},
)
MONITOR_SITE = Permission("review.monitor_site", _("Record monitoring visits"), frozenset({Role.MONITOR}))
DO_ACTION = Permission("review.do_action", _("Settle an action of a monitoring visit"), _SITE | {Role.MONITOR})
VIEW_MONITORING = Permission(
    "review.view_monitoring",
    _("See monitoring visits"),
    _SITE | {Role.MONITOR, Role.DATA_MANAGER, Role.STUDY_ADMIN, Role.AUDITOR},
)
