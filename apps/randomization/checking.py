"""Does everything that was allocated come from the sealed lists, in their order? Reads; changes nothing."""

import json
from collections.abc import Iterator
from typing import Any

from apps.audit.models import Event
from apps.randomization.methods import METHODS
from apps.randomization.models import Allocation, Scheme, Slot
from apps.randomization.sealing import BrokenSeal, Secret, commitment, open_arm, open_secret


def problems_of(scheme: Scheme) -> Iterator[str]:
    """Each difference in one sentence; nothing when all is as it was sealed."""
    try:
        secret = open_secret(scheme.sealed_secret)
    except (BrokenSeal, ValueError, KeyError) as error:
        yield f"The seed cannot be opened: {error}."
        return
    lists = METHODS[scheme.method].lists(scheme.config, secret.seed)
    derived = commitment(scheme.config, secret, lists)
    if derived != scheme.commitment:
        yield f"The commitment is {scheme.commitment}, but seed and configuration give {derived}."
    yield from _against_ledger(scheme, secret, derived)
    slots = list(Slot.objects.filter(scheme=scheme).order_by("stratum", "position"))
    yield from _against_lists(slots, lists)
    yield from _allocations(scheme, slots)


def _against_ledger(scheme: Scheme, secret: Secret, derived: str) -> Iterator[str]:
    """What was published when the lists were sealed, and at each extension, is what seed and length of then give.

    Read from the newest back: an extension says the length before it, the first sealing none. ``derived``: of now.
    """
    length: int | None = scheme.config["length"]
    for change in reversed(list(_published(scheme))):
        before, after = change.get("length", (None, length))
        if length is None or after != length or (before is not None and before >= after):
            yield f"The ledger published lists of length {after}, but they have length {length}."
            return
        config = scheme.config | {"length": length}
        if config != scheme.config:
            derived = commitment(config, secret, METHODS[scheme.method].lists(config, secret.seed))
        if change["commitment"][1] != derived:
            yield f"The ledger published {change['commitment'][1]}, but the lists give {derived}."
        length = before
    if length is not None:
        yield f"The ledger published no commitment of lists of length {length}."


def _published(scheme: Scheme) -> Iterator[dict[str, tuple[Any, Any]]]:
    """The changes (item → old, new) of each event that published a commitment, in order."""
    actions = ("randomization.list.sealed", "randomization.list.extended")
    events = Event.objects.filter(chain=f"study:{scheme.study_id}", action__in=actions, object_id=str(scheme.pk))
    for body in events.order_by("seq").values_list("body", flat=True):
        yield {item: (old, new) for item, old, new in json.loads(body)["changes"]}


def _against_lists(slots: list[Slot], lists: dict[str, list[str]]) -> Iterator[str]:
    stored = {(slot.stratum, slot.position): slot for slot in slots}
    wanted = {(stratum, n): arm for stratum, arms in lists.items() for n, arm in enumerate(arms, start=1)}
    for stratum, position in sorted(wanted.keys() - stored.keys()):
        yield f"Slot {stratum} {position} of the sealed list is missing."
    for stratum, position in sorted(stored.keys() - wanted.keys()):
        yield f"Slot {stratum} {position} is not of the sealed list."
    for place in sorted(wanted.keys() & stored.keys()):
        try:
            if open_arm(*place, stored[place].sealed_arm) != wanted[place]:
                yield f"Slot {place[0]} {place[1]} holds another arm than the sealed list."
        except (BrokenSeal, ValueError) as error:
            yield f"Slot {place[0]} {place[1]} cannot be read: {error}."


def _allocations(scheme: Scheme, slots: list[Slot]) -> Iterator[str]:
    """Used slots and allocations are the same, have one arm, and were taken from the front, one after the other."""
    found = Allocation.objects.filter(study_id=scheme.study_id).select_related("subject")
    by_slot = {allocation.slot_id: allocation for allocation in found}
    yield from (f"{a.subject.number} has an arm without a slot." for a in found if a.slot_id is None)
    last: dict[str, Slot] = {}
    for slot in slots:
        allocation = by_slot.get(slot.pk)
        place = f"{slot.stratum} {slot.position}"
        if (allocation is None) != (slot.used_at is None):
            yield f"Slot {place} is used without an allocation." if slot.used_at else f"Slot {place} is not marked used."
        if allocation is None:
            continue
        yield from _one(slot, allocation, place)
        before = last.get(slot.stratum)
        if slot.position != (before.position if before else 0) + 1:
            yield f"Slot {place} was used although an earlier one of its stratum was free."
        elif before and slot.used_at and before.used_at and slot.used_at < before.used_at:
            yield f"Slot {place} was used before the one in front of it."
        last[slot.stratum] = slot


def _one(slot: Slot, allocation: Allocation, place: str) -> Iterator[str]:
    try:
        if open_arm(slot.stratum, slot.position, slot.sealed_arm) != allocation.arm:
            yield f"{allocation.subject.number} was given another arm than slot {place} holds."
    except (BrokenSeal, ValueError):
        return  # said where the slots are compared with the list
    if allocation.stratum != slot.stratum:
        yield f"{allocation.subject.number} was allocated in {allocation.stratum}, but its slot is of {slot.stratum}."
