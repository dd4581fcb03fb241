"""One simulated person: what is true of them, whatever was written down. No database, no forms."""

import datetime as dt
import math
import random
from dataclasses import dataclass, field

from trialcapture.simulation import nature

# analytes that start low (or high) because of the disease, and how many days of treatment halve the distance to normal
RECOVERY_DAYS = {"PLT": 20.0, "FIB": 18.0, "DDIMER": 25.0, "AFP": 40.0, "PIVKA": 30.0, "HGB": 45.0}
# what sirolimus does to normal values: lipids rise, blood counts fall a little
DRUG_EFFECT = {"TRIG": 0.35, "CHOL": 0.18, "WBC": -0.12, "ANC": -0.15, "LYM": -0.12, "GLUC": 0.04, "ALT": 0.1, "AST": 0.08}
# a result of CTCAE grade 1 to 4: times the upper limit, or (for the others) as measured
TIMES_UPPER = {
    "ALT": (2.0, 4.0, 9.0, 21.0),
    "AST": (2.0, 4.0, 8.0, 21.0),
    "BILI": (1.3, 2.2, 5.0, 10.5),
    "CREAT": (1.25, 2.1, 4.2, 6.5),
}
AS_MEASURED = {
    "CHOL": (6.8, 8.9, 11.4, 13.4),
    "TRIG": (2.5, 4.4, 7.8, 12.1),
    "PLT": (88.0, 61.0, 36.0, 17.0),
    "HGB": (103.0, 89.0, 72.0, 66.0),
    "WBC": (3.2, 2.5, 1.6, 0.8),
    "ANC": (1.7, 1.2, 0.7, 0.4),
}


@dataclass(frozen=True)
class Episode:
    """Something that goes wrong for a while; ``term`` is the CTCAE slug, ``analyte`` shows it where a laboratory can."""

    term: str
    analyte: str | None
    begins: dt.date
    ends: dt.date
    grade: int
    serious: bool = False


@dataclass
class Dose:
    """What is taken now; ``each`` in mg, ``frequency`` QD or BID, ``before``: mg a day of the period before."""

    each: float
    frequency: str
    since: dt.date
    formulation: str = "SOLUTION"
    before: float = 0.0

    @property
    def daily(self) -> float:
        return self.each * (2 if self.frequency == "BID" else 1)


