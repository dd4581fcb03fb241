"""The level of sirolimus, sampled as families come: mostly before the morning dose, sometimes not."""

import datetime as dt

from trialcapture.simulation.generic import number_text

NOT_A_TROUGH, UNRECORDED = 0.05, 0.02


def _timing(visitor) -> dict:
    """Sample and last dose of that day, decided once: both items of both times read it."""
    key = ("timing", visitor.on)
    if key not in visitor.facts:
        sampled = dt.datetime.combine(visitor.on, dt.time(8, visitor.rng.choice((0, 5, 10, 15, 20, 30))))
        dose = visitor.patient.dose
        if dose is None:
            hours = 24.0
        elif visitor.rng.random() < NOT_A_TROUGH:
            hours = visitor.rng.choice((2.0, 3.0, 5.0))
        else:
            due = 12 if dose.frequency == "BID" else 24
            hours = due + visitor.rng.choice((-1.0, -0.5, 0.0, 0.0, 0.5, 1.0))
        visitor.facts[key] = {"sampled": sampled, "dosed": sampled - dt.timedelta(hours=hours), "hours": hours}
    return visitor.facts[key]


def sample_time(visitor, item, values):
    return _timing(visitor)["sampled"].strftime("%H:%M")


def dose_date(visitor, item, values):
    if visitor.patient.dose is None:
        return {"missing": "NA"}
    return _timing(visitor)["dosed"].date().isoformat()


def dose_time(visitor, item, values):
    if visitor.patient.dose is None:
        return {"missing": "NA"}
    return {"missing": "UNK"} if visitor.rng.random() < UNRECORDED else _timing(visitor)["dosed"].strftime("%H:%M")


def below_limit(visitor, item, values):
    return "Y" if visitor.patient.dose is None or level_on(visitor) < 1 else "N"


def limit(visitor, item, values):
    return number_text(1.0, item.definition)


def level_on(visitor) -> float:
    key = ("level", visitor.on)
    if key not in visitor.facts:
        visitor.facts[key] = visitor.patient.trough(visitor.on, _timing(visitor)["hours"])
    return visitor.facts[key]


def level(visitor, item, values):
    return number_text(level_on(visitor), item.definition)


def assay(visitor, item, values):
    codes = visitor.codes(item)
    return visitor.facts.setdefault(
        "assay", visitor.rng.choice([c for c in ("LC-MS/MS", "CMIA", "EMIT") if c in codes] or codes)
    )


def takes_it(visitor, item, values):
    return "N" if visitor.patient.dose is None or not visitor.patient.dose.each else "Y"


def daily_dose(visitor, item, values):
    return number_text(visitor.patient.dose.daily, item.definition) if visitor.patient.dose else None


def single_dose(visitor, item, values):
    return number_text(visitor.patient.dose.each, item.definition) if visitor.patient.dose else None


ANSWERS = {
    "SIRO1Y": takes_it,
    "DOSE1Y": daily_dose,
    "RLPDOSE": single_dose,
    "STPDOSE": single_dose,
    "PCTIM": sample_time,
    "LASTDOSEDAT": dose_date,
    "LASTDOSETIM": dose_time,
    "PCBLQ": below_limit,
    "PCLLOQ": limit,
    "SIROTR": level,
    "PCASSAY": assay,
}
