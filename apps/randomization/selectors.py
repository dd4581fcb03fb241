"""Reads about allocations. Nothing here gives an arm to whoever must not know it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from apps.capture.scope import SubjectScope
from apps.common.actors import Actor
from apps.randomization.models import Allocation, Misrandomization, Scheme, Unblinding
from apps.randomization.permissions import VIEW_ALLOCATION
from apps.randomization.strata import stratum_label
from apps.rules import UNKNOWN, as_text
from apps.studies.access import is_blinded, may
from apps.studies.definition import SITE_STRATUM, ArmDefinition
from apps.studies.models import Site, Study
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


def allocated_values(subject: Subject) -> dict[str, str]:
    """Item → code by which the subject was stratified when it was allocated; it tells no arm."""
    found = Allocation.objects.filter(subject=subject).values_list("strata_values", flat=True).first()
    return found or {}


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


def stratum_of(subject: Subject, protocol: Protocol, scope: SubjectScope | None = None) -> Stratum:
    """By the subject's site and items of now; the browser has no say in it. ``scope``: the data, if read already."""
    plan = protocol.definition.randomization
    oids = plan.strata if plan else []
    scope = scope or SubjectScope(subject, protocol)  # reads nothing before it is asked
    values: dict[str, str] = {}
    for oid in oids:
        if oid == SITE_STRATUM:
            values[oid] = subject.site.code
        elif (value := scope.value(oid)) is not UNKNOWN:
            values[oid] = as_text(value)
    return Stratum(values, tuple(oid for oid in oids if oid not in values))


def levels_of(study: Study, protocol: Protocol) -> dict[str, list[str]]:
    """Each item that makes strata or factors with its codes; the study's sites where the site is one."""
    plan = protocol.definition.randomization
    return {oid: _codes(study, protocol, oid) for oid in (plan.strata if plan else [])}


def _codes(study: Study, protocol: Protocol, oid: str) -> list[str]:
    if oid == SITE_STRATUM:
        return list(Site.objects.filter(study=study).order_by("code").values_list("code", flat=True))
    item = protocol.items[oid].definition
    return sorted(protocol.codelists[item.codelist]) if item.codelist else ["N", "Y"]


@dataclass(frozen=True)
class Left:
    """Slots of one stratum, as counts. ``total`` 0: nothing is drawn ahead."""

    stratum: str
    total: int
    used: int

    @property
    def left(self) -> int:
        return self.total - self.used

    @property
    def is_low(self) -> bool:
        return is_low(self.left, self.total)


def is_low(left: int, total: int) -> bool:
    """A fifth of the list or less is left."""
    return left * 5 <= total


def slots_left(scheme: Scheme) -> list[Left]:
    """Per stratum how many slots there are and how many are used. For list managers: counts, never arms."""
    counted = (
        scheme.slots.order_by("stratum")
        .values("stratum")
        .annotate(total=Count("id"), used=Count("id", filter=Q(used_at__isnull=False)))
    )
    return [Left(**row) for row in counted]


def scheme_of(study: Study) -> Scheme | None:
    """Without what is sealed."""
    return Scheme.objects.filter(study=study).defer("sealed_secret").first()


def disclosed_arm(actor: Actor, subject: Subject) -> ArmDefinition | None:
    """The arm for the person who was unblinded to this subject in an emergency; None for everybody else."""
    if actor.user_id is None or not Unblinding.objects.filter(subject=subject, actor_id=actor.user_id).exists():
        return None
    code = arm_code(subject)
    return protocol_for_site(subject.site).arms.get(code) if code else None


def unblindings_of(actor: Actor, subject: Subject) -> list[Unblinding]:
    """Who was shown the arm, for those who may know it anyway."""
    if not may_view_allocation(actor, subject.study, subject.site_id):
        return []
    return list(Unblinding.objects.filter(subject=subject).order_by("pk"))


def misrandomizations_of(subject: Subject) -> list[Misrandomization]:
    """What was wrong with the subject's allocation; it tells no arm."""
    return list(Misrandomization.objects.filter(subject=subject).order_by("pk"))
