"""The ledger as a file that another machine verifies: ``python -m apps.audit.offline FILE --public-key KEY``."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.audit.chain import chain_of
from apps.audit.database import Snapshot, snapshot
from apps.audit.offline import FORMAT, VERSION


def export_ledger(path: Path, *, study_id: int | None = None) -> int:
    """Write the ledger, or one study's chain, as JSON lines; the number of events.

    The file holds clinical data and allocations: mode 0600. It appears whole or not at all.
    """
    partial = path.with_name(path.name + ".part")
    only = None if study_id is None else chain_of(study_id)
    with snapshot(only) as held, open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
        count = 0
        for line in _lines(held):
            count += "body" in line
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        file.write(json.dumps({"end": {"events": count}}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    return count


def _lines(held: Snapshot) -> Iterator[dict[str, Any]]:
    yield {"format": FORMAT, "version": VERSION, "exported_at": timezone.now().isoformat(), "chain": held.chain}
    for chain, (seq, head) in held.heads().items():
        yield {"head": {"chain": chain, "seq": seq, "hash": head.hex()}}
    for seal in held.seals():
        yield {"seal": seal.as_dict()}
    for chain, seq, prev_hash, event_hash, body in held.events(with_columns=False):
        yield {"chain": chain, "seq": seq, "prev": prev_hash.hex(), "hash": event_hash.hex(), "body": body.decode()}
