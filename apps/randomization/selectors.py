"""Reads about allocations. Nothing here gives an arm to whoever must not know it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.db.models import Count, Q

from apps.capture.scope import SubjectScope
from apps.common.actors import Actor
from apps.randomization.models import Allocation, Scheme
from apps.randomization.permissions import VIEW_ALLOCATION
from apps.rules import UNKNOWN, as_text
from apps.studies.access import is_blinded, may
from apps.studies.definition import ArmDefinition
from apps.studies.models import Study
from apps.studies.protocol import Protocol, protocol_for_site
from apps.subjects.models import Subject


def may_view_allocation(actor: Actor, study: Study, site_id: int | None = None) -> bool:
    """The right, and not blinded: one blinded role blinds."""
    return may(actor, VIEW_ALLOCATION, study_id=study.pk, site_id=site_id) and not is_blinded(actor, study, site_id)


def visible_allocation(actor: Actor, subject: Subject) -> ArmDefinition | None:
    """The subject's arm for those who may know it; None for the blinded and where there is none."""
    if not may_view_allocation(actor, subject.study, subject.site_id):
        return None
    code = arm_codes([subject.pk]).get(subject.pk)
    return protocol_for_site(subject.site).arms.get(code) if code else None


def arm_codes(subject_ids: Iterable[int]) -> dict[int, str]:
    """For services that act on the arm (doses, targets, branches). Never hand it to a page unasked."""
    found = Allocation.objects.filter(subject_id__in=list(subject_ids))
    return dict(found.values_list("subject_id", "arm"))


def arm_code(subject: Subject) -> str | None:
    return arm_codes([subject.pk]).get(subject.pk)


def is_allocated(subject: Subject) -> bool:
    return Allocation.objects.filter(subject=subject).exists()


def needs_randomization(protocol: Protocol) -> bool:
    """More than one arm to choose from; a single arm is assigned."""
    return len(protocol.arms) > 1


@dataclass(frozen=True)
class Stratum:
    """``values``: item → code as text; ``missing``: items without a value."""

    values: dict[str, str]
    missing: tuple[str, ...]

    @property
    def label(self) -> str:
        return stratum_label(self.values)


def stratum_of(subject: Subject, protocol: Protocol) -> Stratum:
    """By the subject's items of now; the browser has no say in it."""
    plan = protocol.definition.randomization
    oids = plan.strata if plan else []
    scope = SubjectScope(subject, protocol) if oids else None
    read = {oid: scope.value(oid) for oid in oids} if scope else {}
    values = {oid: as_text(value) for oid, value in read.items() if value is not UNKNOWN}
    return Stratum(values, tuple(oid for oid in oids if oid not in values))


def stratum_label(values: dict[str, str]) -> str:
    """``KMP=Y``; several items with commas, in the order of their names; ``all`` without strata."""
    return ",".join(f"{oid}={code}" for oid, code in sorted(values.items())) or "all"


def strata_of(protocol: Protocol) -> list[str]:
    """Every stratum that there can be."""
    plan = protocol.definition.randomization
    oids = sorted(plan.strata) if plan else []
    codes = [_codes(protocol, oid) for oid in oids]
    return [stratum_label(dict(zip(oids, chosen, strict=True))) for chosen in product(*codes)]


def _codes(protocol: Protocol, oid: str) -> list[str]:
    item = protocol.items[oid].definition
    return sorted(protocol.codelists[item.codelist]) if item.codelist else ["N", "Y"]


def slots_left(scheme: Scheme) -> list[Any]:
    """Per stratum how many slots there are and how many are used. For list managers: counts, never arms."""
    return list(
        scheme.slots.order_by("stratum")
        .values("stratum")
        .annotate(total=Count("id"), used=Count("id", filter=Q(used_at__isnull=False)))
    )
