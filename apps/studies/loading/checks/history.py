"""Against what was published before: an item keeps its type for the life of the study."""

from __future__ import annotations

from apps.studies.compiling import type_of
from apps.studies.loading.checks.findings import Findings


def check_history(findings: Findings) -> None:
    for path, (_, _, item) in findings.items():
        before = findings.item_types.get(item.oid)
        if before and before != type_of(item):
            words = f"item {item.oid} was published as {before} and is now {type_of(item)}"
            findings.add((*path, "type"), f"{words}; an item keeps its type: give the new meaning a new OID")
