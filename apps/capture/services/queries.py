"""Questions between people about an item: opened, answered, closed, reopened; each step said in the thread."""

import datetime as dt
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import Change, Entry, ledger
from apps.capture.models import FormRecord, Query, QueryMessage
from apps.capture.paths import paths_of
from apps.capture.permissions import ANSWER_QUERY, CLOSE_QUERY, OPEN_QUERY
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.reading import refuse_hidden_characters
from apps.capture.unreadable import Unreadable
from apps.common.actors import Actor
from apps.common.errors import DomainError, NotVisible
from apps.common.permissions import Permission, Role
from apps.studies.protocol import site_today

TEXT_MAX = 2000
DUE_DAYS = 14  # a query without a day of its own is due so many days after it was asked
AT_ONCE = 500  # queries in one transaction


def open_query(
    actor: Actor,
    record: FormRecord,
    *,
    text: str | dict[str, str],
    item_oid: str = "",
    line_key: str = "",
    assigned_role: str = Role.COORDINATOR,
    due_on: dt.date | None = None,
    kind: str = Query.Kind.MANUAL,
    check_oid: str = "",
) -> Query:
    """Ask about an item (of a line), or about the whole record. A locked record takes no query, a frozen one does.

    ``text``: as a person typed it, or {en, zh} of the system, which says in
    ``check_oid`` what it is about. Without a day it is due ``DUE_DAYS`` after the site's today.
    """
    place = load_place(actor, RecordRef.of(record))
    place.require(OPEN_QUERY)
    _refuse_locked(place)
    if item_oid and item_oid not in place.visible_items():
        raise NotVisible
    if kind == Query.Kind.SYSTEM:
        raise DomainError(_("A query is asked of a role."), code="query_kind")
    due_on = _asked_of(place, assigned_role, due_on)
    path = "/".join((place.form.items[item_oid].group.oid, line_key, item_oid)) if line_key else item_oid
    with ledger(actor, place.study.pk) as entry:
        query = Query.objects.create(
            study_id=place.study.pk,
            subject_id=place.subject.pk,
            record_id=record.pk,
            item_oid=item_oid,
            line_key=line_key,
            kind=kind,
            check_oid=check_oid,
            text=text if isinstance(text, dict) else {"en": _words(text)},
            value=paths_of(place.data).get(path),
            assigned_role=assigned_role,
            due_on=due_on,
            opened_by_id=actor.user_id,
        )
        _say(entry, actor, place, query, "opened", query.text["en"], None)
    return query


def assign_query(actor: Actor, query: Query, *, assigned_role: str, due_on: dt.date | None = None) -> Query:
    """Say who is to answer, and by when; a query that is closed is nobody's."""
    place = _place_of(actor, query)
    place.require(OPEN_QUERY)
    _refuse_locked(place)
    due_on = _asked_of(place, assigned_role, due_on)
    with ledger(actor, place.study.pk) as entry:
        query = Query.objects.select_for_update().get(pk=query.pk)
        _refuse_status(query, {Query.Status.OPEN, Query.Status.ANSWERED})
        changes = [
            (name, getattr(query, name), new)
            for name, new in (("assigned_role", assigned_role), ("due_on", due_on))
            if getattr(query, name) != new
        ]
        if changes:
            query.assigned_role, query.due_on = assigned_role, due_on
            query.save(update_fields=["assigned_role", "due_on"])
            _tell(entry, place, query, "assigned", changes)
    return query


def _asked_of(place: RecordPlace, role: str, due_on: dt.date | None) -> dt.date:
    """The day by which it is due; refused: a role that answers nothing, a day that is over."""
    if role not in ANSWER_QUERY.roles:
        raise DomainError(_("A query is asked of a role that can answer it."), code="query_role", item="assigned_role")
    today = site_today(place.site)
    if due_on is not None and due_on < today:
        raise DomainError(_("A query cannot be due before today."), code="query_due", item="due_on")
    return due_on or today + dt.timedelta(days=DUE_DAYS)


