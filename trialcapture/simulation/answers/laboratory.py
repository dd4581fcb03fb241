"""Results that depend on one another, or on what the form says beside them. Single analytes need no answer here."""

from trialcapture.simulation.generic import number_text
from trialcapture.simulation.nature import limits


def white_cells(visitor, item, values):
    return number_text(max(visitor.patient.result("WBC", visitor.on), 0.3), item.definition)


def neutrophils(visitor, item, values):
    """A part of the white cells."""
    measured = visitor.patient.result("ANC", visitor.on)
    return number_text(min(measured, _number(values.get("WBC"), 100.0) * 0.82), item.definition)


def lymphocytes(visitor, item, values):
    left = _number(values.get("WBC"), 100.0) - _number(values.get("ANC"), 0.0)
    return number_text(max(min(visitor.patient.result("LYM", visitor.on), left * 0.92), 0.05), item.definition)


def upper_limit(analyte: str):
    """What the laboratory calls the upper limit at that age."""

    def answer(visitor, item, values):
        patient = visitor.patient
        found = limits(analyte, patient.sex, patient.age_days(visitor.on))
        return number_text(found[1], item.definition) if found else None

    return answer


def fasting(visitor, item, values):
    return "N" if visitor.rng.random() < 0.08 else "Y"


def dipstick(visitor, item, values):
    codes = visitor.codes(item)
    draw = visitor.rng.random()
    return codes[0] if draw < 0.85 else codes[1] if draw < 0.94 else codes[min(2, len(codes) - 1)]


def _number(text, default: float) -> float:
    return float(text) if isinstance(text, str) else default


ANSWERS = {
    "WBC": white_cells,
    "ANC": neutrophils,
    "LYM": lymphocytes,
    **{f"{code}ULN": upper_limit(code) for code in ("ALT", "AST", "BILI", "CREAT")},
    "FASTING": fasting,
    "URPROT": dipstick,
    "URBLD": dipstick,
}
