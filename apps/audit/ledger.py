"""The one way to write an event: ``with ledger(actor, study_id) as entry: entry(action=…, obj=…)``.

The block is one transaction. Events are appended when the outermost block ends, so that the chain's head is locked
last, for the shortest time, and ``seq`` is commit order.
"""

import json
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.common.actors import Actor

Change = Sequence[Any]  # (item, old, new)


@dataclass
class _Open:
    """Events collected by the outermost block of this thread."""

    bodies: list[tuple[str, str, bool]] = field(default_factory=list)  # chain, body, outbox


_local = threading.local()


def chain_of(study_id: int | None) -> str:
    return "system" if study_id is None else f"study:{study_id}"


@contextmanager
def ledger(actor: Actor, study_id: int | None) -> Iterator[Callable[..., uuid.UUID]]:
    """One transaction whose events go to the study's chain (``None``: the system's). Nested blocks join the outermost.

    An exception leaves neither the change nor its event.
    """
    opened: _Open | None = getattr(_local, "opened", None)
    outermost = opened is None
    opened = opened or _Open()
    mark = len(opened.bodies)
    _local.opened = opened
    try:
        with transaction.atomic(savepoint=False):
            yield _recorder(actor, study_id, opened)
            if outermost:
                _append(opened)
    except BaseException:
        del opened.bodies[mark:]
        raise
    finally:
        if outermost:
            _local.opened = None


def _recorder(actor: Actor, study_id: int | None, opened: _Open) -> Callable[..., uuid.UUID]:
    def entry(
        *,
        action: str,
        obj: Any,
        label: str = "",
        site_id: int | None = None,
        subject_id: int | None = None,
        changes: Sequence[Change] = (),
        reason: str = "",
        audience: str = "",
        outbox: bool = False,
        details: dict[str, Any] | None = None,
    ) -> uuid.UUID:
        """Record one fact. ``changes`` are (item, old, new) with the first entry's old None; returns the event's id.

        ``audience`` "unblinded" hides the entry from whoever is blinded; ``outbox`` wakes the handlers of the action.
        """
        event_id = uuid.uuid4()
        body: dict[str, Any] = {
            "v": 1,
            "id": str(event_id),
            "at": timezone.now().isoformat(),
            "actor": {"id": actor.user_id, "name": actor.name},
            "study": study_id,
            "site": site_id,
            "subject": subject_id,
            "object": {"type": obj._meta.label_lower, "id": str(obj.pk), "label": label or str(obj)},
            "action": action,
            "reason": reason,
            "changes": [list(change) for change in changes],
            "audience": audience,
            "details": details or {},
            "request": actor.request_id,
            "address": actor.address,
            "salt": secrets.token_hex(16),
        }
        opened.bodies.append((chain_of(study_id), canonical(body), outbox))
        return event_id

    return entry


def canonical(body: Any) -> str:
    """Canonical JSON text: sorted keys, no spaces, text as it is. Dates as ISO, anything else exact by ``str``."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _append(opened: _Open) -> None:
    """Append what was collected, one statement a chain, chains in one order so that writers cannot deadlock."""
    chains: dict[str, list[tuple[str, bool]]] = {}
    for chain, body, outbox in opened.bodies:
        chains.setdefault(chain, []).append((body, outbox))
    with connection.cursor() as cursor:
        for chain in sorted(chains, reverse=True):
            rows = chains[chain]
            cursor.execute(
                "SELECT audit_append(%s, %s::text[], %s::boolean[])",
                [chain, [body for body, _ in rows], [outbox for _, outbox in rows]],
            )
    if any(outbox for _, _, outbox in opened.bodies):
        transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    from apps.audit.tasks import nudge

    nudge()