def answer_query(actor: Actor, query: Query, text: str) -> Query:
    """Answer an open query. The answer to a hard check confirms its value, so that it no longer blocks *complete*."""
    return _step(actor, query, ANSWER, text)


def close_query(actor: Actor, query: Query, text: str = "") -> Query:
    """Accept. A system query that a person closed is not asked again for the same value."""
    return _step(actor, query, CLOSE, text)


def reopen_query(actor: Actor, query: Query, text: str) -> Query:
    """The answer does not do, or a closed query turns out not to be settled."""
    return _step(actor, query, REOPEN, text)


def answer_queries(actor: Actor, queries: Iterable[Query], text: str) -> list[Query]:
    """Answer them all with one text, or none: what stands in the way of each is said."""
    return _steps(actor, queries, ANSWER, text)


def close_queries(actor: Actor, queries: Iterable[Query], text: str) -> list[Query]:
    """Close them all with one reason, or none."""
    _words(text)
    return _steps(actor, queries, CLOSE, text)


def answer_by_change(
    actor: Actor, record: FormRecord, changes: Iterable[Change], *, by: str, at: dt.datetime
) -> list[Query]:
    """People's open queries about items that were changed since they were asked are answered by the change itself.

    ``changes`` are (path, old, new) of one save by ``by`` at ``at``; what the system asks closes by its own check.
    """
    place = load_place(actor, RecordRef.of(record))
    place.require(ANSWER_QUERY)
    new = {path: f"{by}: {_plain(old)} → {_plain(value)}" for path, old, value in changes}
    waiting = Query.objects.filter(record_id=record.pk, status=Query.Status.OPEN, opened_at__lt=at)
    asked = [query for query in waiting.exclude(kind=Query.Kind.SYSTEM) if _path_of(place, query) in new]
    return [_step(actor, query, ANSWER, new[_path_of(place, query)]) for query in asked]


def _path_of(place: RecordPlace, query: Query) -> str:
    if not query.line_key:
        return query.item_oid
    return "/".join((place.form.items[query.item_oid].group.oid, query.line_key, query.item_oid))


def _plain(value: Any) -> str:
    """A stored value in a line of a thread; a missing code as its code."""
    if isinstance(value, dict):
        return str(value.get("missing", ""))
    return ", ".join(value) if isinstance(value, list) else "–" if value is None else str(value)


@dataclass(frozen=True)
class Step:
    """A step of a query's life: who may take it, from which states, and what the query is then."""

    name: str
    right: Permission
    allowed: frozenset[str]
    status: str
    needs_words: bool = True


ANSWER = Step("answered", ANSWER_QUERY, frozenset({Query.Status.OPEN}), Query.Status.ANSWERED)
CLOSE = Step(
    "closed", CLOSE_QUERY, frozenset({Query.Status.OPEN, Query.Status.ANSWERED}), Query.Status.CLOSED, needs_words=False
)
REOPEN = Step("reopened", OPEN_QUERY, frozenset({Query.Status.ANSWERED, Query.Status.CLOSED}), Query.Status.OPEN)


def _step(actor: Actor, query: Query, step: Step, text: str) -> Query:
    place = _ready(actor, query, step)
    words = _words(text) if step.needs_words or text.strip() else ""
    with ledger(actor, place.study.pk) as entry:
        query = Query.objects.select_for_update().get(pk=query.pk)
        _refuse_status(query, step.allowed)
        _refuse_second(query, step.name)
        old, query.status = query.status, step.status
        is_closed = step.status == Query.Status.CLOSED
        query.closed_at = timezone.now() if is_closed else None
        query.closed_by_id = actor.user_id if is_closed else None
        query.save(update_fields=["status", "closed_at", "closed_by_id"])
        _say(entry, actor, place, query, step.name, words, old)
    return query


