"""Questions between people about an item: opened, answered, closed, reopened; each step said in the thread."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.ledger import Entry, ledger
from apps.capture.models import FormRecord, Query, QueryMessage
from apps.capture.paths import paths_of
from apps.capture.permissions import ANSWER_QUERY, CLOSE_QUERY, OPEN_QUERY
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.capture.reading import refuse_hidden_characters
from apps.capture.unreadable import Unreadable
from apps.common.actors import Actor
from apps.common.errors import DomainError, NotVisible
from apps.common.permissions import Permission, Role

TEXT_MAX = 2000


def open_query(
    actor: Actor,
    record: FormRecord,
    *,
    text: str,
    item_oid: str = "",
    line_key: str = "",
    assigned_role: str = Role.COORDINATOR,
    due_on: dt.date | None = None,
    kind: str = Query.Kind.MANUAL,
) -> Query:
    """Ask about an item (of a line), or about the whole record. A locked record takes no query, a frozen one does."""
    place = load_place(actor, RecordRef.of(record))
    place.require(OPEN_QUERY)
    _refuse_locked(place)
    if item_oid and item_oid not in place.visible_items():
        raise NotVisible
    if kind == Query.Kind.SYSTEM or assigned_role not in Role.values:
        raise DomainError(_("A query is asked of a role."), code="query_kind")
    path = "/".join((place.form.items[item_oid].group.oid, line_key, item_oid)) if line_key else item_oid
    with ledger(actor, place.study.pk) as entry:
        query = Query.objects.create(
            study_id=place.study.pk,
            subject_id=place.subject.pk,
            record_id=record.pk,
            item_oid=item_oid,
            line_key=line_key,
            kind=kind,
            text={"en": _words(text)},
            value=paths_of(place.data).get(path),
            assigned_role=assigned_role,
            due_on=due_on,
            opened_by_id=actor.user_id,
        )
        _say(entry, actor, place, query, "opened", text, None)
    return query


def answer_query(actor: Actor, query: Query, text: str) -> Query:
    """Answer an open query. The answer to a hard check confirms its value, so that it no longer blocks *complete*."""
    return _step(actor, query, "answered", text, ANSWER_QUERY, {Query.Status.OPEN}, Query.Status.ANSWERED)


def close_query(actor: Actor, query: Query, text: str = "") -> Query:
    """Accept. A system query that a person closed is not asked again for the same value."""
    allowed = {Query.Status.OPEN, Query.Status.ANSWERED}
    return _step(actor, query, "closed", text, CLOSE_QUERY, allowed, Query.Status.CLOSED)


def reopen_query(actor: Actor, query: Query, text: str) -> Query:
    """The answer does not do, or a closed query turns out not to be settled."""
    allowed = {Query.Status.ANSWERED, Query.Status.CLOSED}
    return _step(actor, query, "reopened", text, OPEN_QUERY, allowed, Query.Status.OPEN)


def _step(
    actor: Actor, query: Query, step: str, text: str, right: Permission, allowed: set[Query.Status], status: Query.Status
) -> Query:
    place = _place_of(actor, query)
    place.require(right)
    _refuse_locked(place)
    words = _words(text) if step != "closed" or text.strip() else ""
    with ledger(actor, place.study.pk) as entry:
        query = Query.objects.select_for_update().get(pk=query.pk)
        if query.status not in allowed:
            raise DomainError(
                _("The query is “%(status)s” already.") % {"status": query.get_status_display()}, code="query_status"
            )
        _refuse_second(query, step)
        old, query.status = query.status, status
        is_closed = status == Query.Status.CLOSED
        query.closed_at = timezone.now() if is_closed else None
        query.closed_by_id = actor.user_id if is_closed else None
        query.save(update_fields=["status", "closed_at", "closed_by_id"])
        _say(entry, actor, place, query, step, words, old)
    return query


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
    item = place.form.items.get(query.item_oid)
    is_hidden = place.form.blinded or (item is not None and item.definition.blinding)
    entry(
        action=f"capture.query.{step}",
        obj=query,
        label=f"{place.title} {query.item_oid}".strip(),
        site_id=place.site.pk,
        subject_id=place.subject.pk,
        changes=[("status", old, query.status), ("text", None, text.strip())],
        audience="unblinded" if is_hidden else "",
        outbox=True,
        details={"item": query.item_oid, "line": query.line_key, "record": query.record_id},
    )
