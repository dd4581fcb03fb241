"""How arms are drawn: each method turns a configuration and a seed into the lists of all strata. Pure.

A method is a class with ``name`` and ``lists(config, seed)``; ``METHODS`` names those that a study may ask for.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from apps.randomization.drawing import Draws

Lists = dict[str, list[str]]  # stratum → arms in the order of allocation


class Method(Protocol):
    name: str

    def problems(self, config: Mapping[str, Any]) -> list[str]:
        """What makes the configuration unusable, in words; empty when it can be used."""
        ...

    def lists(self, config: Mapping[str, Any], seed: bytes) -> Lists:
        """The same lists for the same configuration and seed, on any machine."""
        ...


class PermutedBlocks:
    """Blocks in which every arm stands as often as its ratio says, of sizes drawn at random.

    Matts and Lachin, Properties of permuted-block randomization in clinical trials, Control Clin Trials 1988;9:327.
    ``config``: arms {code: ratio}, block_sizes, strata [label, …], length of each list (rounded up to whole blocks).
    """

    name = "permuted_blocks"

    def problems(self, config: Mapping[str, Any]) -> list[str]:
        unit = sum(config["arms"].values())
        odd = [str(size) for size in config["block_sizes"] if size < unit or size % unit]
        found = [f"block size {size} is no multiple of {unit}, the sum of the ratios" for size in odd]
        return found + (["a list needs at least two arms"] if len(config["arms"]) < 2 else [])

    def lists(self, config: Mapping[str, Any], seed: bytes) -> Lists:
        return {stratum: self._list(config, Draws(seed, f"list:{stratum}")) for stratum in config["strata"]}

    def _list(self, config: Mapping[str, Any], draws: Draws) -> list[str]:
        made: list[str] = []
        while len(made) < config["length"]:
            made += self._block(config["arms"], draws.choice(config["block_sizes"]), draws)
        return made

    def _block(self, arms: Mapping[str, int], size: int, draws: Draws) -> list[str]:
        times = size // sum(arms.values())
        # sorted, since the order of keys may not survive the database
        return draws.shuffled([code for code, ratio in sorted(arms.items()) for _ in range(ratio * times)])


METHODS: dict[str, Method] = {method.name: method for method in (PermutedBlocks(),)}
