from collections.abc import Mapping

from apps.randomization.drawing import Draws, Secret
from apps.randomization.methods.base import Config, Lists, Method, by_ratio


class PermutedBlocks(Method):
    """Blocks in which every arm stands as often as its ratio says, of one size or of sizes drawn at random.

    ``config``: arms, block_sizes, strata [label, …], length of each list (rounded up to whole blocks).
    """

    name = "permuted_blocks"
    reference = (
        "Matts JP, Lachin JM. Properties of permuted-block randomization in clinical trials. "
        "Control Clin Trials 1988;9:327-344"
    )

    def problems(self, config: Config) -> list[str]:
        unit = sum(config["arms"].values())
        odd = [str(size) for size in config["block_sizes"] if size < unit or size % unit]
        found = [f"block size {size} is no multiple of {unit}, the sum of the ratios" for size in odd]
        return found + ([] if config["block_sizes"] else ["no block size is given"]) + super().problems(config)

    def lists(self, config: Config, secret: Secret) -> Lists:
        return {stratum: self._list(config, Draws(secret.seed, f"list:{stratum}")) for stratum in config["strata"]}

    def _list(self, config: Config, draws: Draws) -> list[str]:
        made: list[str] = []
        while len(made) < config["length"]:
            made += self._block(config["arms"], draws.choice(config["block_sizes"]), draws)
        return made

    def _block(self, arms: Mapping[str, int], size: int, draws: Draws) -> list[str]:
        times = size // sum(arms.values())
        return draws.shuffled(by_ratio({code: ratio * times for code, ratio in arms.items()}))
