"""Which grade a value has: worst grade first, in the unit of the row, never zero where it cannot be told."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from apps.safety.ctcae.bands import Band, Reference
from apps.safety.ctcae.scales import ANY, TERMS, Grades, Scale, Term

INFINITE = Decimal("Infinity")


@dataclass(frozen=True)
class Sample:
    """A result in the unit it was reported in, the limits in force that day, and the baseline as it was frozen.

    ``baseline_status`` is "normal", "low" or "high" against the limits of the baseline's own day, "" if not known;
    ``baseline`` is in the same unit as ``value``.
    """

    value: Decimal
    unit: str
    low: Decimal | None = None
    high: Decimal | None = None
    baseline: Decimal | None = None
    baseline_status: str = ""


@dataclass(frozen=True)
class Graded:
    """``grade`` None: ungradable, and ``reason`` says what is missing. That is not grade 0."""

    term: str
    version: str
    grade: int | None
    reason: str
    band: str = ""


@lru_cache
def terms_for(version: str) -> dict[str, Term]:
    return {slug: term for slug, term in TERMS.items() if version in term.scales}


def grade(term: str, version: str, sample: Sample) -> Graded:
    """The CTCAE grade of a sample, 0–4. Grade 5 and clinical criteria are for a person."""
    scale = TERMS[term].scales.get(version) if term in TERMS else None
    if scale is None:
        return Graded(term, version, None, f"CTCAE v{version} has no numeric term {term}")
    if not sample.value.is_finite() or sample.value < 0:
        return Graded(term, version, None, "the value is not a measured amount")
    grades = _grades(scale, version, sample)
    if grades is None:
        return Graded(term, version, None, f"CTCAE v{version} gives no range in {sample.unit or 'no unit'}")
    return _worst(term, version, grades, sample)


def _worst(term: str, version: str, grades: Grades, sample: Sample) -> Graded:
    reference = _reference(sample)
    missing: set[str] = set()
    for number in sorted(grades, reverse=True):
        for band in grades[number]:
            held = band.holds(sample.value, reference)
            if held:
                return Graded(term, version, number, _words(band, sample), band.text)
            if held is None:
                missing |= {name for name in band.needs() if reference.get(name) is None}
    if missing:
        return Graded(term, version, None, f"not to be told without {', '.join(sorted(missing))}")
    return Graded(term, version, 0, "outside every grade's range")


def _grades(scale: Scale, version: str, sample: Sample) -> Grades | None:
    """v5.0 takes the baseline's ranges where it was abnormal, v6.0 where it was above the ULN; an unknown baseline counts
    as normal, as is common practice (v5.0 is silent)."""
    abnormal = {"high"} if version == "6.0" else {"high", "low"}
    if scale.if_abnormal and sample.baseline is not None and sample.baseline_status in abnormal:
        return scale.if_abnormal
    return scale.by_unit.get(sample.unit) or scale.by_unit.get(ANY)


def _reference(sample: Sample) -> Reference:
    """LOWBL: a baseline that was not below the LLN gives no multiple that could be exceeded."""
    if sample.baseline_status == "low":
        low_baseline = sample.baseline
    else:
        low_baseline = INFINITE if sample.baseline_status else None
    return {"LLN": sample.low, "ULN": sample.high, "BL": sample.baseline, "LOWBL": low_baseline}


def _words(band: Band, sample: Sample) -> str:
    return f"{sample.value} {sample.unit} lies in {band.text}".strip()
