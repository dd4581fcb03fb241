"""What every method offers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from apps.randomization.drawing import Secret

Config = Mapping[str, Any]
Lists = dict[str, list[str]]  # stratum → arms in the order of allocation


class Tally:
    """Who was allocated before: ``number`` in all, and ``of`` (item, code, arm) how many."""

    def __init__(self, past: Iterable[tuple[Mapping[str, str], str]] = ()) -> None:
        self.number = 0
        self.of: dict[tuple[str, str, str], int] = defaultdict(int)
        for values, arm in past:
            self.add(values, arm)

    def add(self, values: Mapping[str, str], arm: str) -> None:
        self.number += 1
        for item, code in values.items():
            self.of[item, code, arm] += 1


class Method:
    """``config`` always has ``arms`` {code: ratio}; each method says what else it reads."""

    name: ClassVar[str]
    reference: ClassVar[str]
    # lists are made ahead; else the arm is drawn at the moment of allocation
    is_ahead: ClassVar[bool] = True

    def problems(self, config: Config) -> list[str]:
        """What makes the configuration unusable, in words; empty when it can be used."""
        return [] if len(config["arms"]) > 1 else ["a randomization needs at least two arms"]

    def lists(self, config: Config, secret: Secret) -> Lists:
        """The same lists for the same configuration and secret, on any machine; none where ``is_ahead`` is false."""
        return {}

    def draw(self, config: Config, secret: Secret, values: Mapping[str, str], past: Tally) -> str:
        """The arm of the next subject, who has these ``values`` (item → code). ValueError where arms come from lists."""
        raise ValueError(f"{self.name} takes arms from lists")


def by_ratio(arms: Mapping[str, int]) -> list[str]:
    """Each arm as often as its ratio says, sorted, since the order of keys may not survive the database."""
    return [code for code, ratio in sorted(arms.items()) for _ in range(ratio)]
