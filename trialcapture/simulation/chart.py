"""What was written of one subject, kept in memory, so that rules are asked without the database.

The same evaluation as in ``capture.services.save_record``: what this chart says fires, fires there.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apps.capture.evaluation import Evaluation, evaluate
from apps.capture.models import FormRecord
from apps.capture.scope import Filled, SubjectScope
from apps.enrolment.assessing import Assessment, assess
from apps.rules import UNKNOWN
from apps.studies.protocol import CompiledForm, Protocol

Values = dict[str, Any]


@dataclass(frozen=True)
class Spot:
    """Where a record stands. ``visit_id`` is the visit's row, or any other number while there is none yet."""

    form_oid: str
    visit_id: int | None = None
    visit_code: str = ""
    on: dt.date | None = None
    position: tuple[int, int, int] = (0, 0, 0)
    repeat: int = 1

    @property
    def key(self) -> tuple[str, int | None, int]:
        return self.form_oid, self.visit_id, self.repeat

    def form(self, protocol: Protocol) -> CompiledForm:
        return protocol.forms[self.form_oid]


@dataclass
class Chart:
    """``milestones``: (kind, occurrence) → day, as the subject's row has them."""

    protocol: Protocol
    milestones: dict[tuple[str, int], dt.date | None] = field(default_factory=dict)
    _filled: dict[tuple[str, int | None, int], Filled] = field(default_factory=dict)
    _ids: dict[tuple[str, int | None, int], int] = field(default_factory=dict)

    def scope(self, here: Filled | None = None, **more: Any) -> SubjectScope:
        rows = [one for one in self._filled.values() if here is None or one.id != here.id]
        return SubjectScope(None, self.protocol, filled=rows, here=here, milestones=dict(self.milestones), **more)

    def evaluate(self, spot: Spot, data: Mapping[str, Any], *, complete: bool = True) -> Evaluation:
        """What the form's rules make of these values at this place."""
        here = self._row(spot, data, frozenset())
        return evaluate(spot.form(self.protocol), data, self.scope(here), complete=complete)

    def put(self, spot: Spot, outcome: Evaluation) -> None:
        """Remember the record as it would be stored."""
        self.remember(spot, outcome.data, outcome.irrelevant)

    def remember(self, spot: Spot, data: Mapping[str, Any], irrelevant: list[str]) -> None:
        """Remember the record as it was stored."""
        self._filled[spot.key] = self._row(spot, data, frozenset(irrelevant))

    def drop(self, spot: Spot) -> None:
        """The record says nothing: it was not done."""
        self._filled.pop(spot.key, None)

    def data_of(self, spot: Spot) -> Values:
        row = self._filled.get(spot.key)
        return dict(row.data) if row else {}

    def repeats(self, form_oid: str) -> int:
        """How many records of a log form there are."""
        return sum(key[0] == form_oid for key in self._filled)

    def value(self, oid: str) -> Any:
        """The subject's newest value, typed; UNKNOWN where there is none or the study has no such item."""
        return self.scope().value(oid) if oid in self.protocol.items else UNKNOWN

    def assess(self) -> Assessment:
        return assess(None, self.protocol, self.scope())

    def copy(self) -> "Chart":
        return replace(self, milestones=dict(self.milestones), _filled=dict(self._filled), _ids=self._ids)

    def _row(self, spot: Spot, data: Mapping[str, Any], irrelevant: frozenset[str]) -> Filled:
        return Filled(
            id=self._ids.setdefault(spot.key, len(self._ids) + 1),
            form_oid=spot.form_oid,
            repeat=spot.repeat,
            visit_id=spot.visit_id,
            status=FormRecord.Status.COMPLETE,
            data=data,
            irrelevant=irrelevant,
            visit_code=spot.visit_code,
            on=spot.on,
            position=spot.position,
        )