def _steps(actor: Actor, queries: Iterable[Query], step: Step, text: str) -> list[Query]:
    queries = list(queries)
    if not queries:
        raise DomainError(_("Choose at least one query."), code="nothing", item="queries")
    if len(queries) > AT_ONCE:
        raise DomainError(_("At most %(limit)s queries at once.") % {"limit": AT_ONCE}, code="too_many", item="queries")
    refused = [
        f"{query.subject.number} {query.item_oid}: {why}" for query in queries if (why := _why_not(actor, query, step))
    ]
    if refused:
        raise DomainError(
            _("Nothing was changed, because of %(count)s of them: %(which)s")
            % {"count": len(refused), "which": "; ".join(refused[:20])},
            code="query_status",
            item="queries",
        )
    with ledger(actor, queries[0].study_id):
        return [_step(actor, query, step, text) for query in queries]


def _why_not(actor: Actor, query: Query, step: Step) -> str:
    """Why the step cannot be taken, in words; empty where it can. What the actor may not see or do is an answer too."""
    try:
        _ready(actor, query, step)
        _refuse_status(query, step.allowed)
        _refuse_second(query, step.name)
    except DomainError as refusal:
        return str(refusal)
    return ""


def _ready(actor: Actor, query: Query, step: Step) -> RecordPlace:
    place = _place_of(actor, query)
    place.require(step.right)
    _refuse_locked(place)
    return place


def _refuse_status(query: Query, allowed: AbstractSet[str]) -> None:
    if query.status not in allowed:
        raise DomainError(
            _("The query is “%(status)s” already.") % {"status": query.get_status_display()}, code="query_status"
        )


def _refuse_second(query: Query, step: str) -> None:
    """A check that fired again has a query of its own by now; that one goes on."""
    if step != "reopened" or query.kind != Query.Kind.SYSTEM or query.status != Query.Status.CLOSED:
        return
    same = Query.objects.filter(record_id=query.record_id, item_oid=query.item_oid, line_key=query.line_key)
    if same.filter(kind=Query.Kind.SYSTEM, check_oid=query.check_oid).exclude(status=Query.Status.CLOSED).exists():
        raise DomainError(_("The check has opened a newer query; go on there."), code="query_newer")


def _place_of(actor: Actor, query: Query) -> RecordPlace:
    record = FormRecord.objects.filter(pk=query.record_id).first()
    if record is None:
        raise NotVisible
    place = load_place(actor, RecordRef.of(record))
    if query.item_oid and query.item_oid not in place.visible_items():
        raise NotVisible
    return place


def _refuse_locked(place: RecordPlace) -> None:
    """Freezing leaves queries open, locking does not."""
    if place.record is None:
        raise NotVisible
    place.refuse_locked()


def _words(text: str) -> str:
    words = text.strip()
    if not words:
        raise DomainError(_("Say it in words."), code="text_required", item="text")
    if len(words) > TEXT_MAX:
        raise DomainError(_("At most %(limit)s characters fit here.") % {"limit": TEXT_MAX}, code="too_long", item="text")
    try:
        refuse_hidden_characters(words)
    except Unreadable as refusal:
        raise DomainError(refusal.message, code=refusal.code, item="text") from None
    return words


def _say(entry: Entry, actor: Actor, place: RecordPlace, query: Query, step: str, text: str, old: str | None) -> None:
    QueryMessage.objects.create(
        study_id=query.study_id,
        query=query,
        step=step,
        text=text.strip(),
        at=timezone.now(),
        actor_id=actor.user_id,
        actor_name=actor.name,
    )
    _tell(entry, place, query, step, [("status", old, query.status), ("text", None, text.strip())])


def _tell(entry: Entry, place: RecordPlace, query: Query, step: str, changes: Sequence[Change]) -> None:
    item = place.form.items.get(query.item_oid)
    is_hidden = place.form.blinded or (item is not None and item.definition.blinding)
    entry(
        action=f"capture.query.{step}",
        obj=query,
        label=f"{place.title} {query.item_oid}".strip(),
        site_id=place.site.pk,
        subject_id=place.subject.pk,
        changes=changes,
        audience="unblinded" if is_hidden else "",
        outbox=True,
        details={"item": query.item_oid, "line": query.line_key, "record": query.record_id, "form": place.form.oid},
    )
