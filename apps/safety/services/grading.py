"""Grades every result of a record after its save, and raises flags. Nothing creates an adverse event by itself."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.audit.ledger import ledger
from apps.capture.models import FormRecord
from apps.capture.scope import SubjectScope
from apps.common.actors import Actor
from apps.common.units import unit_sign
from apps.labs.analytes import Analyte, analytes
from apps.labs.models import ReferenceRange
from apps.labs.selectors import ranges_for
from apps.rules import PartialDate, typed
from apps.safety.ctcae import Graded, Sample, grade, terms_for
from apps.safety.models import Flag, Grade
from apps.safety.permissions import HANDLE_FLAGS
from apps.safety.services.flags import raise_flag
from apps.studies.access import require
from apps.studies.protocol import CompiledForm, CompiledItem, Protocol, get_protocol

UNIT_OF_LIMITS = "the laboratory's limits are in another unit"


def grade_record(actor: Actor, record: FormRecord) -> list[Grade]:
    """Grade the record's newest revision. A second call for the same revision changes nothing."""
    require(actor, HANDLE_FLAGS, study_id=record.study_id, site_id=record.subject.site_id)
    protocol = get_protocol(record.version_id)
    form = protocol.forms[record.form_oid]
    graded_items = list(_graded_items(form))
    if not graded_items or record.status == FormRecord.Status.NOT_DONE or record.inactive:
        return []
    with ledger(actor, record.study_id) as entry:
        scope = SubjectScope(record.subject, protocol, record)
        context = Context(record, protocol, form, scope)
        before = {(row.item_oid, row.term): row for row in Grade.objects.filter(record=record).order_by("pk")}
        written = []
        for item, analyte, term in graded_items:
            row = context.graded(item, analyte, term)
            if row is None or _same(before.get((item.oid, term)), row):
                continue
            row, created = Grade.objects.get_or_create(
                record=record,
                revision=record.revision,
                item_oid=item.oid,
                term=term,
                ctcae_version=row.ctcae_version,
                defaults={field: getattr(row, field) for field in FIELDS},
            )
            if created:
                written.append(row)
                entry(
                    action="safety.grade.given",
                    obj=row,
                    label=f"{record.subject.number}: {term}",
                    site_id=record.subject.site_id,
                    subject_id=record.subject_id,
                    changes=[(item.oid, None, row.grade)],
                )
                if not context.is_baseline(item):
                    _flag(actor, record, protocol, row)
    return written


FIELDS = (
    "study_id",
    "subject_id",
    "analyte",
    "value",
    "unit",
    "low",
    "high",
    "baseline",
    "baseline_grade",
    "grade",
    "reason",
    "at",
)


def _graded_items(form: CompiledForm) -> Iterator[tuple[CompiledItem, Analyte, str]]:
    """The form's items whose analyte has a numeric CTCAE term, once a term."""
    for item in form.items.values():
        analyte = analytes().get(item.definition.analyte or "")
        if analyte and not item.line:
            for term in analyte.ctcae.values():
                yield item, analyte, term


def _same(before: Grade | None, row: Grade) -> bool:
    """The newest grade says the same of the same value: nothing new to keep."""
    fields = ("value", "unit", "low", "high", "baseline", "baseline_grade", "grade", "reason")
    return before is not None and all(_plain(getattr(before, f)) == _plain(getattr(row, f)) for f in fields)


