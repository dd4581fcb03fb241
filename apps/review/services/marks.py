"""Marks of reviewers: source data verification, medical review, data-management review; given and taken back.

Freezing leaves them possible, locking does not. Nothing here invalidates: a mark counts while its item is as it was.
"""

from collections.abc import Iterable, Mapping

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import Entry, ledger
from apps.capture.locks import join_writers
from apps.capture.models import FormRecord, Query
from apps.capture.paths import item_of, paths_of
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.services import open_query
from apps.capture.wording import bilingual
from apps.common.actors import Actor
from apps.common.errors import Conflict, DomainError, NotVisible
from apps.common.reasons import need_reason
from apps.review.models import Mark
from apps.review.permissions import MARKING
from apps.review.plan import reviewable
from apps.review.selectors.marks import is_current
from apps.studies.access import require
from apps.visits.models import SubjectVisit

HIDDEN = "HIDDEN"  # what the system's own queries about verified values are called


def mark_record(
    actor: Actor, record: FormRecord, revision: int, *, kind: str, paths: Iterable[str] | None = None
) -> list[Mark]:
    """Mark items (all that may be reviewed, unless ``paths`` names some) as the reviewer saw them at ``revision``.

    What is marked already stays as it is. Conflict when the record has changed since; a locked one is refused.
    """
    place = load_place(actor, RecordRef.of(record))
    _require(place, kind)
    with ledger(actor, place.study.pk) as entry:
        join_writers(place.study.pk)
        return _mark(entry, load_place(actor, place.ref), revision, kind, paths)


def mark_visit(actor: Actor, visit: SubjectVisit, seen: Mapping[int, int], *, kind: str) -> list[Mark]:
    """Mark all items of the visit's records that the reviewer may see; ``seen``: record id → revision on the page.

    All of them or, where one has changed since, none.
    """
    if kind not in MARKING:
        raise NotVisible
    require(actor, MARKING[kind], study_id=visit.study_id, site_id=visit.subject.site_id)
    records = FormRecord.objects.filter(visit=visit, pk__in=list(seen), inactive=False).order_by("pk")
    marks = []
    with ledger(actor, visit.study_id):
        for record in records:
            marks += mark_record(actor, record, seen[record.pk], kind=kind)
    return marks


def withdraw_marks(actor: Actor, record: FormRecord, *, kind: str, paths: Iterable[str], reason: str) -> list[Mark]:
    """Take marks back, with why: the items are left to do again."""
    place = load_place(actor, RecordRef.of(record))
    _require(place, kind)
    reason = need_reason(reason)
    with ledger(actor, place.study.pk) as entry:
        join_writers(place.study.pk)
        load_place(actor, place.ref).refuse_locked()
        visible = place.visible_items()
        wanted = [path for path in paths if item_of(path) in visible]
        marks = list(Mark.objects.select_for_update().filter(record=record, kind=kind, path__in=wanted, withdrawn=False))
        if not marks:
            raise DomainError(_("There is no mark to take back."), code="nothing")
        for mark in marks:
            mark.withdrawn = True
        Mark.objects.bulk_update(marks, ["withdrawn"])
        _tell(entry, place, marks, "withdrawn", reason)
    return marks


def ask_of_hidden_marks(actor: Actor, record: FormRecord) -> list[Query]:
    """Open a query about each verified value that other answers hide now: it is kept, and no longer counts.

    Once for a mark, whatever became of the query.
    """
    marks = Mark.objects.filter(record=record, kind=Mark.Kind.SDV, withdrawn=False, path__in=record.irrelevant)
    asked = {
        (item, line): at
        for item, line, at in Query.objects.filter(record=record, check_oid=HIDDEN)
        .order_by("pk")
        .values_list("item_oid", "line_key", "opened_at")
    }
    return [
        open_query(
            actor,
            record,
            text=bilingual(lambda: _("This value was verified, and another answer hides it now. Is that right?")),
            item_oid=item_of(mark.path),
            line_key=_line_of(mark.path),
            kind=Query.Kind.VERIFICATION,
            check_oid=HIDDEN,
        )
        for mark in marks
        if is_current(mark, record) and asked.get((item_of(mark.path), _line_of(mark.path)), mark.at) <= mark.at
    ]


def _line_of(path: str) -> str:
    parts = path.split("/")
    return parts[1] if len(parts) == 3 else ""


def _mark(entry: Entry, place: RecordPlace, revision: int, kind: str, paths: Iterable[str] | None) -> list[Mark]:
    record = place.record
    if record is None:
        raise NotVisible
    place.refuse_locked()
    if record.inactive:
        raise DomainError(_("This record was taken out of the data; there is nothing to review."), code="inactive")
    if record.revision != revision:
        raise Conflict(_("The form has changed since you opened it. Look at it again, then mark it."), code="stale")
    wanted = reviewable(place, kind) if paths is None else _checked(place, kind, paths)
    values = paths_of(record.data)
    current = set(
        Mark.objects.filter(record=record, kind=kind, withdrawn=False)
        .filter(path__in=wanted)
        .values_list("path", "revision")
    )
    now = timezone.now()
    marks = [
        Mark(
            study_id=record.study_id,
            subject_id=record.subject_id,
            record_id=record.pk,
            kind=kind,
            path=path,
            revision=record.changed.get(path, 0),
            value=values.get(path),
            at=now,
            actor_id=place.actor.user_id,
            actor_name=place.actor.name,
        )
        for path in wanted
        if (path, record.changed.get(path, 0)) not in current
    ]
    if not marks:
        return []
    given = Mark.objects.bulk_create(
        marks,
        update_conflicts=True,
        unique_fields=["record", "kind", "path"],
        update_fields=["revision", "value", "withdrawn", "at", "actor_id", "actor_name"],
    )
    _tell(entry, place, given, "given")
    return given


def _checked(place: RecordPlace, kind: str, paths: Iterable[str]) -> list[str]:
    """The paths that were asked for; 404 for an item that does not exist for the actor, a refusal for one without value."""
    possible = set(reviewable(place, kind))
    visible = place.visible_items()
    wanted = list(dict.fromkeys(paths))
    for path in wanted:
        if item_of(path) not in visible:
            raise NotVisible
        if path not in possible:
            raise DomainError(_("There is nothing to review in this item."), code="nothing", item=item_of(path))
    return wanted


def _require(place: RecordPlace, kind: str) -> None:
    if kind not in MARKING:
        raise NotVisible
    place.require(MARKING[kind])


def _tell(entry: Entry, place: RecordPlace, marks: list[Mark], step: str, reason: str = "") -> None:
    """One event a record; its ``changes`` name what was seen."""
    item_is_hidden = any(place.form.items[item_of(mark.path)].definition.blinding for mark in marks)
    is_hidden = place.form.blinded or (place.visit is not None and place.visit.audience) or item_is_hidden
    entry(
        action=f"review.mark.{step}",
        obj=marks[0],
        label=place.title,
        site_id=place.site.pk,
        subject_id=place.subject.pk,
        changes=[(mark.path, None, mark.value) for mark in marks] if step == "given" else [],
        reason=reason,
        audience="unblinded" if is_hidden else "",
        details={
            "kind": marks[0].kind,
            "record": marks[0].record_id,
            "form": place.form.oid,
            "paths": {mark.path: mark.revision for mark in marks},
        },
    )
