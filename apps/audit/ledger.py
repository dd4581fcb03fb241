"""The one way to write an event: ``with ledger(actor, study_id) as entry: entry(action=…, obj=…)``.

The block is one transaction. Events are appended when the outermost block ends, so that the chain's head is locked
last, for the shortest time, and ``seq`` is commit order. A block inside a longer transaction keeps its chain locked
until that commits.
"""

import re
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.chain import canonical, chain_of
from apps.audit.nudging import nudge
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.common.prepared import prepared_cursor

Change = Sequence[Any]  # (item, old, new)
Entry = Callable[..., uuid.UUID]  # what a block hands out: ``entry`` below
# json.dumps writes NUL as \u0000; an odd number of backslashes tells it from the six characters typed by a person
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, eq=False)
class _Recorded:
    """An event that waits for the end of the outermost block.

    It waits among the transaction's on-commit hooks, where Django itself drops what a rolled back savepoint held: an
    event never outlives the change that it tells of, also where a caller catches the refusal of a nested service.
    """

    chain: str
    body: str
    outbox: bool

    def __call__(self) -> None:
        raise AssertionError("A recorded event was committed without being appended.")


_local = threading.local()


@contextmanager
def ledger(actor: Actor, study_id: int | None) -> Iterator[Entry]:
    """One transaction whose events go to the study's chain (``None``: the system's). Nested blocks join the outermost.

    An exception leaves neither the change nor its event. To go on after a nested refusal, wrap the nested call in a
    ``transaction.atomic()`` of its own; without it the whole outer block is refused.
    """
    if getattr(_local, "is_open", False):
        with transaction.atomic(savepoint=False):
            yield _recorder(actor, study_id)
        return
    _local.is_open = True
    try:
        with transaction.atomic(savepoint=False):
            yield _recorder(actor, study_id)
            # a nested block failed and its exception was swallowed: Django would roll back without a word
            connection.validate_no_broken_transaction()
            _append(_take_recorded())
            # the commit comes next, and with it hooks that may write blocks of their own (a task that runs at once)
            _local.is_open = False
    finally:
        _local.is_open, _local.remembered_at = False, None
        _take_recorded()


def block_memory() -> dict[Any, Any] | None:
    """What services of the outermost open block tell one another, so that a row read under a lock is read once.

    None outside a block. Forgotten at the end of the block, and whenever a savepoint begins or ends, since a rolled
    back one takes back what was remembered of it.
    """
    if not getattr(_local, "is_open", False):
        return None
    savepoints = tuple(filter(None, connection.savepoint_ids))
    if getattr(_local, "remembered_at", None) != savepoints:
        _local.remembered_at, _local.memory = savepoints, {}
    return _local.memory


def _recorder(actor: Actor, study_id: int | None) -> Entry:
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
        Text that no database stores (NUL, half a surrogate pair) is refused (DomainError).
        """
        body = {
            **_stamp(actor, study_id),
            "site": site_id,
            "subject": subject_id,
            "object": {"type": obj._meta.label_lower, "id": str(obj.pk), "label": label or str(obj)},
            "action": action,
            "reason": reason,
            "changes": [list(change) for change in changes],
            "audience": audience,
            "details": details or {},
        }
        transaction.on_commit(_Recorded(chain_of(study_id), storable(canonical(body)), outbox))
        return uuid.UUID(body["id"])

    return entry


def _stamp(actor: Actor, study_id: int | None) -> dict[str, Any]:
    """What an event says whatever happened."""
    return {
        "v": 1,
        "id": str(uuid.uuid4()),
        "at": timezone.now().isoformat(),
        "actor": {"id": actor.user_id, "name": actor.name},
        "study": study_id,
        "request": actor.request_id,
        "address": actor.address,
        # 128 bits, so that a hash tells nothing of a value that can be guessed
        "salt": secrets.token_hex(16),
    }


def storable(text: str) -> str:
    """The canonical text, or DomainError where it holds what PostgreSQL does not store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        broken = True
    else:
        broken = "\\u0000" in text and NUL.search(text) is not None
    if broken:
        raise DomainError(
            _("The text holds a character that cannot be stored. Remove it and type the text again."),
            code="unstorable_text",
        )
    return text


def _take_recorded() -> list[_Recorded]:
    """The events of this transaction that no savepoint took back, in order; afterwards none waits."""
    hooks = connection.run_on_commit
    recorded = [hook[1] for hook in hooks if isinstance(hook[1], _Recorded)]
    if recorded:
        connection.run_on_commit = [hook for hook in hooks if not isinstance(hook[1], _Recorded)]
    return recorded


def _append(recorded: list[_Recorded]) -> None:
    """One statement a chain, chains in one order so that writers cannot deadlock, the system's (shared) last."""
    chains: dict[str, list[_Recorded]] = {}
    for event in recorded:
        chains.setdefault(event.chain, []).append(event)
    with prepared_cursor() as cursor:
        for chain, events in sorted(chains.items()):
            cursor.execute(
                "SELECT audit_append(%s, %s::text[], %s::boolean[])",
                [chain, [event.body for event in events], [event.outbox for event in events]],
            )
    if any(event.outbox for event in recorded):
        transaction.on_commit(nudge, robust=True)
