"""Medians of interleaved pairs, and the table that shows them."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """``ratio`` of the work to its reference; ``budget`` is the most that is allowed (the least, where ``at_least``)."""

    work: str
    reference: str
    ratio: float
    budget: float
    detail: str = ""
    at_least: bool = False

    @property
    def is_over(self) -> bool:
        return self.ratio < self.budget if self.at_least else self.ratio > self.budget


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(work: Callable[[], object], reference: Callable[[], object], *, pairs: int = 7) -> tuple[float, float, float]:
    """(median ratio, median seconds of the work, of the reference) over A B A B … after one warm-up of each."""
    timed = interleaved(work, reference, pairs)
    ratio = statistics.median(a / b for a, b in timed)
    return ratio, statistics.median(a for a, _ in timed), statistics.median(b for _, b in timed)


def interleaved(work: Callable[[], object], reference: Callable[[], object], pairs: int) -> list[tuple[float, float]]:
    work(), reference()
    return [(seconds(work), seconds(reference)) for _ in range(pairs)]


def undisturbed(timed: list[tuple[float, float]]) -> tuple[float, float]:
    """Seconds of both when nothing else took the processor: the lowest tenth of each."""
    return tuple(sorted(column)[len(timed) // 10] for column in zip(*timed, strict=True))


def table(rows: list[Row]) -> str:
    lines = [f"{'work':<46} {'reference':<44} {'ratio':>7} {'budget':>8}  detail"]
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        mark = "  OVER" if row.is_over else ""
        lines.append(
            f"{row.work:<46} {row.reference:<44} {row.ratio:>7.2f} {sign + format(row.budget, '.2f'):>8}  {row.detail}{mark}"
        )
    return "\n".join(lines)
