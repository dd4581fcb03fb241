"""The protocol at run time: a published version with its rules compiled, held once in each process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.audit.ledger import block_memory
from apps.rules import Kind, Rule, Schema, compile_rule
from apps.studies.compiling import RESULTS, Standing, kind_of, schema_at, schema_of, standing_items
from apps.studies.definition import (
    ArmDefinition,
    Check,
    Criterion,
    Cycle,
    FormDefinition,
    Group,
    ItemDefinition,
    Question,
    StartingDose,
    StudyDefinition,
    TargetRange,
    VisitDefinition,
)
from apps.studies.definition.base import Text
from apps.studies.models import Form, Site, SiteVersion, StudyVersion


@dataclass(frozen=True)
class CompiledCheck:
    definition: Check
    rule: Rule


@dataclass(frozen=True)
class CompiledItem:
    """``line``: the item is in a repeating group, so a record has it once for each line."""

    oid: str
    definition: ItemDefinition
    form_oid: str
    group: Group
    kind: Kind
    show_if: Rule | None
    compute: Rule | None
    checks: tuple[CompiledCheck, ...]

    @property
    def line(self) -> bool:
        return self.group.repeating


@dataclass(frozen=True)
class CompiledForm:
    """``form_id``: its row; ``is_log``: of the subject, not of a visit; ``blinded``: all of it hidden from the blinded."""

    oid: str
    definition: FormDefinition
    form_id: int
    items: dict[str, CompiledItem]
    is_log: bool

    @property
    def title(self) -> Text:
        return self.definition.title

    @property
    def blinded(self) -> bool:
        return bool(self.definition.blinding)


@dataclass(frozen=True)
class CompiledCriterion:
    definition: Criterion
    rule: Rule


@dataclass(frozen=True)
class CompiledQuestion:
    definition: Question
    rule: Rule | None


@dataclass(frozen=True)
class CompiledTarget:
    definition: TargetRange
    rule: Rule | None


@dataclass(frozen=True)
class CompiledStart:
    definition: StartingDose
    rule: Rule | None


@dataclass(frozen=True)
class Protocol:
    """One version of a study, ready to be asked. ``items`` and ``forms`` by OID, ``visits``, ``cycles``, ``arms`` by code.

    ``conditions``: the compiled ``when`` of the visits that have one.
    """

    version_id: int
    study_id: int
    definition: StudyDefinition
    schema: Schema
    forms: dict[str, CompiledForm]
    items: dict[str, CompiledItem]
    visits: dict[str, VisitDefinition]
    conditions: dict[str, Rule]
    cycles: dict[str, Cycle]
    arms: dict[str, ArmDefinition]
    criteria: tuple[CompiledCriterion, ...]
    questions: tuple[CompiledQuestion, ...]
    targets: tuple[CompiledTarget, ...]
    starts: tuple[CompiledStart, ...]
    codelists: dict[str, dict[str, Text]]
    _labels: dict[str, dict[str, str]] = field(default_factory=dict, compare=False)

    @property
    def log_forms(self) -> list[str]:
        return self.definition.log_forms

    def forms_at(self, visit_code: str) -> list[str]:
        """The forms of a visit in their order; none for a code that this version does not have."""
        visit = self.visits.get(visit_code)
        return visit.forms if visit else []

    @cached_property
    def hidden_from_blinded(self) -> frozenset[str]:
        """OIDs of the forms, and of the items in whatever form, that whoever is blinded must not see."""
        forms = {form.oid for form in self.forms.values() if form.blinded}
        items = {oid for oid, item in self.items.items() if item.definition.blinding or item.form_oid in forms}
        return frozenset(forms | items)

    @cached_property
    def readers(self) -> dict[str, frozenset[str]]:
        """Item → the forms whose rules read it beyond the record that holds it: another form's, or at another visit."""
        readers: dict[str, set[str]] = {}
        for form in self.forms.values():
            for oid in _read_beyond(form):
                readers.setdefault(oid, set()).add(form.oid)
        return {oid: frozenset(forms) for oid, forms in readers.items()}

    @cached_property
    def forms_reading_visits(self) -> frozenset[str]:
        """Forms with a rule that asks for another visit's value: which visit that is depends on the visits' dates."""
        return frozenset(
            form.oid
            for form in self.forms.values()
            if any(one.selector in AT_VISIT for rule in _rules(form) for one in rule.elsewhere)
        )

    def labels(self, language: str) -> dict[str, str]:
        """What ``rules.in_words`` calls items, codes (``SEX=M``) and forms; ``language``: en or zh."""
        if language not in self._labels:
            self._labels[language] = _labels(self, language)
        return self._labels[language]


@lru_cache(maxsize=64)
def get_protocol(version_id: int) -> Protocol:
    """The compiled definition of a version. Versions never change, so it is read and compiled once in a process."""
    version = StudyVersion.objects.get(pk=version_id)
    rows = dict(Form.objects.filter(versions=version_id).values_list("oid", "pk"))
    return compile_protocol(version.pk, version.study_id, StudyDefinition.model_validate(version.definition), rows)


