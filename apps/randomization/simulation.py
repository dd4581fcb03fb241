"""A scheme tried on virtual subjects, with draws that nobody will use: how even the arms stay, how well one could guess."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from apps.randomization.drawing import Draws, Secret
from apps.randomization.methods import Lists, Method, Tally
from apps.randomization.methods.minimization import imbalances
from apps.randomization.strata import labels_of, stratum_label

SUBJECTS = 10_000
POINTS = 100  # of the curve
STRATA_SHOWN = 40


@dataclass(frozen=True)
class StratumTried:
    label: str
    counts: Mapping[str, int]  # arm → subjects

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Tried:
    """``curve``: (subjects, how many the arm furthest from its share is off), at up to 100 points.

    ``guessed``: the share of arms foretold by who always names the arm that is behind (Blackwell and Hodges, Design for the
    control of selection bias, Ann Math Stat 1957;28:449), knowing all earlier ones; ``chance``: without knowing any.
    """

    subjects: int
    seed: str
    strata: list[StratumTried]
    counts: Mapping[str, int]
    curve: list[tuple[int, float]]
    guessed: float
    chance: float

    @property
    def furthest(self) -> float:
        return max((apart for _, apart in self.curve), default=0.0)


def try_out(
    method: Method,
    config: Mapping[str, Any],
    levels: Mapping[str, Sequence[str]],
    secret: Secret,
    subjects: int = SUBJECTS,
) -> Tried:
    """``levels``: item → codes, each equally common. An imported list is tried as it stands and ends where it ends."""
    arms: Mapping[str, int] = config["arms"]
    whole = sum(arms.values())
    lists = _lists(method, config, levels, secret, subjects)
    people = Draws(secret.seed, "virtual subjects")
    counts: dict[str, Counter[str]] = {}
    all_arms: Counter[str] = Counter()
    curve: list[tuple[int, float]] = []
    right = Fraction(0)
    number = 0
    past = Tally()
    for _subject in range(subjects):
        values = {item: people.choice(codes) for item, codes in sorted(levels.items())}
        label = stratum_label(values)
        count = counts.setdefault(label, Counter())
        if not method.is_ahead:
            sums: Mapping[str, Any] = imbalances(config, values, past)
            arm = method.draw(config, secret, values, past)
            past.add(values, arm)
        elif sum(count.values()) < len(lists.get(label, ())):
            sums = {code: Fraction(count[code], ratio) for code, ratio in arms.items()}
            arm = lists[label][sum(count.values())]
        else:
            continue
        right += _foretold(arms, sums, arm)
        count[arm] += 1
        all_arms[arm] += 1
        number += 1
        if number % max(1, subjects // POINTS) == 0:
            curve.append((number, _apart(arms, whole, all_arms, number)))
    return Tried(
        subjects=number,
        seed=secret.seed.hex(),
        strata=[StratumTried(label, {arm: counts[label][arm] for arm in arms}) for label in sorted(counts)],
        counts={arm: all_arms[arm] for arm in arms},
        curve=curve,
        guessed=float(right / number) if number else 0.0,
        chance=max(arms.values()) / whole,
    )


def _lists(
    method: Method, config: Mapping[str, Any], levels: Mapping[str, Sequence[str]], secret: Secret, subjects: int
) -> Lists:
    if not method.is_ahead or isinstance(config.get("length"), dict):
        return method.lists(config, secret)
    strata = labels_of(levels)
    length = min(subjects, 3 * subjects // len(strata) + 50)
    return method.lists({**config, "strata": strata, "length": length}, secret)


def _foretold(arms: Mapping[str, int], sums: Mapping[str, Any], arm: str) -> Fraction:
    """The chance that naming the arm that is behind was right; of several the ones with more of the ratio are likelier."""
    least = min(sums.values())
    behind = {code: ratio for code, ratio in arms.items() if sums[code] == least}
    return Fraction(behind.get(arm, 0), sum(behind.values()))


def _apart(arms: Mapping[str, int], whole: int, counts: Mapping[str, int], number: int) -> float:
    return float(max(abs(counts[code] - Fraction(number * ratio, whole)) for code, ratio in arms.items()))
