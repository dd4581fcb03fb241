"""Is it a trough, and is it in range: the decision alone, without a database.

A sample is a trough only within the study's hours after the last dose (trials.md, common assumptions: 10–14 h twice
daily, 20–28 h once daily). Levels are whole-blood concentrations in ng/mL.
"""

from dataclasses import dataclass
from decimal import Decimal

from apps.dosing.models import TroughAssessment
from apps.studies.definition.base import Interval

Verdict = TroughAssessment.Verdict


@dataclass(frozen=True)
class Trough:
    """What decides: ``level`` in ng/mL, ``hours`` since the last dose, ``frequency`` QD or BID, the target in force."""

    level: Decimal | None
    hours: Decimal | None
    frequency: str | None
    target: Interval | None


def judge(trough: Trough, allowed_hours: dict[str, Interval]) -> tuple[Verdict, dict[str, str]]:
    """The verdict and its reason in both languages; what is missing makes it not assessable, never "in range"."""
    if missing := _missing(trough, allowed_hours):
        return Verdict.NOT_ASSESSABLE, missing
    assert trough.hours is not None and trough.frequency and trough.level is not None and trough.target is not None
    window = allowed_hours[trough.frequency]
    if trough.hours not in window:
        return Verdict.NOT_A_TROUGH, {
            "en": f"Sampled {trough.hours} h after the last dose; a trough ({trough.frequency}) is {window} h.",
            "zh": f"末次给药后{trough.hours}小时采样；谷浓度（{trough.frequency}）应为{window}小时。",
        }
    verdict, en, zh = _position(trough.level, trough.target)
    return verdict, {
        "en": f"{trough.level} ng/mL is {en} the target {trough.target} ng/mL.",
        "zh": f"{trough.level} ng/mL {zh}目标范围{trough.target} ng/mL。",
    }


def _position(level: Decimal, target: Interval) -> tuple[Verdict, str, str]:
    if target.is_above(level):
        return Verdict.ABOVE, "above", "高于"
    if target.is_below(level):
        return Verdict.BELOW, "below", "低于"
    return Verdict.IN_RANGE, "within", "处于"


def _missing(trough: Trough, allowed_hours: dict[str, Interval]) -> dict[str, str] | None:
    if trough.level is None:
        return {"en": "No level was entered.", "zh": "未录入血药浓度。"}
    if trough.target is None:
        return {"en": "No target range is in force for this subject.", "zh": "该受试者目前没有适用的目标范围。"}
    if trough.hours is None:
        return {
            "en": "The hours since the last dose are not known.",
            "zh": "距末次给药的时间未知。",
        }
    if trough.frequency not in allowed_hours:
        return {"en": "The dosing frequency on that day is not in the dose log.", "zh": "给药记录中没有当日的给药频次。"}
    return None