def compile_protocol(version_id: int, study_id: int, study: StudyDefinition, rows: dict[str, int]) -> Protocol:
    """``rows``: form OID → its row. A definition that passed the loader compiles; any other raises RuleError."""
    schema = schema_of(study.forms, study.codelists)
    forms = {form.oid: _form(form, schema, rows[form.oid], form.oid in study.log_forms) for form in study.forms}
    dosing = study.dosing
    return Protocol(
        version_id=version_id,
        study_id=study_id,
        definition=study,
        schema=schema,
        forms=forms,
        items={oid: item for form in forms.values() for oid, item in form.items.items()},
        visits={visit.code: visit for visit in study.visits},
        conditions={visit.code: compile_rule(visit.when, schema) for visit in study.visits if visit.when},
        cycles={cycle.code: cycle for cycle in study.cycles},
        arms={arm.code: arm for arm in study.arms},
        criteria=tuple(CompiledCriterion(c, compile_rule(c.rule, schema, expect=Kind.BOOL)) for c in study.eligibility),
        questions=tuple(CompiledQuestion(q, _when(q.when, schema)) for q in study.questions),
        targets=tuple(CompiledTarget(t, _when(t.when, schema)) for t in (dosing.targets if dosing else ())),
        starts=tuple(CompiledStart(s, _when(s.when, schema)) for s in (dosing.start if dosing else ())),
        codelists={codelist.oid: {code.code: code.label for code in codelist.codes} for codelist in study.codelists},
    )


AT_VISIT = frozenset({"baseline", "previous", "first", "last"})


def _rules(form: CompiledForm) -> Iterator[Rule]:
    for item in form.items.values():
        yield from (rule for rule in (item.show_if, item.compute) if rule is not None)
        yield from (check.rule for check in item.checks)


def _read_beyond(form: CompiledForm) -> Iterator[str]:
    """What the form's rules read of other records; a table's lines are in the record itself."""
    for rule in _rules(form):
        yield from rule.items - form.items.keys()
        for one in rule.elsewhere:
            if one.oid not in form.items or not form.items[one.oid].line:
                yield one.oid


def _when(text: str | None, schema: Schema) -> Rule | None:
    return compile_rule(text, schema, expect=Kind.BOOL) if text else None


def _form(form: FormDefinition, schema: Schema, form_id: int, is_log: bool) -> CompiledForm:
    items = {place.item.oid: _item(place, schema) for place in standing_items([form])}
    return CompiledForm(form.oid, form, form_id, items, is_log)


def _item(place: Standing, schema: Schema) -> CompiledItem:
    item, here = place.item, schema_at(schema, place.form, place.group)
    return CompiledItem(
        oid=item.oid,
        definition=item,
        form_oid=place.form.oid,
        group=place.group,
        kind=kind_of(item),
        show_if=_when(item.show_if, here),
        compute=compile_rule(item.compute, here, expect=RESULTS[item.result]) if item.compute else None,
        checks=tuple(CompiledCheck(c, compile_rule(c.rule, here, expect=Kind.BOOL)) for c in item.checks),
    )


def _labels(protocol: Protocol, language: str) -> dict[str, str]:
    labels = {}
    for form in protocol.forms.values():
        labels[form.oid] = _in(form.title, language)
    for oid, item in protocol.items.items():
        labels[oid] = _in(item.definition.label, language)
        codes = protocol.codelists.get(item.definition.codelist or "", {})
        labels.update({f"{oid}={code}": _in(text, language) for code, text in codes.items()})
    return labels


def _in(text: Text, language: str) -> str:
    return (text.zh if language == "zh" else "") or text.en


def site_today(site: Site) -> dt.date:
    """The date at the site's clock."""
    return timezone.now().astimezone(ZoneInfo(site.time_zone)).date()


def version_for_site(site: Site, on: dt.date | None = None) -> StudyVersion | None:
    """The version that the site works by on that day (today at the site's clock); None before the first."""
    rows = SiteVersion.objects.filter(site=site, active_from__lte=on or site_today(site))
    newest = rows.select_related("version").order_by("-active_from", "-id").first()
    return newest.version if newest else None


def protocol_for_site(site: Site, on: dt.date | None = None) -> Protocol:
    """The protocol of the site's version; DoesNotExist for a site that has none yet. Asked once a ledger block."""
    day = on or site_today(site)
    memory, key = block_memory(), ("site_version", site.pk, day)
    version_id = memory.get(key) if memory is not None else None
    if version_id is None:
        rows = SiteVersion.objects.filter(site=site, active_from__lte=day)
        version_id = rows.order_by("-active_from", "-id").values_list("version_id", flat=True)[:1].get()
        if memory is not None:
            memory[key] = version_id
    return get_protocol(version_id)
