from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

from apps.randomization.drawing import Draws, Secret
from apps.randomization.methods.base import Config, Method, Tally, by_ratio


class Minimization(Method):
    """The arm that keeps the factors most even is preferred, and given with the probability of the coin.

    For every arm: had the next subject been given it, how far apart would the arms be among those who share a level
    with the subject, by factor (counts divided by the ratio; ``range`` or ``variance``), and summed with the factors'
    weights. Of the arms with the least sum one is preferred, by ratio; it is given with the probability ``coin`` where it
    has the smallest ratio, and with more where it has a larger one, so that each arm comes as often as its ratio says.

    ``config``: arms, items [item, …] (the factors), weights {item: whole number}, coin (a decimal as text), measure.
    Factors count as they were when each subject was allocated; a correction of the data does not move what was drawn.
    """

    name = "minimization"
    reference = (
        "Pocock SJ, Simon R. Sequential treatment assignment with balancing for prognostic factors in the controlled "
        "clinical trial. Biometrics 1975;31:103-115; for unequal ratios the biased coin of Han B, Enas NH, McEntegart D. "
        "Randomization by minimization for unbalanced treatment allocation. Stat Med 2009;28:3329-3346"
    )
    is_ahead = False

    def problems(self, config: Config) -> list[str]:
        found = super().problems(config)
        least = Fraction(min(config["arms"].values()), sum(config["arms"].values()))
        if not config["items"]:
            found.append("minimization needs at least one factor")
        if not least < Fraction(config["coin"]) <= 1:
            found.append(f"the coin {config['coin']} must be above {least}, which is the chance by ratio, and at most 1")
        return found

    def draw(self, config: Config, secret: Secret, values: Mapping[str, str], past: Tally) -> str:
        arms: Mapping[str, int] = config["arms"]
        sums = imbalances(config, values, past)
        least = min(sums.values())
        draws = Draws(secret.seed, f"allocation:{past.number + 1}")
        preferred = draws.choice(by_ratio({code: ratio for code, ratio in arms.items() if sums[code] == least}))
        away = chance_away(arms, preferred, Fraction(config["coin"]))
        if draws.below(away.denominator) >= away.numerator:
            return preferred
        return draws.choice(by_ratio({code: ratio for code, ratio in arms.items() if code != preferred}))


def imbalances(config: Config, values: Mapping[str, str], past: Tally) -> dict[str, int]:
    """For each arm the weighted sum over the factors, as if the next subject were given it.

    Whole numbers, exact: counts are scaled by what all ratios divide.
    """
    arms: Mapping[str, int] = config["arms"]
    scale = lcm(*arms.values())
    sums = dict.fromkeys(arms, 0)
    for item in config["items"]:
        weight = config["weights"].get(item, 1)
        counts = {arm: past.of.get((item, values[item], arm), 0) for arm in arms}
        for code in arms:
            shares = [(counts[arm] + (arm == code)) * scale // ratio for arm, ratio in arms.items()]
            sums[code] += weight * spread(shares, config["measure"])
    return sums


def spread(shares: Sequence[int], measure: str) -> int:
    """How far apart: ``range`` (largest less smallest), or ``variance`` (times the square of how many there are)."""
    if measure == "range":
        return max(shares) - min(shares)
    return len(shares) * sum(share * share for share in shares) - sum(shares) ** 2


def chance_away(arms: Mapping[str, int], preferred: str, coin: Fraction) -> Fraction:
    """The probability that another arm than the preferred is given (Han, Enas and McEntegart 2009)."""
    whole, least = sum(arms.values()), min(arms.values())
    return (1 - coin) * Fraction(whole - arms[preferred], whole - least)
