"""The page after somebody else saved in between: each field as it was, theirs and mine, to choose from."""

from dataclasses import dataclass
from typing import Any

from apps.capture.places import RecordPlace
from apps.casebook.record_fields import shown_value
from apps.casebook.record_names import Typed, name_of
from apps.casebook.record_page import RecordPage
from apps.studies.wording import said

MERGE = "merge."


@dataclass
class MergeRow:
    """``choice``: what is chosen before the person chooses: what only one side changed is taken from that side."""

    name: str
    label: str
    before: str
    theirs: str
    mine: str
    choice: str


@dataclass
class MergePage(RecordPage):
    """``typed`` goes along in hidden inputs, so nothing typed is lost; ``revision`` is the one to merge onto."""

    def rows(self) -> list[MergeRow]:
        assert self.error is not None
        return [_row(self.place, field) for field in self.error.details["fields"]]

    def kept(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in (self.typed or {}).items() for value in values]


def _row(place: RecordPlace, field: dict[str, Any]) -> MergeRow:
    item = place.form.items[field["item"]]
    shown = {side: shown_value(place.protocol, item, field[side]) for side in ("before", "theirs", "mine")}
    choice = "" if field["by_both"] else "mine" if field["by_me"] else "theirs"
    return MergeRow(name_of(field["path"]), said(item.definition.label), **shown, choice=choice)


def take_theirs(typed: Typed, post) -> dict[str, list[str]]:
    """After a merge: what was chosen as theirs is not posted, so that it stays as they saved it."""
    theirs = {name.removeprefix(MERGE) for name in post if name.startswith(MERGE) and post[name] == "theirs"}
    parts = ("", ".codes", ".unit", ".missing")
    gone = {f"{name}{part}" for name in theirs for part in parts}
    return {name: values for name, values in typed.items() if name not in gone}
