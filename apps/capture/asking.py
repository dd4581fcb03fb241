"""System queries: what the findings of one evaluation open, refresh and close. One mechanism, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.capture.findings import Finding

Key = tuple[str, str, str]


@dataclass
class Asking:
    """``open``: findings without a query; ``again``: queries whose value is another now; ``close``: ids."""

    open: list[Finding] = field(default_factory=list)
    again: list[tuple[int, Finding, bool]] = field(default_factory=list)  # id, finding, whether it had been answered
    close: list[int] = field(default_factory=list)
    closed: list[Key] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.open or self.again or self.close)

    def summary(self) -> dict[str, list[list[str]]]:
        """For the event: [item, line, check] of each query by what happened to it."""
        said = {
            "opened": [list(finding.key) for finding in self.open],
            "reopened": [list(finding.key) for _id, finding, was_answered in self.again if was_answered],
            "closed": [list(key) for key in self.closed],
        }
        return {name: keys for name, keys in said.items() if keys}


def key_of(query: Mapping[str, Any]) -> Key:
    return (query["item"], query["line"], query["check"])


def ask(findings: Iterable[Finding], queries: Iterable[Mapping[str, Any]]) -> Asking:
    """Compare what fires with the record's system queries.

    ``queries``: those not closed, and those that a person closed. What a person accepted for a value is not asked
    again while the value stands; an answer about an old value does not answer for a new one.
    """
    asking = Asking()
    standing = {key_of(query): query for query in queries if query["status"] != "closed"}
    fired = {finding.key: finding for finding in findings}
    for key, finding in fired.items():
        query = standing.get(key)
        if query is None:
            if not is_confirmed(finding, queries):
                asking.open.append(finding)
        elif query["value"] != finding.value:
            asking.again.append((query["id"], finding, query["status"] == "answered"))
    for key, query in standing.items():
        if key not in fired:
            asking.close.append(query["id"])
            asking.closed.append(key)
    return asking


def is_confirmed(finding: Finding, queries: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a person answered for exactly this value, so that a hard check no longer blocks."""
    return any(
        key_of(query) == finding.key and query["value"] == finding.value and query["status"] in ("answered", "closed")
        for query in queries
    )
