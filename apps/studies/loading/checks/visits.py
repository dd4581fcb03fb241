"""Visits stand on something and their windows leave no day to two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import NamedTuple

from apps.common.dates import add_offset
from apps.studies.definition import ANCHORS, SERVICE_ANCHORS, Cycle, VisitDefinition
from apps.studies.definition.base import Offset
from apps.studies.loading.checks.findings import Findings, unknown
from apps.studies.loading.places import Path

# anchors from which windows are tried: every kind of month end, in a leap year and beside it
ANCHOR_DAYS = [date(2023, 1, 1) + timedelta(days=n) for n in range(0, 800, 3)] + [
    date(year, month, day) for year in (2023, 2024) for month in range(1, 13) for day in (27, 28)
]


def check_visits(findings: Findings) -> None:
    study = findings.definition
    for v, visit in enumerate(study.visits):
        if visit.anchor:
            _stands_on_something(findings, ("visits", v, "anchor"), visit.anchor, f"visit {visit.code}")
        if visit.window and visit.window[0].approximate_days() > visit.window[1].approximate_days():
            before, after = visit.window
            words = f"visit {visit.code}: the window ends ({_spoken(after)}) before it begins ({_spoken(before)})"
            findings.add(("visits", v, "window"), words + "; write the days before first, as in [-3d, +3d]")
    for c, cycle in enumerate(study.cycles):
        _stands_on_something(findings, ("cycles", c, "anchor"), cycle.anchor, f"cycle {cycle.code}")
    _circles(findings)
    _overlaps(findings)


def _stands_on_something(findings: Findings, path: Path, anchor: str, who: str) -> None:
    study = findings.definition
    if anchor.startswith("visit:"):
        findings.known(path, anchor.removeprefix("visit:"), [visit.code for visit in study.visits], "visit")
    elif anchor not in ANCHORS:
        findings.add(path, f"{who} is anchored on nothing: {unknown('anchor', anchor, sorted(ANCHORS))}")
    elif anchor not in SERVICE_ANCHORS and not findings.lost:
        milestones = {place.item.milestone for _, place in findings.items()}
        if anchor not in milestones:
            words = f"{who} is anchored on {anchor}, which no item of the study sets"
            findings.add(path, f"{words}; give the item that holds its date `milestone: {anchor}`")


def _circles(findings: Findings) -> None:
    """Visits anchored on one another would never get a date."""
    visits = findings.definition.visits
    on = {v.code: v.anchor.removeprefix("visit:") for v in visits if v.anchor and v.anchor.startswith("visit:")}
    for index, visit in enumerate(visits):
        seen, code = [visit.code], on.get(visit.code)
        while code is not None and code not in seen:
            seen.append(code)
            code = on.get(code)
        if code == visit.code:
            words = f"visits are anchored in a circle: {' → '.join([*seen, code])}; anchor one of them on a milestone"
            findings.add(("visits", index, "anchor"), words)


class Span(NamedTuple):
    """A visit's window counted from its anchor, ``shift`` (a cycle's length) later."""

    number: int
    visit: VisitDefinition
    shift: Offset | None = None

    def days(self, anchor: date) -> tuple[date, date]:
        target = _moved(_moved(anchor, self.shift), self.visit.at)
        before, after = self.visit.window or (None, None)
        return _moved(target, before), _moved(target, after)

    def approximate_days(self) -> int:
        return self.visit.at.approximate_days() if self.visit.at else 0


def _moved(day: date, offset: Offset | None) -> date:
    return add_offset(day, offset.amount, offset.unit) if offset else day


def _spoken(offset: Offset) -> str:
    return f"{offset.amount:+d} {offset.unit}"


def _overlaps(findings: Findings) -> None:
    for spans in _comparable(findings.definition.visits, findings.definition.cycles):
        for one, other in combinations(spans, 2):
            if not _apart(one.visit, other.visit) and (shared := _shared_day(one, other)):
                findings.add(("visits", other.number, "window"), _overlap_words(one, other, shared))


def _comparable(visits: Iterable[VisitDefinition], cycles: Iterable[Cycle]) -> Iterator[list[Span]]:
    """Scheduled visits of one anchor and cycle; of a cycle also the first visit of the next round."""
    groups: dict[tuple[str | None, str | None], list[Span]] = defaultdict(list)
    for index, visit in enumerate(visits):
        if visit.kind == "scheduled" and visit.anchor != "previous_visit":
            groups[visit.anchor, visit.cycle].append(Span(index, visit))
    lengths = {cycle.code: cycle.length for cycle in cycles}
    for (_, cycle), spans in groups.items():
        if cycle is not None and cycle in lengths:
            first = min(spans, key=Span.approximate_days)
            spans.append(first._replace(shift=lengths[cycle]))
        yield spans


def _apart(one: VisitDefinition, other: VisitDefinition) -> bool:
    """Whether one subject never has both: other arms, or each with a condition of its own."""
    return bool((one.arm and other.arm and one.arm != other.arm) or (one.when and other.when and one.when != other.when))


def _shared_day(one: Span, other: Span) -> date | None:
    for anchor in ANCHOR_DAYS:
        (start, end), (other_start, other_end) = one.days(anchor), other.days(anchor)
        if start <= other_end and other_start <= end:
            return max(start, other_start)
    return None


def _overlap_words(one: Span, other: Span, day: date) -> str:
    later = f"{other.visit.code} of the next cycle" if other.shift else other.visit.code
    return (
        f"the windows of {one.visit.code} and {later} overlap (for example on {day}), so that a day could belong to both; "
        "make one of them narrower"
    )
