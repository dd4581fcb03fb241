"""The vascular anomaly and how it answers: diagnosis, imaging, the propranolol of before, clinical response."""

import datetime as dt

from trialcapture.simulation.generic import number_text

KMP_CAUSES = ("KHE", "TA")
KMP_RESULTS = {"PLT": (8, 58), "FIB": (0.5, 1.4), "DDIMER": (5, 36)}


def diagnosed(visitor, item, values):
    """In the first months of life mostly; before the remission where the form asks for one."""
    age = visitor.patient.age_days(visitor.on)
    part = visitor.rng.uniform(0.8, 0.97) if "REMSTDAT" in visitor.chart.protocol.items else visitor.rng.uniform(0.3, 0.85)
    return max(visitor.on - dt.timedelta(days=int(age * part)), visitor.patient.birth).isoformat()


def remitted(visitor, item, values):
    """Two years ago and more, and after the diagnosis where the child is old enough for that."""
    return (visitor.on - dt.timedelta(days=visitor.rng.randint(740, 1000))).isoformat()


def same_day_as(oid: str):
    def answer(visitor, item, values):
        return values.get(oid)

    return answer


def kmp(visitor, item, values):
    """A fact of the person. Where the child is not in remission, the laboratory shows it too."""
    causes = values.get("DXISSVA") in (None, *KMP_CAUSES)
    found = visitor.facts.setdefault("kmp", "Y" if causes and visitor.rng.random() < 0.45 else "N")
    if found == "Y" and "REMSTDAT" not in visitor.chart.protocol.items:
        for analyte, (low, high) in KMP_RESULTS.items():
            visitor.patient.anchors.setdefault(analyte, (visitor.on, visitor.rng.uniform(low, high)))
    return found


def site_of_lesion(visitor, item, values):
    """The liver where the protocol is about it."""
    codes = visitor.codes(item)
    if "IHHEYN" in visitor.chart.protocol.items and "LIVER" in codes:
        return ["LIVER"]
    return [visitor.rng.choice(codes[:4])]


def propranolol(visitor, item, values):
    return number_text(visitor.rng.choice((1.0, 1.5, 2.0, 2.0, 2.5, 3.0)), item.definition)


def kmp_before(visitor, item, values):
    return "Y" if visitor.facts.get("kmp") == "Y" or visitor.rng.random() < 0.25 else "N"


def lowest(with_kmp: tuple[float, float], without: tuple[float, float]):
    def answer(visitor, item, values):
        low, high = with_kmp if visitor.facts.get("kmp") == "Y" else without
        return number_text(visitor.rng.uniform(low, high), item.definition)

    return answer


# -- imaging


def modality(visitor, item, values):
    codes = visitor.codes(item)
    return visitor.facts.setdefault("modality", visitor.rng.choice([c for c in ("US", "US", "MRI") if c in codes] or codes))


def diameter(place: int):
    """The three of one scan belong together."""

    def answer(visitor, item, values):
        scan = ("scan", visitor.on)
        if scan not in visitor.facts:
            visitor.facts[scan] = visitor.patient.diameters(visitor.on)
        return number_text(visitor.facts[scan][place], item.definition)

    return answer


# -- propranolol before the trial: two scans, three months or more apart


def before(place: int):
    def answer(visitor, item, values):
        # a whole number of mm, so that 70 % of it can be written exactly
        return number_text(round(visitor.patient.tumour[place] * 1.05, 1), item.definition)

    return answer


def afterwards(place: int):
    def answer(visitor, item, values):
        first = values.get(("SHBL", "SHBW", "SHBD")[place])
        size = float(first) if isinstance(first, str) else visitor.patient.tumour[place]
        shrinks = visitor.facts.get("shrinkage", 0.0) if place == 0 else visitor.rng.uniform(0.0, 0.08)
        part = shrinks if place == 0 and shrinks else visitor.rng.uniform(0.0, 0.08)
        return number_text(size * (1 - part), item.definition)

    return answer


def ago(days: int, spread: int = 0):
    def answer(visitor, item, values):
        day = visitor.on - dt.timedelta(days=days + visitor.rng.randint(0, spread))
        return max(day, visitor.patient.birth + dt.timedelta(days=1)).isoformat()

    return answer


# -- response


def colour(visitor, item, values):
    return "LIGHTER" if visitor.patient.responds > 0.5 and visitor.patient.treated_days(visitor.on) > 60 else "LITTLE_OR_NO"


def firmness(visitor, item, values):
    return "SOFTER" if visitor.patient.responds > 0.55 and visitor.patient.treated_days(visitor.on) > 90 else "LITTLE_OR_NO"


def adjudicated(visitor, item, values):
    if visitor.patient.treated_days(visitor.on) < 60 or visitor.patient.responds < 0.3:
        return "NR"
    return "CR" if visitor.patient.responds > 0.85 else "PR"


def still_in_remission(visitor, item, values):
    return "N" if visitor.facts.get("relapsed") else "Y"


def nothing(visitor, item, values):
    return None


ANSWERS = {
    "DXDAT": diagnosed,
    "REMSTDAT": remitted,
    "SIRSTDAT": diagnosed,
    "REMYN": still_in_remission,
    "DXPATHDT": same_day_as("DXDAT"),
    "DXLOC": site_of_lesion,
    "PROPDOSE": propranolol,
    "PPDOSE": propranolol,
    "KMP": kmp,
    "KMPHX": kmp_before,
    "KMPDAT": same_day_as("DXDAT"),
    "KMPPLT": lowest((7, 58), (130, 340)),
    "KMPFIB": lowest((0.5, 1.4), (1.9, 3.4)),
    "KMPDD": lowest((4, 38), (0.2, 1.2)),
    "TUMMOD": modality,
    "LENGTH": diameter(0),
    "WIDTH": diameter(1),
    "DEPTH": diameter(2),
    "PROPST": ago(130, 150),
    "PROPEN": ago(4, 8),
    "SHBDAT": ago(130, 150),
    "SHADAT": ago(4, 8),
    "SHBMOD": modality,
    "SHAMOD": modality,
    "SHBL": before(0),
    "SHBW": before(1),
    "SHBD": before(2),
    "SHAL": afterwards(0),
    "SHAW": afterwards(1),
    "SHAD": afterwards(2),
    "RSNE": nothing,
    "RSCOL": colour,
    "RSFIRM": firmness,
    "RSADJ": adjudicated,
}
