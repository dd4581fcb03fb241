"""Is the subject eligible: each criterion's verdict with the values that it was reached by. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.enrolment.models import Verdict
from apps.rules import UNKNOWN, Explanation, Scope, as_text


@dataclass(frozen=True)
class CriterionResult:
    """``used``: the values read, (name, text), "" where unknown; ``question``: the sponsor question that overrides."""

    code: str
    kind: str
    verdict: str
    used: tuple[tuple[str, str], ...] = ()
    question: str | None = None

    @property
    def missing(self) -> list[str]:
        return [name for name, value in self.used if value == ""]

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "kind": self.kind,
            "verdict": self.verdict,
            "used": [list(pair) for pair in self.used],
            "question": self.question,
        }


@dataclass(frozen=True)
class Assessment:
    """All criteria; ``raised``: sponsor questions whose condition holds, whatever their effect."""

    results: tuple[CriterionResult, ...]
    raised: frozenset[str] = field(default_factory=frozenset)

    @property
    def verdict(self) -> str:
        """Met only when every criterion is; one that is not met decides, whatever else cannot be assessed."""
        verdicts = {result.verdict for result in self.results}
        if Verdict.NOT_MET in verdicts:
            return Verdict.NOT_MET
        return Verdict.NOT_ASSESSABLE if Verdict.NOT_ASSESSABLE in verdicts else Verdict.MET

    @property
    def is_eligible(self) -> bool:
        return self.verdict == Verdict.MET

    def without(self, verdict: str) -> list[CriterionResult]:
        return [result for result in self.results if result.verdict != verdict]

    def as_json(self) -> list[dict[str, Any]]:
        return [result.as_json() for result in self.results]


def assess(subject: Any, protocol: Any, scope: Scope) -> Assessment:
    """The verdicts on the values of the scope, as the protocol's version says.

    An inclusion criterion is met when its rule is true, an exclusion criterion when its rule is false; unknown is not
    assessable. A sponsor question whose condition holds and whose effect is ``not_assessable`` overrides its criteria,
    until the sponsor has decided it.
    """
    asked = [q for q in protocol.questions if q.rule is not None and q.definition.decided is None]
    raised = [q.definition for q in asked if q.rule.evaluate(scope) is True]
    overriding: Mapping[str, str] = {
        code: question.code for question in raised if question.effect == "not_assessable" for code in question.about
    }
    results = tuple(
        _result(criterion.definition, criterion.rule.explain(scope), overriding) for criterion in protocol.criteria
    )
    return Assessment(results, frozenset(question.code for question in raised))


def _result(criterion: Any, explanation: Explanation, overriding: Mapping[str, str]) -> CriterionResult:
    question = overriding.get(criterion.code)
    return CriterionResult(
        code=criterion.code,
        kind=criterion.kind,
        verdict=Verdict.NOT_ASSESSABLE if question else verdict_of(criterion.kind, explanation.result),
        used=tuple((name, _text(value)) for name, value in explanation.used),
        question=question,
    )


def verdict_of(kind: str, result: Any) -> str:
    if result is UNKNOWN:
        return Verdict.NOT_ASSESSABLE
    return Verdict.MET if result is (kind == "inclusion") else Verdict.NOT_MET


def _text(value: Any) -> str:
    """A value as it is stored; of several lines, their known values with semicolons between."""
    if isinstance(value, tuple):
        lines: Sequence[Any] = value
        return "; ".join(as_text(line) for line in lines if line is not UNKNOWN)
    return as_text(value)
