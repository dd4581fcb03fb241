"""How people grow and what a laboratory calls normal: coarse figures, good enough to look real, and no reference.

Heights and weights are rounded medians by age as growth charts give them; limits are the demonstration ranges of
``fixtures/library/ranges.yaml``.
"""

import datetime as dt
import math
from bisect import bisect_right
from functools import lru_cache

import yaml

from apps.labs.analytes import LIBRARY

MONTH = 30.4375  # days
# months of age → cm, kg of the median boy; from 216 months on a grown man
GROWTH = [
    (0, 50.0, 3.4),
    (1, 54.5, 4.5),
    (3, 61.0, 6.3),
    (6, 67.5, 7.9),
    (9, 72.0, 8.9),
    (12, 76.0, 9.7),
    (18, 82.5, 11.0),
    (24, 87.5, 12.3),
    (36, 96.0, 14.4),
    (48, 103.0, 16.4),
    (60, 110.0, 18.5),
    (84, 122.0, 23.2),
    (108, 133.5, 28.6),
    (132, 144.0, 36.0),
    (156, 157.0, 45.5),
    (180, 168.5, 56.0),
    (216, 173.0, 66.0),
]
# what a girl's median is of a boy's, before and after puberty
FEMALE = ((0.985, 0.96), (0.936, 0.87))
PUBERTY = (132, 216)  # months, over which one becomes the other


def median_size(sex: str, months: float) -> tuple[float, float]:
    """(cm, kg) by straight lines between the rows."""
    rows = [row[0] for row in GROWTH]
    place = min(max(bisect_right(rows, months), 1), len(GROWTH) - 1)
    (m0, h0, w0), (m1, h1, w1) = GROWTH[place - 1], GROWTH[place]
    part = min(max((months - m0) / (m1 - m0), 0.0), 1.0)
    height, weight = h0 + part * (h1 - h0), w0 + part * (w1 - w0)
    if sex == "F":
        part = min(max((months - PUBERTY[0]) / (PUBERTY[1] - PUBERTY[0]), 0.0), 1.0)
        tall, heavy = (before + part * (after - before) for before, after in zip(*FEMALE, strict=True))
        height, weight = height * tall, weight * heavy
    return height, weight


def body_surface(height: float, weight: float) -> float:
    """m², Mosteller."""
    return math.sqrt(height * weight / 3600)


@lru_cache
def _ranges() -> dict[str, list[dict]]:
    rows = yaml.safe_load((LIBRARY / "ranges.yaml").read_text(encoding="utf-8"))
    found: dict[str, list[dict]] = {}
    for row in rows:
        found.setdefault(row["analyte"], []).append(row)
    return found


@lru_cache(maxsize=4096)
def limits(analyte: str, sex: str, age_days: int) -> tuple[float, float] | None:
    """Lower and upper limit of normal; a missing lower limit is 0. None where no range is known."""
    for row in _ranges().get(analyte, []):
        if row["sex"] in ("", sex) and row["age_from_days"] <= age_days < row["age_to_days"]:
            return float(row["low"] or 0), float(row["high"])
    return None


def months_old(birth: dt.date, on: dt.date) -> float:
    return max((on - birth).days / MONTH, 0.0)


def systolic(months: float) -> float:
    """mmHg, of a well person of that age."""
    return min(80 + months / 216 * 38, 118)


def pulse(months: float) -> float:
    return max(140 - months / 216 * 66, 72)
