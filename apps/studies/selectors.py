"""What the study's pages show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from pydantic import BaseModel

from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.common.permissions import REGISTRY, Permission, Role
from apps.studies import wording
from apps.studies.definition import VisitDefinition
from apps.studies.definition.base import Source
from apps.studies.models import Membership, Site, SiteVersion, Study, StudyVersion
from apps.studies.protocol import CompiledCriterion, CompiledQuestion, CompiledTarget, Protocol

# elements of a definition that say where they come from
SOURCED = ("eligibility", "arms", "visits", "cycles", "outcomes")


def study_list(actor: Actor) -> QuerySet[Study]:
    """The studies where the actor holds a role, with what the list shows of each, without their whole definitions."""
    shown = {name: KeyTextTransform(name, "version__definition") for name in ("phase", "status", "target")}
    studies = Study.objects.visible_to(actor).annotate(**shown)
    return studies.select_related("version").defer("version__definition").order_by("slug")


@dataclass(frozen=True)
class VisitRow:
    """A line of the schedule; ``marks``: for each form of the table whether the visit has it."""

    visit: VisitDefinition
    target: str
    window: str
    condition: str
    arm: str
    cycle: str
    marks: list[bool]


@dataclass(frozen=True)
class Schedule:
    forms: list[Any]
    rows: list[VisitRow]
    log_forms: list[Any]


def schedule_of(protocol: Protocol) -> Schedule:
    """Visits down, forms across, both in the protocol's order."""
    used = {oid for visit in protocol.visits.values() for oid in visit.forms}
    forms = [form for oid, form in protocol.forms.items() if oid in used]
    rows = [_visit_row(visit, protocol, [form.oid in visit.forms for form in forms]) for visit in protocol.visits.values()]
    return Schedule(forms, rows, [protocol.forms[oid] for oid in protocol.log_forms])


def _visit_row(visit: VisitDefinition, protocol: Protocol, marks: list[bool]) -> VisitRow:
    return VisitRow(
        visit=visit,
        target=wording.target_words(visit, protocol),
        window=wording.window_words(visit),
        condition=wording.rule_words(protocol.conditions.get(visit.code), protocol),
        arm=wording.said(protocol.arms[visit.arm].label) if visit.arm else "",
        cycle=wording.said(protocol.cycles[visit.cycle].label) if visit.cycle else "",
        marks=marks,
    )


@dataclass(frozen=True)
class Ruled:
    """An element of the protocol with its rule in words."""

    element: CompiledCriterion | CompiledQuestion | CompiledTarget | Any
    words: str


def ruled(elements: Any, protocol: Protocol) -> list[Ruled]:
    return [Ruled(element.definition, wording.rule_words(element.rule, protocol)) for element in elements]


@dataclass(frozen=True)
class Origin:
    """Something that the record does not say: where it comes from, which element, and why."""

    name: str
    note: Any


def origins(protocol: Protocol) -> list[tuple[str, list[Origin]]]:
    """The elements that are not from the record, by source: what the sponsor should look at."""
    found: dict[str, list[Origin]] = defaultdict(list)
    for name, part in _sourced(protocol):
        if part.source and part.source != Source.RECORD:
            found[part.source.value].append(Origin(name, part.note))
        if getattr(part, "window_source", None) == Source.ASSUMPTION and part.source != Source.ASSUMPTION:
            found["assumption"].append(Origin(f"{name}: {wording.window_words(part)}", ""))
    return [(str(wording.SOURCES[source]), found[source]) for source in wording.SOURCES if source in found]


def _sourced(protocol: Protocol) -> Iterator[tuple[str, Any]]:
    study = protocol.definition
    singles: list[tuple[str, BaseModel | None]] = [
        (study.registry.id, study.registry),
        ("CTCAE", study.ctcae),
        (study.randomization.method if study.randomization else "", study.randomization),
    ]
    yield from ((name, part) for name, part in singles if part is not None)
    for key in SOURCED:
        for part in getattr(study, key):
            label = getattr(part, "label", None) or part.text
            yield f"{part.code} {wording.said(label)}", part
    for target in study.dosing.targets if study.dosing else ():
        yield f"{target.range} {target.unit}", target
    for start in study.dosing.start if study.dosing else ():
        yield f"{start.amount} {start.unit} {start.frequency}", start


def sites_of(actor: Actor, study: Study) -> QuerySet[Site]:
    """The actor's sites of the study with the versions that they work by, the newest first."""
    versions = SiteVersion.objects.select_related("version").defer("version__definition").order_by("-active_from", "-id")
    sites = Site.objects.visible_to(actor).filter(study=study)
    return sites.prefetch_related(Prefetch("versions", queryset=versions))


def people_of(actor: Actor, study: Study, *, ended: bool = False) -> QuerySet[Membership]:
    """Roles in force (or those that ended) at the actor's sites and at all sites."""
    seen = Q(site=None) | Q(site__in=Site.objects.visible_to(actor).filter(study=study))
    held = Membership.objects.filter(seen, study=study, ended_at__isnull=not ended)
    return held.select_related("user", "site")


def get_membership_for(actor: Actor, study: Study, pk: int) -> Membership:
    """The role, or 404 where the actor does not see its site."""
    held = (people_of(actor, study) | people_of(actor, study, ended=True)).filter(pk=pk).first()
    if held is None:
        raise NotVisible
    return held


@dataclass(frozen=True)
class Right:
    """A line of the table of rights; ``marks``: for each role whether it holds the right."""

    permission: Permission
    marks: list[bool]


def rights_table() -> list[tuple[str, list[Right]]]:
    """Every registered right with every role, by the app that names it."""
    groups: dict[str, list[Right]] = defaultdict(list)
    for permission in REGISTRY.values():
        marks = [role in permission.roles for role in Role]
        groups[permission.code.partition(".")[0]].append(Right(permission, marks))
    return list(groups.items())


def versions_of(study: Study) -> QuerySet[StudyVersion]:
    """The newest first, without the definitions, which are large."""
    return StudyVersion.objects.filter(study=study).defer("definition").order_by("-number")
