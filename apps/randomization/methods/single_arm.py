from collections.abc import Mapping

from apps.randomization.drawing import Secret
from apps.randomization.methods.base import Config, Method, Tally


class SingleArm(Method):
    """The only arm, for everybody: nothing is drawn, no list is made. ``config``: arms."""

    name = "single_arm"
    reference = "ICH E9 Statistical principles for clinical trials, 2.2: a trial without a concurrent control"
    is_ahead = False

    def problems(self, config: Config) -> list[str]:
        return [] if len(config["arms"]) == 1 else ["a single-arm assignment has exactly one arm"]

    def draw(self, config: Config, secret: Secret, values: Mapping[str, str], past: Tally) -> str:
        (arm,) = config["arms"]
        return str(arm)
