"""What a study wants reviewed, from its definition: which items of which forms, at which visits, of which subjects."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from apps.capture.paths import INACTIVE, item_of, paths_of
from apps.capture.places import RecordPlace
from apps.review.models import Mark
from apps.studies.models import StudyVersion
from apps.studies.protocol import CompiledForm, CompiledItem, get_protocol

NEVER = ("note", "computed")  # nothing of them stands in a source document


@dataclass(frozen=True)
class Plan:
    """The plan in force (that of the study's version), applied to a record of any version."""

    version_id: int
    kind: str

    @property
    def _review(self) -> Any:
        return get_protocol(self.version_id).definition.review

    @property
    def visits(self) -> list[str]:
        """Where required items are required; empty: everywhere. Logs always are."""
        return self._review.sdv.visits if self.kind == Mark.Kind.SDV and self._review.sdv else []

    @property
    def targeting(self) -> tuple[int, int, str] | None:
        """(first subjects of each site, percent of the others, seed); None: every subject."""
        sdv = self._review.sdv
        if self.kind != Mark.Kind.SDV or sdv is None or (sdv.first_subjects is None and sdv.share is None):
            return None
        return sdv.first_subjects or 0, sdv.share or 0, sdv.seed

    def level(self, form: CompiledForm, item: CompiledItem) -> str:
        """required, optional or none."""
        if item.definition.type in NEVER:
            return "none"
        if self.kind != Mark.Kind.SDV:
            return "required" if form.oid in getattr(self._review, self.kind) else "optional"
        of_form = self._review.sdv.forms.get(form.oid) if self._review.sdv else None
        return of_form or item.definition.sdv

    def is_reviewable(self, form: CompiledForm, path: str) -> bool:
        item = form.items.get(item_of(path))
        return item is not None and "@" not in path and not path.endswith("/") and self.level(form, item) != "none"


def reviewable(place: RecordPlace, kind: str) -> list[str]:
    """Paths of everything in the record that the plan does not leave out, that is shown, and that the actor may know of."""
    if place.record is None or place.study.version_id is None:
        return []
    plan = Plan(place.study.version_id, kind)
    visible, hidden = place.visible_items(), set(place.record.irrelevant)
    paths = paths_of(place.record.data)
    inactive = {path.removesuffix(INACTIVE) for path in paths if path.endswith(INACTIVE)}
    return [
        path
        for path in paths
        if path not in hidden
        and item_of(path) in visible
        and path.rpartition("/")[0] not in inactive
        and plan.is_reviewable(place.form, path)
    ]


@lru_cache(maxsize=256)
def plan_rows(study_id: int, in_force: int, kind: str, blinded: bool) -> str:
    """For the database: per version and form the items that are required and those that may be reviewed, as JSON.

    ``[{"version", "form", "required", "items": [OID], "lines": [{"group", "items": [OID]}]}]``; the blinded get no row
    of what they may not see. Kept: versions do not change, and a new one is another ``in_force``.
    """
    plan = Plan(in_force, kind)
    rows = []
    versions = StudyVersion.objects.filter(study_id=study_id).order_by("pk").values_list("pk", flat=True)
    for version_id in versions:
        for form in get_protocol(version_id).forms.values():
            if blinded and form.blinded:
                continue
            for level in ("required", "optional"):
                items = [
                    item
                    for item in form.items.values()
                    if plan.level(form, item) == level and not (blinded and item.definition.blinding)
                ]
                if items:
                    rows.append(_row(version_id, form, items, is_required=level == "required"))
    return json.dumps(rows)


def _row(version_id: int, form: CompiledForm, items: list[CompiledItem], *, is_required: bool) -> dict[str, Any]:
    groups: dict[str, list[str]] = {}
    for item in items:
        if item.line:
            groups.setdefault(item.group.oid, []).append(item.oid)
    return {
        "version": version_id,
        "form": form.oid,
        "required": is_required,
        "items": [item.oid for item in items if not item.line],
        "lines": [{"group": group, "items": oids} for group, oids in groups.items()],
    }
