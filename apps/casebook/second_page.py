"""The page of a second entry: the form as an empty one, or as this entry was left; nothing of the first entry is on it."""

from dataclasses import dataclass
from typing import Any

from apps.capture.double_entry import place_of_second, second_of
from apps.capture.models import Query
from apps.capture.places import RecordPlace
from apps.capture.selectors import draft_of
from apps.capture.services.second_entry import refuse_second
from apps.casebook.record_names import typed_from
from apps.casebook.record_page import RecordPage
from apps.common.errors import DomainError


@dataclass
class SecondPage(RecordPage):
    """``place`` is that of the second entry; ``closed`` says why nothing can be entered."""

    closed: str = ""
    is_second = True
    may_ask = may_inactivate = may_move = may_be_not_done = needs_reason = False
    next_form = None

    def __post_init__(self) -> None:
        draft = draft_of(self.place, second=True) if self.typed is None and not self.closed else None
        if self.typed is None:
            self.typed = draft.data if draft else typed_from(self._entered())
            if draft:
                self.revision = draft.base_revision
        super().__post_init__()
        self.draft = draft

    @property
    def may_hold(self) -> bool:
        return not self.closed

    @property
    def queries(self) -> list[Query]:
        return []

    @property
    def url(self) -> str:
        return f"{super().url}second/"

    @property
    def draft_key(self) -> str:
        return f"{super().draft_key}:second"

    def as_context(self) -> dict[str, Any]:
        return super().as_context() | {"record": None}


def second_page(place: RecordPlace, **shown) -> SecondPage:
    """For whoever may make the second entry; 403 or 404 for others, words where it cannot be made now."""
    second = second_of(place)
    closed = ""
    try:
        refuse_second(place, second)
    except DomainError as refusal:
        closed = str(refusal)
        second = second if refusal.code != "same_person" else None
    return SecondPage(place_of_second(place, second), closed=closed, **shown)
