from django.utils.translation import gettext_lazy as _

from apps.common.permissions import Permission, Role

CONFIRM_ELIGIBILITY = Permission(
    "enrolment.confirm_eligibility", _("Confirm eligibility by signature"), frozenset({Role.INVESTIGATOR})
)
ENROL_SUBJECT = Permission("enrolment.enrol_subject", _("Enrol a subject"), frozenset({Role.COORDINATOR, Role.INVESTIGATOR}))
DEPART_SUBJECT = Permission(
    "enrolment.depart_subject",
    _("Record screening failure, withdrawal, loss, death, end of treatment and completion"),
    frozenset({Role.COORDINATOR, Role.INVESTIGATOR}),
)
