"""What the checks of one item say about its value: ranges, edit checks, and what is required and empty."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.capture.wording import bilingual, range_in_words
from apps.rules import Kind, typed

RANGE_HARD, RANGE_SOFT, REQUIRED = "RANGE_HARD", "RANGE_SOFT", "REQUIRED"


@dataclass(frozen=True)
class Finding:
    """A check that fires at an item (of a line). ``hard`` blocks *complete*; ``value`` is what it is about."""

    item_oid: str
    line_key: str
    check_oid: str
    severity: str  # hard, soft, required
    text: dict[str, str]
    value: Any

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.item_oid, self.line_key, self.check_oid)

    @property
    def is_hard(self) -> bool:
        return self.severity == "hard"


def findings_of(place, stored: Any, scope, complete: bool) -> Iterator[Finding]:
    """What fires at this item; a check whose rule is unknown does not."""
    item = place.item

    def finding(check: str, severity: str, text: dict[str, str]) -> Finding:
        return Finding(item.oid, place.line_key, check, severity, text, stored)

    if complete and stored is None and item.definition.required and item.compute is None:
        yield finding(REQUIRED, "required", required_text())
    if outside := _outside(item, stored):
        severity, interval = outside
        yield finding(
            RANGE_HARD if severity == "hard" else RANGE_SOFT, severity, range_text(stored, interval, item.definition)
        )
    for check in item.checks:
        if check.rule.evaluate(scope) is False:
            yield finding(check.definition.oid, check.definition.severity, check.definition.message.model_dump())


def _outside(item, stored: Any) -> tuple[str, Any] | None:
    """The bound that the value crosses, the hard one first."""
    limits = item.definition.range
    if limits is None or not isinstance(stored, str):
        return None
    value = typed(Kind.NUMBER, stored)
    if not isinstance(value, Decimal):
        return None
    for severity, interval in (("hard", limits.hard), ("soft", limits.soft)):
        if interval is not None and value not in interval:
            return severity, interval
    return None


def required_text() -> dict[str, str]:
    return bilingual(lambda: _("A value is needed here, or the reason why it is missing."))


def range_text(value: str, interval, definition) -> dict[str, str]:
    return bilingual(
        lambda: (
            _("%(value)s lies outside the expected range: %(range)s.")
            % {"value": value, "range": range_in_words(interval, definition.unit)}
        )
    )
