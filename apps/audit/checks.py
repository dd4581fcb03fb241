"""Checks that ``verify_audit`` runs besides the chains: the apps above bring theirs, in trialcapture/wiring.py."""

from collections.abc import Callable, Iterable

from apps.audit.verification import Finding

Check = Callable[[], Iterable[Finding]]
CHECKS: dict[str, Check] = {}
# tables whose history the database refuses to change; trialcapture/wiring.py adds those of the apps above
INSERT_ONLY: set[str] = {"audit_event", "audit_seal"}


def register(name: str, check: Check) -> None:
    """``check`` yields findings and writes nothing. A name is given once."""
    if CHECKS.setdefault(name, check) is not check:
        raise ValueError(f"Two checks are called {name}")
