"""What stands under a form: how far it is reviewed, by whom it was signed, what holds it, and what one may do of that."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.capture.models import FormRecord
from apps.capture.paths import item_of, paths_of
from apps.capture.places import RecordPlace
from apps.casebook.record_fields import shown_value
from apps.casebook.selectors.grid import Reviewed, reviewed_of
from apps.casebook.selectors.reader import Reader
from apps.common.permissions import Permission
from apps.review.models import Mark
from apps.review.permissions import FREEZE, LOCK, MARKING, SIGN
from apps.review.plan import reviewable
from apps.review.selectors.marks import is_current, marks_of
from apps.studies.models import Hold
from apps.studies.wording import said


@dataclass(frozen=True)
class KindState:
    """One kind of review of a form: of how many items, marked by how many, and what changed since."""

    kind: str
    label: str
    may: bool
    possible: int
    current: int
    dropped: list[tuple[str, str, str, Mark]]  # (item, as seen, now, mark)

    @property
    def is_done(self) -> bool:
        return self.possible > 0 and self.current == self.possible

    @property
    def button(self) -> str:
        return {"sdv": _("Verify the form"), "medical": _("Medically reviewed"), "data": _("Reviewed by data management")}[
            self.kind
        ]


@dataclass
class RecordReview:
    """Read in three statements; empty for a form that nobody has saved."""

    place: RecordPlace
    reader: Reader

    @property
    def record(self) -> FormRecord | None:
        return self.place.record

    @cached_property
    def marks(self) -> dict[str, dict[str, Mark]]:
        """Path → kind → mark, of the items that the reader may know of."""
        if self.record is None:
            return {}
        visible = self.place.visible_items()
        return {path: kinds for path, kinds in marks_of(self.record).items() if item_of(path) in visible}

    @cached_property
    def reviewed(self) -> Reviewed:
        if self.record is None:
            return Reviewed(set(), set())
        return reviewed_of(self.reader, self.place.study, [self.place.subject.pk])

    @property
    def is_verified(self) -> bool:
        return self.record is not None and self.record.pk in self.reviewed.verified

    @property
    def is_signed(self) -> bool:
        return self.record is not None and self.record.pk in self.reviewed.signed

    @property
    def is_active(self) -> bool:
        return self.record is not None and not self.record.inactive and not self.is_locked

    @property
    def is_locked(self) -> bool:
        return any(one.hold == Hold.LOCKED for _name, one in self.place.levels())

    @cached_property
    def kinds(self) -> list[KindState]:
        """Those that somebody has begun, and those that the reader may do."""
        return [state for kind in MARKING if (state := self._state(kind)).may or state.current or state.dropped]

    def _state(self, kind: str) -> KindState:
        possible = self.possible(kind)
        marks = {path: kinds[kind] for path, kinds in self.marks.items() if kind in kinds}
        current = [path for path, mark in marks.items() if self._is_current(mark)]
        return KindState(
            kind=kind,
            label=str(Mark.Kind(kind).label),
            may=self.is_active and self.place.may(MARKING[kind]),
            possible=len(possible),
            current=sum(path in possible for path in current),
            dropped=[self._dropped(mark) for path, mark in marks.items() if not self._is_current(mark)],
        )

    def possible(self, kind: str) -> set[str]:
        """The paths that may be marked."""
        return set(reviewable(self.place, kind))

    def _is_current(self, mark: Mark) -> bool:
        return self.record is not None and is_current(mark, self.record)

    def _dropped(self, mark: Mark) -> tuple[str, str, str, Mark]:
        item = self.place.form.items[item_of(mark.path)]
        now = self.values.get(mark.path)
        return said(item.definition.label), self._shown(item, mark.value), self._shown(item, now), mark

    @cached_property
    def values(self) -> dict[str, Any]:
        return paths_of(self.place.data)

    def _shown(self, item, value: Any) -> str:
        return shown_value(self.place.protocol, item, value) or "–"

    # -- of one item

    def of_item(self, path: str) -> list[tuple[str, Mark, bool, bool]]:
        """(kind in words, mark, whether it is current, whether the reader may take it back) of each mark of the item."""
        return [
            (str(Mark.Kind(kind).label), mark, self._is_current(mark), self.is_active and self.place.may(MARKING[kind]))
            for kind, mark in self.marks.get(path, {}).items()
        ]

    def to_mark(self, path: str) -> list[tuple[str, str]]:
        """(kind, its name) of each mark that the reader may set on the item now."""
        if not self.is_active:
            return []
        return [
            (kind, str(Mark.Kind(kind).label))
            for kind, right in MARKING.items()
            if self.place.may(right) and path in self.possible(kind) and not self._has_current(path, kind)
        ]

    def _has_current(self, path: str, kind: str) -> bool:
        mark = self.marks.get(path, {}).get(kind)
        return mark is not None and self._is_current(mark)

    def badges(self) -> dict[str, list[SafeString]]:
        """Path → what stands beside the item: verified, or changed since."""
        badges: dict[str, list[SafeString]] = {}
        for path, kinds in self.marks.items():
            for kind, mark in kinds.items():
                badges.setdefault(path, []).append(_badge(kind, mark, current=self._is_current(mark)))
        return badges

    # -- what may be done

    def may(self, permission: Permission) -> bool:
        return self.record is not None and self.place.may(permission)

    @property
    def may_sign(self) -> bool:
        return self.is_active and self.may(SIGN) and not self.is_signed

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The steps of holding that are possible on this form, with their names."""
        if self.record is None:
            return []
        return hold_steps(self.record.hold, may_freeze=self.may(FREEZE), may_lock=self.may(LOCK))


def hold_steps(hold: str, *, may_freeze: bool, may_lock: bool) -> list[tuple[str, str]]:
    """(step, its name) that the rights and the present hold allow."""
    if hold == Hold.LOCKED:
        return [("release", _("Unlock"))] if may_lock else []
    steps = []
    if may_freeze:
        steps.append(("release", _("Release")) if hold == Hold.FROZEN else ("freeze", _("Freeze")))
    return [*steps, ("lock", _("Lock"))] if may_lock else steps


def _badge(kind: str, mark: Mark, *, current: bool) -> SafeString:
    words = {"sdv": _("verified"), "medical": _("medically reviewed"), "data": _("data reviewed")}[kind]
    said_by = _("%(what)s by %(who)s, %(at)s UTC") % {
        "what": words,
        "who": mark.actor_name,
        "at": f"{mark.at:%Y-%m-%d %H:%M}",
    }
    title = said_by if current else _("changed since: %(what)s") % {"what": said_by}
    return format_html(
        '<span class="review-mark tone-{}" title="{}">{}<span class="visually-hidden">{}</span></span>',
        "ok" if current else "attention",
        title,
        "✓" if current else "≠",
        title,
    )
