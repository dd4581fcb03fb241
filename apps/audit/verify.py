"""Everything that ``verify_audit`` says about this installation: chains, seals here and outside, guards, other checks."""

from collections.abc import Iterator
from itertools import chain as joined
from pathlib import Path

from django.conf import settings

from apps.audit.chain import chain_of
from apps.audit.checks import CHECKS
from apps.audit.copies import known_keys
from apps.audit.database import snapshot
from apps.audit.guards import guard_findings
from apps.audit.offline import Report, seal_paths, summary
from apps.audit.sealing import SealedPosition, private_key, public_bytes, read_seal_files
from apps.audit.verification import Finding, Walk, by_position, seal_findings

DATABASE = "database"


def verify_database(report: Report, *, study_id: int | None = None, copies: list[Path] | None = None) -> Iterator[Finding]:
    """Findings, as they are met. ``study_id`` narrows the walk to one chain; ``copies`` are seals kept elsewhere."""
    only = None if study_id is None else chain_of(study_id)
    outside, unreadable = outside_seals([settings.SEAL_DIR, *(copies or [])], only)
    trusted = trusted_keys()
    with snapshot(only) as held:
        inside = [(DATABASE, seal) for seal in held.seals()]
        seals = [*inside, *outside]
        yield from joined(unreadable, seal_findings(seals, trusted), removed(inside, outside))
        walk = Walk(heads=held.heads(), seals=by_position(seals))
        yield from walk.findings(held.events())
    report.notes = summary(walk, seals, trusted)
    if not outside:
        report.notes.append(f"No seal is kept outside the database (looked in {settings.SEAL_DIR}).")
    yield from guard_findings()
    for check in CHECKS.values():
        yield from check()


def outside_seals(places: list[Path], only: str | None) -> tuple[list[tuple[str, SealedPosition]], list[Finding]]:
    found = list(read_seal_files(seal_paths([place for place in places if place.exists()])))
    unreadable = [Finding("unreadable", place, "the line is no seal") for place, seal in found if seal is None]
    return [(place, seal) for place, seal in found if seal and only in (None, seal.chain)], unreadable


def removed(inside: list[tuple[str, SealedPosition]], outside: list[tuple[str, SealedPosition]]) -> Iterator[Finding]:
    """Seals that were copied off the database and that it no longer has."""
    held = {seal.signature for _, seal in inside}
    for source, seal in outside:
        if seal.signature not in held:
            yield Finding("seal_removed", f"{seal.chain} {seal.seq} ({source})", "the database no longer has this seal")


def trusted_keys() -> frozenset[bytes] | None:
    """This installation's key and those it had before; None where it knows none."""
    own = frozenset([public_bytes(private_key(settings.SEAL_KEY))]) if settings.SEAL_KEY else frozenset()
    return (own | known_keys(settings.SEAL_DIR)) or None
