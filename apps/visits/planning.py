"""From a protocol and a subject's dated facts to planned visits: anchors, offsets, windows, cycles. Pure.

A target is anchor + offset; the window lies around it, both ends included; months are calendar months clamped to the
end of the month, weeks 7 days. A visit without a known anchor is planned without dates.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.common.dates import add_offset
from apps.subjects.milestones import REPEATING, Milestones

Key = tuple[str, int, int]  # code, cycle, occurrence
STEP = 10  # room between planned visits for unscheduled ones


@dataclass(frozen=True)
class Planned:
    """One visit as the protocol wants it; ``audience`` "unblinded" where it would tell the arm."""

    code: str
    cycle: int
    occurrence: int
    position: int
    target: date | None
    earliest: date | None
    latest: date | None
    audience: str = ""

    @property
    def key(self) -> Key:
        return self.code, self.cycle, self.occurrence

    @property
    def dates(self) -> tuple[date | None, date | None, date | None]:
        return self.target, self.earliest, self.latest


@dataclass(frozen=True)
class Facts:
    """What a plan is made of: dated facts, actual dates of visits, and the branches that were opened."""

    milestones: Milestones
    actual: Mapping[Key, date]
    open_branches: Set[str] = frozenset()


def is_branch(visit: Any) -> bool:
    """Does the visit belong to one arm or to a condition, so that it must be opened first?"""
    return visit.arm is not None or visit.when is not None


def audience_of(visit: Any) -> str:
    """Who may know of the visit: one that only an arm has, or whose date would tell the arm, is not for the blinded."""
    return "unblinded" if visit.arm or visit.blinding else ""


def plan(visits: Mapping[str, Any], cycles: Mapping[str, Any], facts: Facts) -> list[Planned]:
    """Every scheduled visit that is due to this subject, in the protocol's order, courses one after the other."""
    made: dict[Key, Planned] = {}
    previous: Planned | None = None
    for position, (visit, cycle_number) in enumerate(_in_order(visits, cycles), start=1):
        if visit.kind != "scheduled" or (is_branch(visit) and visit.code not in facts.open_branches):
            continue
        cycle = cycles.get(visit.cycle) if visit.cycle else None
        if cycle is not None and cycle_number > courses(cycle, facts.milestones):
            continue
        for occurrence, anchor in _anchors(visit, cycle, cycle_number, facts, made, previous):
            planned = _place(visit, cycle_number, occurrence, position * STEP, anchor)
            made[planned.key] = planned
            previous = planned
    return list(made.values())


def _in_order(visits: Mapping[str, Any], cycles: Mapping[str, Any]) -> Iterator[tuple[Any, int]]:
    """(visit, course): outside cycles course 0; the visits of a cycle together, course after course.

    All courses that there can be, so that a visit has the same place for every subject.
    """
    done: set[str] = set()
    for visit in visits.values():
        if not visit.cycle:
            yield visit, 0
        elif visit.cycle not in done:
            done.add(visit.cycle)
            block = [other for other in visits.values() if other.cycle == visit.cycle]
            for number in range(1, cycles[visit.cycle].max + 1):
                yield from ((other, number) for other in block)


def courses(cycle: Any, milestones: Milestones) -> int:
    """How many courses to plan: those that were started and the next one; all, where one fact anchors every course."""
    if cycle.anchor not in REPEATING:
        return cycle.max
    started = max((number for number, _ in milestones.all(cycle.anchor)), default=0)
    return min(started + 1, cycle.max)


def _anchors(visit, cycle, cycle_number, facts, made, previous) -> list[tuple[int, date | None]]:
    """(occurrence, day) for each time that the visit is due; one without a day while its anchor is not known."""
    if cycle is not None and visit.anchor == cycle.anchor:
        return [(1, _course_start(cycle, cycle_number, facts.milestones))]
    if visit.anchor == "previous_visit":
        return [(1, _day_of(previous.key, previous.target, facts) if previous else None)]
    if visit.anchor.startswith("visit:"):
        code = visit.anchor.removeprefix("visit:")
        other = made.get((code, cycle_number, 1)) or made.get((code, 0, 1))
        return [(1, _day_of(other.key, other.target, facts) if other else None)]
    if visit.anchor in REPEATING:
        return list(facts.milestones.all(visit.anchor))
    return [(1, facts.milestones.anchor(visit.anchor))]


def _course_start(cycle, number: int, milestones: Milestones) -> date | None:
    """The day that the course was started; where one fact anchors all courses, so many lengths after it."""
    if cycle.anchor in REPEATING:
        return milestones.get(cycle.anchor, number)
    first = milestones.anchor(cycle.anchor)
    return first and add_offset(first, cycle.length.amount * (number - 1), cycle.length.unit)


def _day_of(key: Key, target: date | None, facts: Facts) -> date | None:
    return facts.actual.get(key) or target


def _place(visit, cycle: int, occurrence: int, position: int, anchor: date | None) -> Planned:
    audience = audience_of(visit)
    if anchor is None:
        return Planned(visit.code, cycle, occurrence, position, None, None, None, audience)
    target = add_offset(anchor, visit.at.amount, visit.at.unit)
    before, after = visit.window
    return Planned(
        visit.code,
        cycle,
        occurrence,
        position,
        target,
        # windows are written [-3d, +3d]; -0d is no day before
        add_offset(target, -abs(before.amount), before.unit),
        add_offset(target, abs(after.amount), after.unit),
        audience,
    )


def days_out(earliest: date | None, latest: date | None, on: date) -> int:
    """Days before (negative) or after (positive) the window; 0 inside, both ends included, and without a window."""
    if earliest is not None and on < earliest:
        return (on - earliest).days
    if latest is not None and on > latest:
        return (on - latest).days
    return 0
