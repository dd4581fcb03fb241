"""Ranges and system texts in words, in the reader's language or in both."""

from collections.abc import Callable

from django.utils import translation
from django.utils.translation import gettext as _

from apps.common.units import unit_words


def bilingual(say: Callable[[], str]) -> dict[str, str]:
    """The text in English and Chinese, for what is stored and read later by either."""
    texts = {}
    for key, language in (("en", "en"), ("zh", "zh-hans")):
        with translation.override(language):
            texts[key] = say()
    return texts


def range_in_words(interval, unit: str = "") -> str:
    """ "8 to 15 g/L, bounds included": open and closed ends are said."""
    words = unit_words(unit)
    tail = f" {words}" if words else ""
    if interval.low is None and interval.high is None:
        return _("any value")
    if interval.high is None:
        return (_("at least %(low)s") if interval.low_closed else _("above %(low)s")) % {"low": interval.low} + tail
    if interval.low is None:
        return (_("at most %(high)s") if interval.high_closed else _("below %(high)s")) % {"high": interval.high} + tail
    if interval.low_closed and interval.high_closed:
        return _("%(low)s to %(high)s") % {"low": interval.low, "high": interval.high} + tail
    low = (_("at least %(low)s") if interval.low_closed else _("above %(low)s")) % {"low": interval.low}
    high = (_("at most %(high)s") if interval.high_closed else _("below %(high)s")) % {"high": interval.high}
    return _("%(low)s and %(high)s") % {"low": low, "high": high} + tail
