"""What a rule knows about the items of a study: their kind, their form and whether they repeat."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from apps.rules.dates import PartialDate
from apps.rules.unknown import Unknown

Value = Decimal | PartialDate | dt.time | dt.datetime | bool | str | frozenset[str]
Result = Value | Unknown


class Kind(StrEnum):
    """The kinds of value, with the Python type that carries each."""

    TEXT = "text"  # str
    NUMBER = "number"  # Decimal
    DATE = "date"  # PartialDate
    TIME = "time"  # datetime.time
    DATETIME = "datetime"  # datetime.datetime, the site's wall clock, without a zone
    BOOL = "yesno"  # bool
    CHOICE = "choice"  # str: the code
    CHOICES = "choices"  # frozenset of codes
    FILE = "file"  # str: the name of the file


KIND_NAMES: Final[dict[Kind, str]] = {
    Kind.TEXT: "a text",
    Kind.NUMBER: "a number",
    Kind.DATE: "a date",
    Kind.TIME: "a time",
    Kind.DATETIME: "a date and time",
    Kind.BOOL: "a yes or no",
    Kind.CHOICE: "a choice",
    Kind.CHOICES: "several choices",
    Kind.FILE: "a file",
}


@dataclass(frozen=True)
class ItemSpec:
    """An item as a rule sees it. `repeating`: it lies in a repeating form or group, so its name alone is no value."""

    oid: str
    kind: Kind
    form: str
    repeating: bool = False
    codes: frozenset[str] | None = None
    group: str | None = None


class Schema:
    """The items of a study. An OID has one kind and may occur on several forms.

    Raises ValueError when an OID comes with two kinds, or twice on one form.
    """

    def __init__(self, items: Iterable[ItemSpec]) -> None:
        self._items: dict[str, dict[str, ItemSpec]] = {}
        self._here: tuple[str, str | None] | None = None
        for item in items:
            self._add(item)

    def _add(self, item: ItemSpec) -> None:
        places = self._items.setdefault(item.oid, {})
        if item.form in places:
            raise ValueError(f"{item.oid} is twice on the form {item.form}")
        if any(other.kind is not item.kind for other in places.values()):
            raise ValueError(f"{item.oid} has two kinds")
        places[item.form] = item

    def within(self, form: str, group: str | None = None) -> Schema:
        """The same items seen from one line: those of this form (and group) need no selector there."""
        seen = Schema(())
        seen._items, seen._here = self._items, (form, group)
        return seen

    def get(self, oid: str, form: str | None = None) -> ItemSpec | None:
        """The item, on this form or on any (a form where it needs no selector first); None if there is none."""
        places = self._items.get(oid, {})
        if form is not None:
            return places.get(form)
        return min(places.values(), key=self.needs_selector, default=None)

    def needs_selector(self, item: ItemSpec) -> bool:
        """Does the item repeat where the rule stands?"""
        here = self._here is not None and item.form == self._here[0] and item.group in (None, self._here[1])
        return item.repeating and not here

    def forms(self, oid: str) -> list[str]:
        return sorted(self._items.get(oid, {}))

    @property
    def oids(self) -> list[str]:
        return sorted(self._items)
