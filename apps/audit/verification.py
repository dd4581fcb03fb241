"""Walk the chains and name what does not hold. Pure Python: the same walk checks a database and an exported file.

Rows are streamed in order of chain and position; memory holds the seals and nothing of the events.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from apps.audit.chain import chain_of, genesis
from apps.audit.sealing import SealedPosition

# the columns beside the body, in the order in which rows carry them after (chain, seq, prev_hash, hash, body)
COLUMNS = (
    "id",
    "at",
    "actor_id",
    "actor_name",
    "study_id",
    "site_id",
    "subject_id",
    "object_type",
    "object_id",
    "action",
    "audience",
)
Row = tuple[Any, ...]
Seals = dict[str, dict[int, list[tuple[str, SealedPosition]]]]


@dataclass(frozen=True)
class Finding:
    """Something that does not hold. ``kind`` is stable, for tests; ``message`` is for a person."""

    kind: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.place}: {self.message}"


@dataclass
class Walk:
    """One pass over the events against what heads and seals claim. ``events`` and ``unsealed`` count as it goes."""

    heads: Mapping[str, tuple[int, bytes]]
    seals: Seals = field(default_factory=dict)
    events: int = 0
    ends: dict[str, int] = field(default_factory=dict)

    def findings(self, rows: Iterable[Row]) -> Iterator[Finding]:
        """Each finding as it is met: one broken event is named once, not once for all that follow it."""
        chain, position, head = "", 0, b""
        sealed: dict[int, list[tuple[str, SealedPosition]]] = {}
        sha256 = hashlib.sha256
        for row_chain, seq, prev_hash, event_hash, body, *columns in rows:
            if row_chain != chain:
                yield from self._finish(chain, position, head)
                chain, position, head = row_chain, 0, genesis(row_chain)
                sealed = self.seals.get(chain, {})
            self.events += 1
            if seq != position + 1:
                yield _gap(chain, position, seq)
            elif prev_hash != head:
                yield _link(chain, seq)
            if sha256(prev_hash + body).digest() != event_hash:
                yield Finding("altered", f"{chain} {seq}", "the event's text does not give its hash")
            try:
                said = columns_of(from_json(body))
            except (ValueError, KeyError, TypeError):
                yield Finding("unreadable", f"{chain} {seq}", "the event's text is no event")
            else:
                if columns and columns != said:
                    yield _columns(chain, seq, columns, said)
                if chain_of(said[4]) != chain:
                    yield Finding("wrong_chain", f"{chain} {seq}", f"the event belongs to {chain_of(said[4])}")
            if seq in sealed:
                yield from _against_seals(chain, seq, event_hash, sealed[seq])
            position, head = seq, event_hash
        yield from self._finish(chain, position, head)
        yield from self._dropped()

    def _finish(self, chain: str, position: int, head: bytes) -> Iterator[Finding]:
        """The chain's end against its head and against the seals that lie beyond it."""
        if not chain:
            return
        self.ends[chain] = position
        said = self.heads.get(chain)
        if said is None:
            yield Finding("head_missing", chain, f"the chain has {position} events and no head")
        elif said != (position, head):
            yield Finding(
                "head_differs",
                chain,
                f"the head says position {said[0]}, the last event is at {position}, or its hash differs",
            )
        beyond = [seq for seq in self.seals.get(chain, {}) if seq > position]
        if beyond:
            sources = ", ".join(source for source, _ in self.seals[chain][max(beyond)])
            yield Finding(
                "tail_cut", chain, f"the chain ends at {position}, and position {max(beyond)} was sealed ({sources})"
            )

    def _dropped(self) -> Iterator[Finding]:
        """Chains that a head or a seal knows and of which no event is left."""
        heads = {chain for chain, (seq, _) in self.heads.items() if seq}
        for chain in sorted((heads | set(self.seals)) - set(self.ends)):
            known = "its head" if chain in heads else "a seal"
            yield Finding("chain_dropped", chain, f"{known} says that there were events, and none is left")

    def unsealed(self) -> int:
        """How many events no seal covers yet."""
        last = {chain: max(seals, default=0) for chain, seals in self.seals.items()}
        return sum(max(0, end - last.get(chain, 0)) for chain, end in self.ends.items())


def columns_of(body: Any) -> list[Any]:
    """What the columns beside the body must hold, in the order of ``COLUMNS``."""
    actor, thing = body["actor"], body["object"]
    return [
        body["id"],
        datetime.fromisoformat(body["at"]),
        actor["id"],
        actor["name"],
        body["study"],
        body["site"],
        body["subject"],
        thing["type"],
        thing["id"],
        body["action"],
        body["audience"],
    ]


def seal_findings(seals: Iterable[tuple[str, SealedPosition]], trusted: frozenset[bytes] | None) -> Iterator[Finding]:
    """Seals whose signature is not genuine, or whose key nobody told us to trust (``None``: no key is known)."""
    for source, seal in seals:
        place = f"{seal.chain} {seal.seq} ({source})"
        if not seal.is_genuine():
            yield Finding("seal_forged", place, "the signature does not belong to the seal")
        elif trusted is not None and seal.public_key not in trusted:
            yield Finding("seal_unknown_key", place, "the seal was signed by a key that is not ours")


def by_position(seals: Iterable[tuple[str, SealedPosition]]) -> Seals:
    """Seals by chain and position, with where each was found."""
    found: Seals = {}
    for source, seal in seals:
        found.setdefault(seal.chain, {}).setdefault(seal.seq, []).append((source, seal))
    return found


def _gap(chain: str, position: int, seq: int) -> Finding:
    if seq <= position:
        return Finding("repeated", f"{chain} {seq}", "the position occurs twice")
    missing = f"{position + 1}" if seq == position + 2 else f"{position + 1} to {seq - 1}"
    return Finding("missing", f"{chain} {missing}", f"the chain goes from {position} to {seq}")


def _link(chain: str, seq: int) -> Finding:
    before = "the beginning of the chain" if seq == 1 else f"the event at {seq - 1}"
    return Finding("broken_link", f"{chain} {seq}", f"the event does not follow {before}")


def _columns(chain: str, seq: int, columns: list[Any], said: list[Any]) -> Finding:
    names = ", ".join(name for name, a, b in zip(COLUMNS, columns, said, strict=True) if a != b)
    return Finding("column_differs", f"{chain} {seq}", f"beside the event's text, {names} says something else")


def _against_seals(chain: str, seq: int, event_hash: bytes, seals: list[tuple[str, SealedPosition]]) -> Iterator[Finding]:
    sources = [source for source, seal in seals if seal.hash != event_hash]
    if sources:
        yield Finding("rewritten", f"{chain} {seq}", f"the hash is not the one that was sealed ({', '.join(sources)})")
