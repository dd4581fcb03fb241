"""Does everything that was allocated come from what was sealed, in its order? Pure: of a database or a revealed file."""

from collections.abc import Collection, Iterator
from typing import Any

from apps.randomization.commitment import commitment
from apps.randomization.evidence import Evidence, Given, Place
from apps.randomization.methods import METHODS, Lists, Method, Tally


def problems_in(evidence: Evidence, known: Collection[str] = ()) -> Iterator[str]:
    """Each difference in one sentence; nothing when all is as it was sealed.

    ``known``: commitments that somebody wrote down when they were published; each must be one of the file's.
    """
    method = METHODS.get(evidence.method)
    if method is None:
        yield f"There is no method {evidence.method}."
        return
    try:
        lists = method.lists(evidence.config, evidence.secret)
        derived = commitment(evidence.config, evidence.secret, lists)
    except (KeyError, TypeError, ValueError) as error:
        yield f"Configuration and seed give no lists: {error!r}."
        return
    if derived != evidence.commitment:
        yield f"The commitment is {evidence.commitment}, but seed and configuration give {derived}."
    yield from _against_published(evidence, method, derived)
    published = {change["commitment"][1] for change in evidence.published}
    yield from (f"The commitment {one} was never published by this study." for one in known if one not in published)
    if method.is_ahead:
        yield from _against_lists(evidence.places, lists)
    else:
        yield from _drawn_again(evidence, method)
    yield from _allocations(evidence)


def _against_published(evidence: Evidence, method: Method, derived: str) -> Iterator[str]:
    """What was published when the lists were sealed, and at each extension, is what secret and configuration of then give.

    Read from the newest back: an extension says what the configuration was before it, the first sealing ends the walk.
    """
    config = dict(evidence.config)
    is_first = False
    for change in reversed(evidence.published):
        grown = {name: values for name, values in change.items() if name != "commitment"}
        for name, (before, after) in grown.items():
            if after != config.get(name) or not _is_more(before, after):
                yield f"The ledger published {_lists_of(name, after)}, but they have {_said(name, config.get(name))}."
                return
        if config != evidence.config:
            derived = commitment(config, evidence.secret, method.lists(config, evidence.secret))
        if change["commitment"][1] != derived:
            yield f"The ledger published {change['commitment'][1]}, but the lists give {derived}."
        config |= {name: before for name, (before, _after) in grown.items()}
        is_first = not grown
    if not is_first:
        yield f"The ledger published no commitment of {_lists_of('length', config.get('length'))}."


def _is_more(before: Any, after: Any) -> bool:
    """An extension: a longer length, or strata that hold those of before."""
    if isinstance(before, int) and isinstance(after, int):
        return before < after
    if isinstance(before, dict) and isinstance(after, dict):
        return all(after.get(stratum, 0) >= length for stratum, length in before.items()) and before != after
    return isinstance(before, list) and isinstance(after, list) and set(before) < set(after)


def _lists_of(name: str, value: Any) -> str:
    return f"lists of {_said(name, value)}"


def _said(name: str, value: Any) -> str:
    return f"{name} {value}"


def _against_lists(places: list[Place], lists: Lists) -> Iterator[str]:
    stored = {(place.stratum, place.position): place for place in places}
    wanted = {(stratum, n): arm for stratum, arms in lists.items() for n, arm in enumerate(arms, start=1)}
    for stratum, position in sorted(wanted.keys() - stored.keys()):
        yield f"Slot {stratum} {position} of the sealed list is missing."
    for stratum, position in sorted(stored.keys() - wanted.keys()):
        yield f"Slot {stratum} {position} is not of the sealed list."
    for key in sorted(wanted.keys() & stored.keys()):
        yield from _one_place(stored[key], wanted[key], "holds another arm than the sealed list")


def _drawn_again(evidence: Evidence, method: Method) -> Iterator[str]:
    """Each arm in the order of allocation, from those before it."""
    values = {one.position: one.values for one in evidence.given}
    past = Tally()
    for place in sorted(evidence.places, key=lambda place: place.position):
        if place.position != past.number + 1 or place.position not in values:
            yield f"Allocation {past.number + 1} is missing, so those after it cannot be drawn again."
            return
        try:
            arm = method.draw(evidence.config, evidence.secret, values[place.position], past)
        except KeyError as error:
            yield f"Allocation {place.position} has no value of the factor {error}, so it cannot be drawn again."
            return
        yield from _one_place(place, arm, "holds another arm than is drawn again")
        past.add(values[place.position], place.arm or arm)


def _one_place(place: Place, arm: str, words: str) -> Iterator[str]:
    if place.fault:
        yield f"Slot {place.stratum} {place.position} cannot be read: {place.fault}."
    elif place.arm != arm:
        yield f"Slot {place.stratum} {place.position} {words}."


def _allocations(evidence: Evidence) -> Iterator[str]:
    """Used slots and allocations are the same, have one arm, and were taken from the front, one after the other."""
    by_slot = {(one.slot_stratum, one.position): one for one in evidence.given}
    yield from (f"{one.number} has an arm without a slot." for one in evidence.given if one.position is None)
    slots = {(place.stratum, place.position) for place in evidence.places}
    for key, one in by_slot.items():
        if one.position is not None and key not in slots:
            yield f"{one.number} was given slot {key[0]} {key[1]}, which is not there."
    last: dict[str, Place] = {}
    for place in sorted(evidence.places, key=lambda place: (place.stratum, place.position)):
        given = by_slot.get((place.stratum, place.position))
        name = f"{place.stratum} {place.position}"
        if (given is None) != (place.used_at is None):
            yield f"Slot {name} is used without an allocation." if place.used_at else f"Slot {name} is not marked used."
        if given is None:
            continue
        yield from _one(place, given, name)
        before = last.get(place.stratum)
        if place.position != (before.position if before else 0) + 1:
            yield f"Slot {name} was used although an earlier one of its stratum was free."
        elif before and place.used_at and before.used_at and place.used_at < before.used_at:
            yield f"Slot {name} was used before the one in front of it."
        last[place.stratum] = place


def _one(place: Place, given: Given, name: str) -> Iterator[str]:
    if place.arm is not None and place.arm != given.arm:
        yield f"{given.number} was given another arm than slot {name} holds."
    if given.stratum != place.stratum:
        yield f"{given.number} was allocated in {given.stratum}, but its slot is of {place.stratum}."