def _plain(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else value


class Context:
    """What grading a record reads: who, when, the laboratory's ranges that day and at baseline."""

    def __init__(self, record: FormRecord, protocol: Protocol, form: CompiledForm, scope: SubjectScope) -> None:
        self.record, self.protocol, self.form, self.scope = record, protocol, form, scope
        self.version = protocol.definition.ctcae.version
        self._ranges: dict[date | None, dict[str, ReferenceRange]] = {}

    def graded(self, item: CompiledItem, analyte: Analyte, term: str) -> Grade | None:
        """An unsaved Grade of the item; None where there is no value or this version has no such term."""
        value = self.scope.value(item.oid)
        if not isinstance(value, Decimal) or term not in terms_for(self.version):
            return None
        on = self.sampled_on(self.record.data)
        sample = self._sample(item, analyte, value, on)
        found = grade(term, self.version, sample)
        return Grade(
            study_id=self.record.study_id,
            subject_id=self.record.subject_id,
            record=self.record,
            revision=self.record.revision,
            item_oid=item.oid,
            analyte=analyte.code,
            term=term,
            ctcae_version=self.version,
            value=str(self.record.data.get(item.oid, value)),
            unit=sample.unit,
            low=sample.low,
            high=sample.high,
            baseline="" if sample.baseline is None else str(sample.baseline),
            baseline_grade=self._baseline_grade(item, analyte, term),
            grade=found.grade,
            reason=_reason(found, on, self.ranges(on).get(analyte.code), sample),
            at=timezone.now(),
        )

    def _sample(self, item: CompiledItem, analyte: Analyte, value: Decimal, on: date | None) -> Sample:
        limits = self.limits(item, analyte, on)
        baseline = self._baseline(item, analyte)
        if baseline is None:
            return Sample(value, item.definition.unit, *limits)
        return Sample(value, item.definition.unit, *limits, baseline.value, _status(baseline))

    def _baseline(self, item: CompiledItem, analyte: Analyte) -> Sample | None:
        """The baseline value with the limits of its own day; none for the record that is the baseline itself."""
        record = self.scope.baseline_of(item.oid)
        if record is None or self.is_baseline(item):
            return None
        value = typed(item.kind, record.data.get(item.oid))
        if not isinstance(value, Decimal):
            return None
        return Sample(value, item.definition.unit, *self.limits(item, analyte, self.sampled_on(record.data)))

    def is_baseline(self, item: CompiledItem) -> bool:
        """Whether this record holds the item's baseline: what was there before treatment is not treatment-emergent."""
        record = self.scope.baseline_of(item.oid)
        return record is not None and record.id == self.record.pk

    def _baseline_grade(self, item: CompiledItem, analyte: Analyte, term: str) -> int | None:
        baseline = self._baseline(item, analyte)
        return None if baseline is None else grade(term, self.version, baseline).grade

    def limits(self, item: CompiledItem, analyte: Analyte, on: date | None) -> tuple[Decimal | None, Decimal | None]:
        """The laboratory's limits that day, where it states them in the value's own unit; never converted and compared."""
        found = self.ranges(on).get(analyte.code)
        return (found.low, found.high) if found and found.unit == item.definition.unit else (None, None)

    def sampled_on(self, data: Mapping[str, Any]) -> date | None:
        """The form's first date, where it is whole."""
        for item in self.form.items.values():
            if item.definition.type == "date" and not item.line:
                value = typed(item.kind, data.get(item.oid))
                return value.earliest if isinstance(value, PartialDate) and value.is_full else None
        return None

    def ranges(self, on: date | None) -> dict[str, ReferenceRange]:
        if on not in self._ranges:
            birth, sex = self.scope.value("BRTHDAT"), self.scope.value("SEX")
            age = (on - birth.earliest).days if on and isinstance(birth, PartialDate) and birth.is_full else None
            self._ranges[on] = ranges_for(
                self.record.subject.site_id, sex=sex if isinstance(sex, str) else "", age_days=age, on=on
            )
        return self._ranges[on]


def _status(baseline: Sample) -> str:
    """How the baseline stood to the limits of its own day: normal, low, high, or "" if not known."""
    if baseline.high is not None and baseline.value > baseline.high:
        return "high"
    if baseline.low is not None and baseline.value < baseline.low:
        return "low"
    return "normal" if baseline.high is not None or baseline.low is not None else ""


def _reason(found: Graded, on: date | None, limits: ReferenceRange | None, sample: Sample) -> str:
    if found.grade is not None:
        return found.reason
    if on is None:
        return f"{found.reason}; the sample has no full date, so no reference range applies"
    if limits is None:
        return f"{found.reason}; the site's laboratory has no range for that day, age and sex"
    return found.reason if limits.unit == sample.unit else f"{found.reason}; {UNIT_OF_LIMITS}"


def _flag(actor: Actor, record: FormRecord, protocol: Protocol, row: Grade) -> None:
    """A grade at or above the study's threshold that is worse than at baseline waits for a person."""
    if row.grade is None or row.grade < protocol.definition.safety.flag_from or row.grade <= (row.baseline_grade or 0):
        return
    label = protocol.items[row.item_oid].definition.label
    raise_flag(
        actor,
        record.subject,
        kind="ctcae",
        occasion=f"ctcae:{record.pk}:{record.revision}:{row.item_oid}:{row.term}",
        severity=Flag.Severity.CRITICAL if row.grade >= 4 else Flag.Severity.WARNING,
        text=_words(row, label.en, label.zh or label.en),
        record=record,
        item_oid=row.item_oid,
    )


def _words(row: Grade, en: str, zh: str) -> dict[str, str]:
    name = terms_for(row.ctcae_version)[row.term].name[row.ctcae_version]
    result, scale = f"{row.value} {unit_sign(row.unit)}", f"CTCAE v{row.ctcae_version}"
    known = row.baseline_grade is not None
    baseline_en = f"baseline grade {row.baseline_grade}" if known else "no baseline grade"
    baseline_zh = f"基线{row.baseline_grade}级" if known else "无基线分级"
    return {
        "en": f"{en} {result}: {scale} grade {row.grade} ({name}), {baseline_en}.",
        "zh": f"{zh} {result}：{scale} {row.grade}级（{name}），{baseline_zh}。",
    }


def flag_serious_event(actor: Actor, record: FormRecord) -> Flag | None:
    """An adverse event entered as serious (AESER = yes) or fatal is flagged at once, whatever else is missing."""
    require(actor, HANDLE_FLAGS, study_id=record.study_id, site_id=record.subject.site_id)
    form = get_protocol(record.version_id).forms[record.form_oid]
    if form.definition.domain != "AE" or record.inactive:
        return None
    data = record.data
    if data.get("AESER") != "Y" and data.get("AETOXGR") != "5":
        return None
    term = data.get("AETERM") if isinstance(data.get("AETERM"), str) else ""
    return raise_flag(
        actor,
        record.subject,
        kind="sae",
        occasion=f"sae:{record.pk}",
        severity=Flag.Severity.CRITICAL,
        text={"en": f"Serious adverse event: {term}", "zh": f"严重不良事件：{term}"},
        record=record,
        item_oid="AESER",
    )
