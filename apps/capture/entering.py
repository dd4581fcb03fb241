"""What was typed into a form, laid over what is stored: every item read, every refusal at its place.

Nothing is stored here. A name that the form does not have, a value of a computed or hidden item, or a text that
cannot be read is a problem at its path, and one problem refuses the whole input.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.capture.paths import is_lines
from apps.capture.reading import Reading, read_item, refuse_hidden_characters
from apps.capture.unreadable import Unreadable
from apps.common.errors import DomainError

LINE_KEY = re.compile(r"[a-z0-9]{4,16}")
LINES_MAX = 2000
REASON_MAX = 1000


@dataclass(frozen=True)
class Problem:
    """One refused input; ``path`` as in the ledger."""

    path: str
    message: str
    code: str

    @property
    def item_oid(self) -> str:
        return self.path.rsplit("/", 1)[-1]


class Refused(DomainError):
    """Something typed cannot be stored; ``problems`` says what, where and why. Nothing was changed."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        first = problems[0]
        super().__init__(
            ngettext(
                "Nothing was saved: one entry cannot be taken. %(item)s: %(message)s",
                "Nothing was saved: %(count)s entries cannot be taken. The first, %(item)s: %(message)s",
                len(problems),
            )
            % {"count": len(problems), "item": first.item_oid, "message": first.message},
            code=first.code,
            item=first.item_oid,
            details={"problems": [vars(problem) for problem in problems]},
        )


@dataclass
class Entry:
    """The data as it would be, and the problems that stand in its way."""

    data: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)


class Typist:
    """Lays one input over the data of one form; ``items`` are those that the actor may know of."""

    def __init__(self, protocol, form, items: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        self.protocol, self.form, self.items = protocol, form, items
        self.groups = {item.group.oid: item.group for item in items.values() if item.line}
        self.entry = Entry({**data, "_entered": dict(data.get("_entered", {}))})

    def take(self, values: Mapping[str, Any]) -> Entry:
        for name, raw in values.items():
            if name in self.groups:
                self._lines(name, raw)
            elif (item := self.items.get(name)) is not None and not item.line:
                self._item(self.entry.data, item, name, raw)
            else:
                self._unknown(name)
        if not self.entry.data["_entered"]:
            del self.entry.data["_entered"]
        return self.entry

    def _unknown(self, name: str) -> None:
        """Another form's item and a forged name are refused alike; the hidden are not told apart from the absent."""
        foreign = name in self.protocol.items and name not in self.form.items
        message = _("This item stands on another form.") if foreign else _("This form has no such item.")
        self._problem(str(name)[:80], message, "other_form" if foreign else "unknown_item")

    def _problem(self, path: str, message: str, code: str) -> None:
        self.entry.problems.append(Problem(path, message, code))

    def _item(self, target: dict[str, Any], item, path: str, raw: Any) -> None:
        if item.compute is not None or item.definition.type == "note":
            self._problem(path, _("This value is computed, not entered."), "computed")
            return
        try:
            reading = read_item(item.definition, raw, self.protocol.codelists.get(item.definition.codelist))
        except Unreadable as refusal:
            self._problem(path, refusal.message, refusal.code)
            # for the page, which goes on without it; what is saved is refused as a whole
            reading = Reading(None)
        _put(target, item.oid, reading.value)
        _put(target["_entered"], item.oid, reading.entered)

    # -- repeating groups

    def _lines(self, group: str, raw: Any) -> None:
        if not isinstance(raw, list) or not all(isinstance(line, dict) for line in raw):
            self._problem(group, _("This input has a form that the item does not take."), "shape")
            return
        kept = self.entry.data.get(group) or []
        before = {line["_key"]: line for line in kept} if is_lines(kept) else {}
        after: dict[str, dict[str, Any]] = {}
        for line in raw:
            key = self._key(line, after)
            filled = self._line(group, key, before.get(key, {}), line)
            if filled.keys() - {"_key"} or key in before:
                after[key] = filled
        if not before.keys() <= after.keys():
            after = {**before, **after}
        if len(after) > LINES_MAX:
            self._problem(group, _("A table takes at most %(limit)s lines.") % {"limit": LINES_MAX}, "too_long")
            return
        _put(self.entry.data, group, list(after.values()) or None)

    def _key(self, line: Mapping[str, Any], taken: Mapping[str, Any]) -> str:
        """The line's own key where it is one; a new line gets a new key."""
        key = line.get("_key")
        if isinstance(key, str) and LINE_KEY.fullmatch(key) and key not in taken:
            return key
        return secrets.token_hex(5)

    def _line(self, group: str, key: str, before: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
        line = {**before, "_key": key, "_entered": dict(before.get("_entered", {}))}
        for name, value in raw.items():
            item = self.items.get(name)
            if name == "_inactive":
                self._inactivate(line, f"{group}/{key}", value)
            elif item is not None and item.line and item.group.oid == group:
                self._item(line, item, f"{group}/{key}/{name}", value)
            elif name != "_key":
                self._unknown(name)
        if not line["_entered"]:
            del line["_entered"]
        return line

    def _inactivate(self, line: dict[str, Any], path: str, reason: Any) -> None:
        """A line is never deleted: it stops counting, with a reason, and may count again."""
        try:
            if not isinstance(reason, str) or len(reason) > REASON_MAX:
                raise Unreadable(_("The reason is a text of at most %(limit)s characters.") % {"limit": REASON_MAX}, "shape")
            refuse_hidden_characters(reason)
        except Unreadable as refusal:
            self._problem(f"{path}@inactive", refusal.message, refusal.code)
            return
        _put(line, "_inactive", reason.strip() or None)


def _put(target: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        target.pop(name, None)
    else:
        target[name] = value
