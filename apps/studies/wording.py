"""Parts of a protocol in the reader's words: offsets, windows, anchors, rules, sources."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.common.text import reader_language
from apps.rules import Rule, in_words
from apps.studies.definition import VisitDefinition
from apps.studies.definition.base import Offset, Text
from apps.studies.protocol import Protocol

ANCHORS = {
    "consent": gettext_lazy("consent"),
    "assent": gettext_lazy("assent"),
    "enrolment": gettext_lazy("enrolment"),
    "randomization": gettext_lazy("randomization"),
    "first_dose": gettext_lazy("the first dose"),
    "last_dose": gettext_lazy("the last dose"),
    "dose_change": gettext_lazy("a change of dose"),
    "course_start": gettext_lazy("the start of the course"),
    "previous_visit": gettext_lazy("the visit before"),
    "relapse": gettext_lazy("relapse"),
    "stabilization": gettext_lazy("stabilization"),
    "treatment_stop": gettext_lazy("the end of treatment"),
    "withdrawal": gettext_lazy("withdrawal"),
    "death": gettext_lazy("death"),
    "disposition": gettext_lazy("the end of the study"),
}
SOURCES = {
    "record": gettext_lazy("registry record"),
    "mirror": gettext_lazy("mirror of the registration"),
    "assumption": gettext_lazy("our assumption"),
}


def said(text: Text | str | None) -> str:
    """A text of the definition in the reader's language, English where the Chinese is not supplied."""
    if not isinstance(text, Text):
        return text or ""
    return (text.zh if reader_language() == "zh" else "") or text.en


def length_words(offset: Offset) -> str:
    """``3 days``, without the sign."""
    count = abs(offset.amount)
    match offset.unit:
        case "weeks":
            return ngettext("%(count)d week", "%(count)d weeks", count) % {"count": count}
        case "months":
            return ngettext("%(count)d month", "%(count)d months", count) % {"count": count}
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


def anchor_words(anchor: str, protocol: Protocol) -> str:
    code = anchor.removeprefix("visit:")
    if code != anchor and code in protocol.visits:
        return said(protocol.visits[code].label)
    return str(ANCHORS.get(anchor, anchor))


def target_words(visit: VisitDefinition, protocol: Protocol) -> str:
    """When the visit is due: ``1 month after the first dose``."""
    if visit.anchor is None or visit.at is None:
        return _("when it is needed")
    words = {"length": length_words(visit.at), "anchor": anchor_words(visit.anchor, protocol)}
    if visit.at.amount == 0:
        return _("on the day of %(anchor)s") % words
    return (_("%(length)s after %(anchor)s") if visit.at.amount > 0 else _("%(length)s before %(anchor)s")) % words


def window_words(visit: VisitDefinition) -> str:
    """The days around the target that are allowed, both ends included: ``−3 days to +7 days``."""
    if visit.window is None:
        return ""
    return _("%(first)s to %(last)s") % {"first": _signed(visit.window[0], "−"), "last": _signed(visit.window[1], "+")}


def _signed(offset: Offset, sign_of_zero: str) -> str:
    sign = sign_of_zero if offset.amount == 0 else "+" if offset.amount > 0 else "−"
    return sign + length_words(offset)


def rule_words(rule: Rule | None, protocol: Protocol) -> str:
    """The rule as a sentence; empty for none."""
    language = reader_language()
    return in_words(rule, protocol.labels(language), language) if rule else ""
