from apps.randomization.drawing import Draws, Secret
from apps.randomization.methods.base import Config, Lists, Method, by_ratio


class Simple(Method):
    """Each slot drawn by itself, with the chance that the ratio gives: nothing to predict, and no promise of balance.

    ``config``: arms, strata [label, …], length of each list.
    """

    name = "simple"
    reference = "Lachin JM. Properties of simple randomization in clinical trials. Control Clin Trials 1988;9:312-326"

    def lists(self, config: Config, secret: Secret) -> Lists:
        options = by_ratio(config["arms"])
        made: Lists = {}
        for stratum in config["strata"]:
            draws = Draws(secret.seed, f"list:{stratum}")
            made[stratum] = [draws.choice(options) for _ in range(config["length"])]
        return made
