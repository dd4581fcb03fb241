"""A keyed generator whose every draw can be derived again from the sealed seed: HMAC-SHA-256 in counter mode.

Each purpose (a stratum's list) has a stream of its own, so that one list tells nothing of another and lists may be
extended in any order.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
WORD = 1 << 64


@dataclass(frozen=True)
class Secret:
    """What is sealed: nonce and seed, both 32 bytes, and an imported list (stratum → arms in order)."""

    nonce: bytes
    seed: bytes
    lists: dict[str, list[str]] | None = None


class Draws:
    """The stream of one seed (32 bytes) and purpose."""

    def __init__(self, seed: bytes, purpose: str) -> None:
        if len(seed) != 32:
            raise ValueError("a seed has 32 bytes")
        self._seed, self._purpose, self._counter = seed, purpose.encode(), 0

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound`` - 1, each equally likely: what would favour small numbers is drawn again."""
        if bound < 1:
            raise ValueError("nothing to draw from")
        fair = WORD - WORD % bound
        while (word := self._word()) >= fair:
            pass
        return word % bound

    def choice(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """Fisher and Yates, as in Knuth, The Art of Computer Programming, volume 2, algorithm P."""
        items = list(options)
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items

    def _word(self) -> int:
        message = self._purpose + b"\0" + self._counter.to_bytes(8, "big")
        self._counter += 1
        return int.from_bytes(hmac.digest(self._seed, message, hashlib.sha256)[:8], "big")
