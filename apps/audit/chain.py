"""What a chain is, in pure Python: canonical bodies, genesis, and the hash that links each event to the one before.

No Django here: an export is verified with this module on a machine that has no database and no settings.
"""

import hashlib
import json
from datetime import date, datetime, time
from typing import Any

SYSTEM_CHAIN = "system"


def chain_of(study_id: int | None) -> str:
    return SYSTEM_CHAIN if study_id is None else f"study:{study_id}"


def genesis(chain: str) -> bytes:
    """The hash before the first event: different for each chain, so that none can be passed off as another."""
    return hashlib.sha256(f"TrialCapture ledger {chain}".encode()).digest()


def event_hash(prev_hash: bytes, body: bytes) -> bytes:
    """SHA-256(``prev_hash`` ‖ UTF-8 of the body), as ``audit_append()`` in the database makes it."""
    return hashlib.sha256(prev_hash + body).digest()


def canonical(body: Any) -> str:
    """Canonical JSON text: sorted keys, no spaces, text as it is; dates as ISO, decimals with all their digits.

    NaN and infinity are refused (ValueError).
    """
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, datetime, time)) else str(value)
