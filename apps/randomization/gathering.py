"""What the database holds about a scheme, opened with the key, as evidence for a verification."""

import json
from collections.abc import Iterator

from apps.audit.models import Event
from apps.randomization.drawing import Secret
from apps.randomization.evidence import Change, Evidence, Given, Place
from apps.randomization.models import Allocation, Scheme, Slot
from apps.randomization.sealing import BrokenSeal, open_arm, open_secret

PUBLISHED = ("randomization.list.sealed", "randomization.list.extended")


def evidence_of(scheme: Scheme) -> Evidence:
    """BrokenSeal (a ValueError) where the secret cannot be opened; a slot that cannot is a place with its fault."""
    secret = open_secret(scheme.sealed_secret)
    return Evidence(
        study=scheme.study.slug,
        method=scheme.method,
        config=scheme.config,
        secret=Secret(secret.nonce, secret.seed, secret.lists),
        commitment=scheme.commitment,
        published=list(_published(scheme)),
        places=[_place(slot) for slot in Slot.objects.filter(scheme=scheme).order_by("stratum", "position")],
        given=[_given(one) for one in _allocations(scheme)],
    )


def _published(scheme: Scheme) -> Iterator[Change]:
    events = Event.objects.filter(chain=f"study:{scheme.study_id}", action__in=PUBLISHED, object_id=str(scheme.pk))
    for body in events.order_by("seq").values_list("body", flat=True):
        yield {name: (old, new) for name, old, new in json.loads(body)["changes"]}


def _allocations(scheme: Scheme) -> Iterator[Allocation]:
    yield from Allocation.objects.filter(study_id=scheme.study_id).select_related("subject", "slot").order_by("at", "pk")


def _place(slot: Slot) -> Place:
    try:
        arm = open_arm(slot.stratum, slot.position, slot.sealed_arm)
    except (BrokenSeal, ValueError) as error:
        return Place(slot.stratum, slot.position, None, slot.used_at, fault=str(error))
    return Place(slot.stratum, slot.position, arm, slot.used_at)


def _given(one: Allocation) -> Given:
    return Given(
        number=one.subject.number,
        stratum=one.stratum,
        slot_stratum=one.slot.stratum if one.slot else "",
        position=one.slot.position if one.slot else None,
        values=one.strata_values,
        arm=one.arm,
        at=one.at,
    )
