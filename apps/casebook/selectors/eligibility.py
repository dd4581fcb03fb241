"""The eligibility page: each criterion with its verdict, its rule in words and the values that it was reached by."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.casebook.selectors.reader import Reader
from apps.common.text import day_in_words, reader_language
from apps.common.units import unit_words
from apps.enrolment.assessing import Assessment, CriterionResult
from apps.enrolment.models import Verdict
from apps.rules import Kind, in_words
from apps.studies.definition.study import Question
from apps.studies.protocol import CompiledCriterion, CompiledItem, Protocol
from apps.studies.wording import said

TONES = {Verdict.MET: "ok", Verdict.NOT_MET: "problem", Verdict.NOT_ASSESSABLE: "attention"}
WHOLE_DAY = re.compile(r"\d{4}-\d\d-\d\d$")
ELSEWHERE = re.compile(r"^(\w+)\((?:(\w+)\.)?(\w+)\)$")


@dataclass(frozen=True)
class Used:
    """A value that a rule read: what it is called and what it says, "" where it is not known."""

    label: str
    value: str


@dataclass(frozen=True)
class Line:
    definition: Any
    rule: str
    verdict: str
    verdict_label: str | Promise
    consequence: str
    tone: str
    used: list[Used]
    question: Any = None


def lines_of(reader: Reader, protocol: Protocol, found: Assessment) -> list[Line]:
    """In the protocol's order."""
    compiled = {criterion.definition.code: criterion for criterion in protocol.criteria}
    questions = {question.definition.code: question.definition for question in protocol.questions}
    return [_line(reader, protocol, compiled[result.code], result, questions) for result in found.results]


def raised_questions(protocol: Protocol, found: Assessment) -> list[Any]:
    """Sponsor questions whose condition holds for this subject."""
    return [q.definition for q in protocol.questions if q.definition.code in found.raised]


def _line(
    reader: Reader,
    protocol: Protocol,
    criterion: CompiledCriterion,
    result: CriterionResult,
    questions: dict[str, Question],
) -> Line:
    return Line(
        definition=criterion.definition,
        rule=in_words(criterion.rule, protocol.labels(reader_language()), reader_language()),
        verdict=result.verdict,
        verdict_label=Verdict(result.verdict).label,
        consequence=_consequence(result),
        tone=TONES[Verdict(result.verdict)],
        used=[used for name, value in result.used if (used := used_value(reader, protocol, name, value))],
        question=questions.get(result.question or ""),
    )


def _consequence(result: CriterionResult) -> str:
    """What the verdict of an exclusion criterion means, since "met" alone may be read either way."""
    if result.kind == "inclusion":
        return ""
    return {Verdict.MET: _("does not exclude"), Verdict.NOT_MET: _("excludes")}.get(Verdict(result.verdict), "")


def used_value(reader: Reader, protocol: Protocol, name: str, value: str) -> Used | None:
    """``baseline(PLT)`` and ``AE.AESER`` by the item's label, codes by theirs; None for what the blinded may not see."""
    elsewhere = ELSEWHERE.match(name)
    oid = elsewhere[3] if elsewhere else name.rpartition(".")[2]
    item = protocol.items.get(oid)
    if item is None:
        return Used(name, value)
    if reader.blinded and (item.definition.blinding or protocol.forms[item.form_oid].blinded):
        return None
    label = said(item.definition.label)
    return Used(f"{label} ({_which(elsewhere[1])})" if elsewhere else label, shown(protocol, item, value))


def shown(protocol: Protocol, item: CompiledItem, value: str) -> str:
    """A stored text as a person reads it: the code's label, yes or no, the day, the unit after a number."""
    labels = protocol.labels(reader_language())
    if value and item.kind is Kind.BOOL:
        return {"Y": _("yes"), "N": _("no")}.get(value, value)
    if value and item.kind in (Kind.CHOICE, Kind.CHOICES):
        return ", ".join(labels.get(f"{item.oid}={code}", code) for code in value.split(","))
    if item.kind is Kind.DATE and WHOLE_DAY.match(value):
        return day_in_words(date.fromisoformat(value))
    return f"{value} {unit_words(item.definition.unit)}".strip() if value else ""


def _which(which: str) -> str:
    return {"baseline": _("baseline"), "previous": _("previous"), "first": _("first"), "last": _("last")}.get(which, which)
