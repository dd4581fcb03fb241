"""Assesses each level after its save against the target in force, and raises flags."""

from decimal import Decimal

from django.utils import timezone

from apps.audit.ledger import ledger
from apps.capture.models import FormRecord
from apps.capture.scope import SubjectScope
from apps.common.actors import Actor
from apps.dosing.models import TroughAssessment
from apps.dosing.permissions import ASSESS_LEVELS
from apps.dosing.troughs import Trough, Verdict, judge
from apps.randomization.selectors import arm_code
from apps.rules import UNKNOWN, PartialDate
from apps.safety.models import Flag
from apps.safety.services import raise_flag
from apps.studies.access import require
from apps.studies.definition.base import Interval
from apps.studies.protocol import CompiledItem, Protocol, get_protocol

LEVEL = "SIRO"  # the analyte of a sirolimus level


def assess_trough(actor: Actor, record: FormRecord) -> TroughAssessment | None:
    """Assess the record's level; None where it holds none. A second call for the same revision changes nothing."""
    subject = record.subject
    require(actor, ASSESS_LEVELS, study_id=record.study_id, site_id=subject.site_id)
    protocol = get_protocol(record.version_id)
    item = level_item(protocol, record.form_oid)
    plan = protocol.definition.dosing
    if item is None or plan is None or record.inactive or record.status == FormRecord.Status.NOT_DONE:
        return None
    scope = SubjectScope(subject, protocol, record)
    trough = trough_of(protocol, scope, item, arm_code(subject))
    if trough.level is None:
        return None
    verdict, reason = judge(trough, {str(often): hours for often, hours in plan.trough_hours.items()})
    audience = "unblinded" if protocol.definition.blinding.blinded else ""
    with ledger(actor, record.study_id) as entry:
        assessment, created = TroughAssessment.objects.get_or_create(
            record=record,
            revision=record.revision,
            defaults={
                "study_id": record.study_id,
                "subject": subject,
                "value": str(record.data[item.oid]),
                "unit": item.definition.unit,
                "target": "" if trough.target is None else str(trough.target),
                "hours_since_dose": trough.hours,
                "verdict": verdict,
                "reason": reason,
                "at": timezone.now(),
            },
        )
        if created:
            entry(
                action="dosing.trough.assessed",
                obj=assessment,
                label=subject.number,
                site_id=subject.site_id,
                subject_id=subject.pk,
                audience=audience,
                changes=[("verdict", None, str(verdict))],
            )
            if verdict in {Verdict.ABOVE, Verdict.BELOW}:
                _flag(actor, record, item, assessment, audience)
    return assessment


def _flag(actor: Actor, record: FormRecord, item: CompiledItem, found: TroughAssessment, audience: str) -> None:
    raise_flag(
        actor,
        record.subject,
        kind=f"trough_{found.verdict}",
        occasion=f"trough:{record.pk}:{record.revision}",
        severity=Flag.Severity.WARNING,
        text={"en": f"Sirolimus trough: {found.reason['en']}", "zh": f"西罗莫司谷浓度：{found.reason['zh']}"},
        record=record,
        item_oid=item.oid,
        audience=audience,
    )


def level_item(protocol: Protocol, form_oid: str) -> CompiledItem | None:
    items = protocol.forms[form_oid].items.values()
    return next((item for item in items if item.definition.analyte == LEVEL and not item.line), None)


def trough_of(protocol: Protocol, scope: SubjectScope, item: CompiledItem, arm: str | None) -> Trough:
    """What decides about the level of the scope's record."""
    level, hours = scope.value(item.oid), scope.value("PCHRS") if "PCHRS" in protocol.items else UNKNOWN
    return Trough(
        level=level if isinstance(level, Decimal) else None,
        hours=hours if isinstance(hours, Decimal) else None,
        frequency=frequency_on(protocol, scope),
        target=target_in_force(protocol, scope, arm),
    )


def target_in_force(protocol: Protocol, scope: SubjectScope, arm: str | None) -> Interval | None:
    """The first target whose arm is the subject's and whose condition holds; an unknown condition does not hold."""
    for target in protocol.targets:
        if target.definition.arm in (None, arm) and (target.rule is None or target.rule.evaluate(scope) is True):
            return target.definition.range
    return None


def frequency_on(protocol: Protocol, scope: SubjectScope) -> str | None:
    """How often the drug was taken when the sample was drawn: the dose log's period that had begun last."""
    if not {"ECSTDAT", "ECFREQ", "PCDAT"} <= protocol.items.keys():
        return None
    sampled = scope.value("PCDAT")
    if not (isinstance(sampled, PartialDate) and sampled.is_full):
        return None
    begun = [
        (start.earliest, frequency)
        for start, frequency in zip(scope.repeats("ECSTDAT", "EC"), scope.repeats("ECFREQ", "EC"), strict=True)
        if isinstance(start, PartialDate) and start.earliest <= sampled.earliest and isinstance(frequency, str)
    ]
    return max(begun)[1] if begun else None
