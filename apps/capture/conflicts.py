"""Somebody saved in between: who, when, and each field as it was before, is theirs and would be mine."""

from typing import Any

from django.utils.translation import gettext as _

from apps.capture.models import FormRecord, RecordRevision
from apps.capture.paths import item_of, paths_of
from apps.capture.places import RecordPlace, load_place
from apps.common.actors import Actor
from apps.common.errors import Conflict


def conflict(actor: Actor, place: RecordPlace, mine: dict[str, Any] | None, revision: int | None = None) -> Conflict:
    """The refusal of a stale save. ``mine`` is the data as this person would have it, None when nothing was typed."""
    now = load_place(actor, place.ref)
    base = place.revision if revision is None else revision
    revisions = RecordRevision.objects.filter(record_id=now.record.pk) if now.record else RecordRevision.objects.none()
    newest = revisions.order_by("-revision").first()
    old = revisions.filter(revision=base).first()
    details = {
        "who": newest.actor_name if newest else "",
        "when": newest.at if newest else None,
        "revision": now.revision,
        "fields": merge_fields(now, old.data if old else {}, now.data, mine),
    }
    return Conflict(
        _("%(who)s saved this form while you were typing. Nothing of yours is lost: choose for each field.")
        % {"who": details["who"] or _("Somebody")},
        code="conflict",
        details=details,
    )


def merge_fields(place: RecordPlace, before: dict, theirs: dict, mine: dict | None) -> list[dict[str, Any]]:
    """The fields that differ, of the items that the actor may know of; computed ones follow by themselves."""
    visible = place.visible_items()
    old, now, new = paths_of(before), paths_of(theirs), paths_of(before if mine is None else mine)
    fields = []
    for path in [*new, *(path for path in now if path not in new)]:
        oid = item_of(path)
        item = visible.get(oid)
        if item is None or item.compute is not None or "@" in path or new.get(path) == now.get(path):
            continue
        fields.append(
            {
                "path": path,
                "item": oid,
                "before": old.get(path),
                "theirs": now.get(path),
                "mine": new.get(path),
                "by_both": old.get(path) not in (now.get(path), new.get(path)),
                "by_me": old.get(path) != new.get(path),
            }
        )
    return fields


def is_new_line_taken(place: RecordPlace, revision: int) -> bool:
    """Two people began the same new line of a log at once: the later one belongs on the next line."""
    return revision == 0 and place.record is not None and place.form.is_log and place.form.definition.repeating


def next_repeat(subject_id: int, form_oid: str, visit_id: int | None = None) -> int:
    newest = FormRecord.objects.filter(subject_id=subject_id, form_oid=form_oid, visit_id=visit_id)
    return (newest.order_by("-repeat").values_list("repeat", flat=True).first() or 0) + 1
