"""Names of a protocol's fixed words, for its pages."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from apps.common.permissions import Role
from apps.studies.definition.base import Interval
from apps.studies.protocol import Protocol
from apps.studies.wording import SOURCES, said

register = template.Library()

ARM_KINDS = {
    "experimental": gettext_lazy("Experimental"),
    "active_comparator": gettext_lazy("Active comparator"),
    "placebo_comparator": gettext_lazy("Placebo comparator"),
    "no_intervention": gettext_lazy("No intervention"),
    "other": gettext_lazy("Other"),
}
FREQUENCIES = {"QD": gettext_lazy("once a day"), "BID": gettext_lazy("twice a day")}
OUTCOMES = {"primary": gettext_lazy("Primary"), "secondary": gettext_lazy("Secondary"), "safety": gettext_lazy("Safety")}
# as ClinicalTrials.gov names them, and what the definitions say where the record is silent
REGISTRY_STATUSES = {
    "Not yet recruiting": gettext_lazy("Not yet recruiting"),
    "Recruiting": gettext_lazy("Recruiting"),
    "Enrolling by invitation": gettext_lazy("Enrolling by invitation"),
    "Active, not recruiting": gettext_lazy("Active, not recruiting"),
    "Suspended": gettext_lazy("Suspended"),
    "Terminated": gettext_lazy("Terminated"),
    "Completed": pgettext_lazy("status of a study in the registry", "Completed"),
    "Withdrawn": pgettext_lazy("status of a study in the registry", "Withdrawn"),
    "Unknown": gettext_lazy("Unknown"),
    "Not stated in the record": gettext_lazy("Not stated in the record"),
}
APPS = {
    "audit": gettext_lazy("Audit trail"),
    "accounts": gettext_lazy("Accounts"),
    "studies": gettext_lazy("Study"),
    "subjects": gettext_lazy("Subjects"),
    "visits": gettext_lazy("Visits"),
    "labs": gettext_lazy("Laboratories"),
    "capture": gettext_lazy("Casebook"),
    "review": gettext_lazy("Review"),
    "enrolment": gettext_lazy("Eligibility and enrolment"),
    "randomization": gettext_lazy("Randomization"),
    "safety": gettext_lazy("Safety"),
    "dosing": gettext_lazy("Dosing"),
    "notifications": gettext_lazy("Notices"),
    "exports": gettext_lazy("Exports"),
}


def _named(names: dict):
    return lambda code: str(names.get(code, code))


register.filter("arm_kind", _named(ARM_KINDS))
register.filter("frequency_name", _named(FREQUENCIES))
register.filter("outcome_kind", _named(OUTCOMES))
register.filter("registry_status", _named(REGISTRY_STATUSES))
register.filter("app_name", _named(APPS))
register.filter("role_name", _named({role.value: role.label for role in Role}))
register.filter("source_name", _named(SOURCES))


@register.filter
def arm_name(code: str, protocol: Protocol) -> str:
    arm = protocol.arms.get(code)
    return said(arm.label) if arm else code


@register.filter
def range_words(interval: Interval) -> str:
    """``above 10, up to and including 15``: which ends belong to the range is said, not drawn."""
    low, high = interval.low, interval.high
    parts = []
    if low is not None:
        parts.append((_("from %(low)s") if interval.low_closed else _("above %(low)s")) % {"low": low})
    if high is not None:
        parts.append((_("up to and including %(high)s") if interval.high_closed else _("below %(high)s")) % {"high": high})
    return _(", ").join(parts) or _("any")