@dataclass
class Patient:
    """``responds``: 0 (not at all) to 1; ``clearance``: times the usual; ``tall``, ``heavy``: standard deviations."""

    rng: random.Random
    birth: dt.date
    sex: str
    tall: float = 0.0
    heavy: float = 0.0
    responds: float = 0.8
    clearance: float = 1.0
    dose: Dose | None = None
    treated_from: dt.date | None = None
    episodes: list[Episode] = field(default_factory=list)
    # analyte → (day, value) of a result that the disease, not chance, explains
    anchors: dict[str, tuple[dt.date, float]] = field(default_factory=dict)
    _own: dict[str, float] = field(default_factory=dict)
    _walk: dict[str, float] = field(default_factory=dict)
    tumour: tuple[float, float, float] = (4.0, 3.2, 2.4)

    @classmethod
    def born(cls, rng: random.Random, birth: dt.date, sex: str) -> "Patient":
        size = rng.uniform(2.0, 8.0)
        return cls(
            rng=rng,
            birth=birth,
            sex=sex,
            tall=rng.gauss(0, 0.8),
            heavy=rng.gauss(0, 0.8),
            responds=min(max(rng.gauss(0.72, 0.22), 0.05), 1.0),
            clearance=math.exp(rng.gauss(0, 0.28)),
            tumour=(size, size * rng.uniform(0.6, 0.95), size * rng.uniform(0.4, 0.8)),
        )

    # -- body

    def months(self, on: dt.date) -> float:
        return nature.months_old(self.birth, on)

    def age_days(self, on: dt.date) -> int:
        return max((on - self.birth).days, 0)

    def height(self, on: dt.date) -> float:
        return nature.median_size(self.sex, self.months(on))[0] * (1 + 0.038 * self.tall)

    def weight(self, on: dt.date) -> float:
        return nature.median_size(self.sex, self.months(on))[1] * (1 + 0.038 * self.tall) * (1 + 0.09 * self.heavy)

    def surface(self, on: dt.date) -> float:
        return nature.body_surface(self.height(on), self.weight(on))

    # -- laboratory

    def treated_days(self, on: dt.date) -> int:
        return max((on - self.treated_from).days, 0) if self.treated_from else 0

    def result(self, analyte: str, on: dt.date) -> float | None:
        """What a laboratory would measure that day; None for an analyte without a range."""
        found = nature.limits(analyte, self.sex, self.age_days(on))
        if found is None:
            return None
        if (episode := self._episode_of(analyte, on)) is not None:
            return self._of_grade(analyte, episode.grade, found[1])
        usual = self._usual(analyte, *found)
        if analyte in self.anchors:
            return self._recovering(analyte, on, usual)
        return usual * (1 + self._effect(analyte, on))

    def _usual(self, analyte: str, low: float, high: float) -> float:
        """Within this person's own normal, wandering a little from visit to visit."""
        own = self._own.setdefault(analyte, self.rng.gauss(0, 0.55))
        walk = self._walk[analyte] = 0.6 * self._walk.get(analyte, 0.0) + self.rng.gauss(0, 0.45)
        if low <= 0:
            return high * 0.45 * math.exp(0.35 * (own + walk))
        middle, spread = (low + high) / 2, (high - low) / 5.4
        return max(middle + spread * (own + walk), low * 0.6)

    def _effect(self, analyte: str, on: dt.date) -> float:
        if self.dose is None or not self.treated_days(on):
            return 0.0
        return DRUG_EFFECT.get(analyte, 0.0) * min(self.treated_days(on) / 42, 1.0)

    def _recovering(self, analyte: str, on: dt.date, usual: float) -> float:
        """From the value at entry towards normal, as far and as fast as the person responds."""
        day, value = self.anchors[analyte]
        treated = self.treated_days(on) if self.treated_from else 0
        goal = value + (usual - value) * (0.25 + 0.75 * self.responds if self.responds > 0.25 else 0.1)
        left = math.exp(-treated / (RECOVERY_DAYS.get(analyte, 30.0) / (0.4 + self.responds)))
        noise = 1.0 if on == day else math.exp(self.rng.gauss(0, 0.09))
        return max((goal + (value - goal) * left) * noise, 0.0)

    def _episode_of(self, analyte: str, on: dt.date) -> Episode | None:
        during = [one for one in self.episodes if one.analyte == analyte and one.begins <= on <= one.ends]
        return max(during, key=lambda one: one.grade, default=None)

    def _of_grade(self, analyte: str, grade: int, upper: float) -> float:
        noise = math.exp(self.rng.gauss(0, 0.03))
        if analyte in TIMES_UPPER:
            return TIMES_UPPER[analyte][min(grade, 4) - 1] * upper * noise
        return AS_MEASURED[analyte][min(grade, 4) - 1] * noise

    # -- the medicine

    @property
    def taking(self) -> Dose:
        """What is taken now, where it is known that something is."""
        assert self.dose is not None
        return self.dose

    def trough(self, on: dt.date, hours: float) -> float:
        """ng/mL in whole blood so many hours after a dose: about 6 for each mg/m² a day, once steady."""
        if self.dose is None:
            return 0.0
        due = 12 if self.dose.frequency == "BID" else 24
        early = math.exp(max(due - hours, 0) * 0.045)
        left = math.exp(-max((on - self.dose.since).days, 0) / 2.5)
        daily = self.dose.daily + (self.dose.before - self.dose.daily) * left
        steady = 6.2 * daily / self.surface(on) / self.clearance
        return max(steady * early * math.exp(self.rng.gauss(0, 0.15)), 0.1)

    # -- the lesion

    def diameters(self, on: dt.date) -> tuple[float, float, float]:
        """cm; the volume falls by up to 90 % in a year of treatment in whoever responds."""
        months = self.treated_days(on) / 30.4
        left = 1 - (1 - math.exp(-months / 4.0)) * 0.92 * self.responds
        factor = max(left, 0.04) ** (1 / 3)
        return tuple(max(one * factor * (1 + self.rng.gauss(0, 0.015)), 0.3) for one in self.tumour)  # type: ignore[return-value]
