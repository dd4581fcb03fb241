"""Demography, consent, vital signs, history."""

import datetime as dt

from trialcapture.simulation import nature
from trialcapture.simulation.generic import number_text

ADULT, ASSENTS = 18, 7  # years


def _years(visitor) -> float:
    return visitor.patient.months(visitor.on) / 12


def birth(visitor, item, values):
    return visitor.patient.birth.isoformat()


def sex(visitor, item, values):
    return visitor.patient.sex


def signer(visitor, item, values):
    codes = visitor.codes(item)
    if _years(visitor) >= ADULT:
        return "PARTICIPANT" if "PARTICIPANT" in codes else codes[0]
    if _years(visitor) >= 16 and "PARTICIPANT_AND_GUARDIAN" in codes:
        return "PARTICIPANT_AND_GUARDIAN"
    return visitor.rng.choice([code for code in ("MOTHER", "MOTHER", "FATHER", "GUARDIAN") if code in codes] or codes)


def assent(visitor, item, values):
    return "GIVEN" if ASSENTS <= _years(visitor) < ADULT else "NOT_REQUIRED"


def on_the_day(visitor, item, values):
    return visitor.on.isoformat()


def version_date(visitor, item, values):
    return (visitor.on.replace(day=1) - dt.timedelta(days=190)).isoformat()


def yes(visitor, item, values):
    return "Y"


# -- body


def height(visitor, item, values):
    return number_text(visitor.patient.height(visitor.on) * (1 + visitor.rng.gauss(0, 0.003)), item.definition)


def weight(visitor, item, values):
    return number_text(visitor.patient.weight(visitor.on) * (1 + visitor.rng.gauss(0, 0.012)), item.definition)


def temperature(visitor, item, values):
    return number_text(visitor.rng.gauss(36.7, 0.25), item.definition)


def systolic(visitor, item, values):
    months = visitor.patient.months(visitor.on)
    return number_text(nature.systolic(months) * (1 + visitor.rng.gauss(0, 0.06)), item.definition)


def diastolic(visitor, item, values):
    above = values.get("SYSBP")
    base = float(above) if isinstance(above, str) else nature.systolic(visitor.patient.months(visitor.on))
    return number_text(base * visitor.rng.uniform(0.55, 0.68), item.definition)


def pulse(visitor, item, values):
    months = visitor.patient.months(visitor.on)
    return number_text(nature.pulse(months) * (1 + visitor.rng.gauss(0, 0.07)), item.definition)


def pain(visitor, item, values):
    return str(visitor.rng.choice((0, 0, 0, 1, 1, 2, 3)))


# -- what was before


def past(lowest: int, highest: int):
    """A day so many days ago, not before birth."""

    def answer(visitor, item, values):
        day = visitor.on - dt.timedelta(days=visitor.rng.randint(lowest, highest))
        return _written(visitor, item, max(day, visitor.patient.birth + dt.timedelta(days=1)))

    return answer


def after(start: str, days: int):
    """A day after the one that another item of the form says, at the latest today."""

    def answer(visitor, item, values):
        begun = values.get(start)
        try:
            day = dt.date.fromisoformat(begun) if isinstance(begun, str) else visitor.on
        except ValueError:  # only the month is known
            return visitor.on.isoformat()
        return min(day + dt.timedelta(days=visitor.rng.randint(2, days)), visitor.on).isoformat()

    return answer


def _written(visitor, item, day: dt.date) -> str:
    """Family memory has no days: where the form allows it, often only the month."""
    return day.isoformat()[:7] if item.definition.partial and visitor.rng.random() < 0.3 else day.isoformat()


def mostly(code: str, part: float, other: str):
    def answer(visitor, item, values):
        return code if visitor.rng.random() < part else other

    return answer


ANSWERS = {
    "BRTHDAT": birth,
    "SEX": sex,
    "RFICDAT": on_the_day,
    "ICVERDAT": version_date,
    "ICSIGNER": signer,
    "RICSIGNER": signer,
    "ICASSENT": assent,
    "ICASDAT": on_the_day,
    "ICCOPY": yes,
    "HEIGHT": height,
    "WEIGHT": weight,
    "TEMP": temperature,
    "SYSBP": systolic,
    "DIABP": diastolic,
    "PULSE": pulse,
    "PEPAIN": pain,
    "PREGRES": mostly("NEGATIVE", 1.0, "NEGATIVE"),
    "CONTRA": yes,
    "PXPROP": mostly("Y", 0.95, "N"),
    "PXSTER": mostly("Y", 0.95, "N"),
    "PXPROPR": mostly("POOR", 0.9, "PARTIAL"),
    "PXSTERR": mostly("POOR", 0.9, "PARTIAL"),
    "PGA": pain,
    "MHYN": mostly("Y", 0.5, "N"),
    "MHSTDAT": past(60, 1500),
    "MHONGO": mostly("N", 0.6, "Y"),
    "MHENDAT": after("MHSTDAT", 120),
    "PRYN": yes,
    "PRSTDAT": past(300, 900),
    "PRONGO": mostly("N", 0.9, "Y"),
    "PRENDAT": after("PRSTDAT", 200),
    "PRRESP": mostly("POOR", 0.6, "PARTIAL"),
    "CMSTDAT": past(1, 40),
    "CMONGO": mostly("N", 0.7, "Y"),
    "CMENDAT": after("CMSTDAT", 14),
    "CMCAT": mostly("DRUG", 0.9, "TRADITIONAL"),
    "CMDOSU": mostly("mg", 0.9, "mL"),
    "CMROUTE": mostly("ORAL", 0.9, "TOPICAL"),
    "CMCYP": mostly("N", 0.96, "Y"),
}
