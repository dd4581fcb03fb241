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
