"""The ledger as it stands in the database, streamed in one snapshot: for verification and for export."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC

from django.db import connections, transaction
from psycopg import sql

from apps.audit.models import Chain, Seal
from apps.audit.sealing import SealedPosition
from apps.audit.verification import COLUMNS, Row

READ_ALIAS = "default"
TYPES = {"id": "text", "at": "timestamptz"} | dict.fromkeys(["actor_id", "study_id", "site_id", "subject_id"], "int8")
FIXED = [("chain", "text"), ("seq", "int8"), ("prev_hash", "bytea"), ("hash", "bytea"), ("body", "bytea")]


@dataclass(frozen=True)
class Snapshot:
    """Heads, seals and events as one moment saw them; ``chain`` narrows all three to one chain."""

    chain: str | None = None

    def heads(self) -> dict[str, tuple[int, bytes]]:
        rows = Chain.objects.using(READ_ALIAS).order_by("key")
        if self.chain:
            rows = rows.filter(key=self.chain)
        return {key: (seq, bytes(head)) for key, seq, head in rows.values_list("key", "seq", "head_hash")}

    def seals(self) -> list[SealedPosition]:
        rows = Seal.objects.using(READ_ALIAS).order_by("chain", "seq", "id")
        if self.chain:
            rows = rows.filter(chain=self.chain)
        return [sealed_position(row) for row in rows]

    def events(self, *, with_columns: bool = True) -> Iterator[Row]:
        """(chain, seq, prev_hash, hash, body as UTF-8, columns…) in order of chain and position, by COPY."""
        columns = [(name, TYPES.get(name, "text")) for name in COLUMNS] if with_columns else []
        names = ", ".join("id::text" if name == "id" else name for name, _ in [*FIXED, *columns])
        only = sql.SQL("WHERE chain = {}").format(sql.Literal(self.chain)) if self.chain else sql.SQL("")
        query = sql.SQL(f"COPY (SELECT {names} FROM audit_event {{}} ORDER BY chain, seq) TO STDOUT (FORMAT BINARY)")
        with connections[READ_ALIAS].cursor() as cursor, cursor.copy(query.format(only)) as copy:
            copy.set_types([kind for _, kind in [*FIXED, *columns]])
            yield from copy.rows()


@contextmanager
def snapshot(chain: str | None = None) -> Iterator[Snapshot]:
    """One view of the ledger: a head, a seal and an event read in it belong together, whoever writes meanwhile."""
    connection = connections[READ_ALIAS]
    nested = connection.in_atomic_block
    with transaction.atomic(using=READ_ALIAS):
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield Snapshot(chain)


def sealed_position(row: Seal) -> SealedPosition:
    at = row.at.astimezone(UTC).isoformat()
    return SealedPosition(row.chain, row.seq, bytes(row.hash), at, bytes(row.public_key), bytes(row.signature))
