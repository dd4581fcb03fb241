"""The five definitions as the application reads them, and ways to put values to their rules. No database."""

from functools import cache
from itertools import count
from pathlib import Path

from apps.capture.evaluation import Evaluation, evaluate
from apps.capture.scope import Filled, SubjectScope
from apps.enrolment.assessing import Assessment, assess
from apps.rules import DictScope
from apps.studies.loading import load_study
from apps.studies.protocol import Protocol, compile_protocol

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
T1, T2, T3, T4, T5 = SLUGS = (
    "khe-discontinuation",
    "complex-vascular-anomalies",
    "ihhe-sirolimus",
    "khe-low-dose",
    "ctd-thrombocytopenia",
)


@cache
def loaded(slug: str):
    return load_study(FIXTURES / "studies" / f"{slug}.yaml")


@cache
def protocol_of(slug: str) -> Protocol:
    study = loaded(slug).definition
    return compile_protocol(1, 1, study, dict(zip((form.oid for form in study.forms), count(1), strict=False)))


def scope_of(slug: str, values: dict) -> DictScope:
    """Stored texts by OID; a list is the values of an item that repeats, in order."""
    schema = protocol_of(slug).schema
    lines = {oid: value for oid, value in values.items() if isinstance(value, list)}
    one = DictScope.stored(schema, {oid: value for oid, value in values.items() if oid not in lines})
    repeats = {oid: [DictScope.stored(schema, {oid: value}).value(oid) for value in given] for oid, given in lines.items()}
    return DictScope({oid: one.value(oid) for oid in values if oid not in lines}, repeats=repeats)


def assessment_of(slug: str, values: dict) -> Assessment:
    return assess(None, protocol_of(slug), scope_of(slug, values))


def verdict_of(slug: str, code: str, values: dict) -> str:
    return next(result.verdict for result in assessment_of(slug, values).results if result.code == code)


def filled(form: str, data: dict, *, visit: str = "", number: int = 1, at: int = 0) -> Filled:
    """A record of the subject; ``at`` orders its visit, 0 is a log form or screening."""
    visit_id = at + 1 if visit else None
    return Filled(number, form, number, visit_id, "complete", data, frozenset(), visit, position=(at, 0, 0))


def evaluated(slug: str, form: str, data: dict, *, others=(), visit: str = "", at: int = 0) -> Evaluation:
    """The record as it would be saved: computed values in ``data``, hidden paths, checks that fire."""
    protocol = protocol_of(slug)
    here = filled(form, data, visit=visit, at=at, number=999)
    scope = SubjectScope(None, protocol, filled=others, here=here, milestones={})
    return evaluate(protocol.forms[form], data, scope)


def fired(evaluation: Evaluation) -> set[str]:
    """The codes of the checks that fire."""
    return {finding.check_oid for finding in evaluation.findings}
