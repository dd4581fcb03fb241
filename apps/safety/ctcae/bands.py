"""One grade's range as NCI prints it, and whether a value lies in it: yes, no, or not to be told."""

import re
from dataclasses import dataclass
from decimal import Decimal

BAND = re.compile(r"^([\[(])([^,]*),([^,]*)([\])])$")
BOUND = re.compile(r"^(?:([\d.]+)\s*)?(ULN|LLN|BL|LOWBL)?$")

Reference = dict[str, Decimal | None]


@dataclass(frozen=True)
class Bound:
    """``factor`` alone is absolute; with ``of`` it is a multiple of ULN, LLN, the baseline value (BL), or of a baseline
    that was below the LLN (LOWBL)."""

    factor: Decimal
    of: str = ""

    def value(self, reference: Reference) -> Decimal | None:
        if not self.of:
            return self.factor
        base = reference.get(self.of)
        return None if base is None else base * self.factor


@dataclass(frozen=True)
class Band:
    """``[50, 75)``, ``(ULN, 3 ULN]``, ``(20 ULN, )``: square bracket closed, parenthesis open, empty = no bound."""

    low: Bound | None
    high: Bound | None
    low_closed: bool
    high_closed: bool
    text: str

    @classmethod
    def parse(cls, text: str) -> "Band":
        match = BAND.match(text)
        if not match:
            raise ValueError(f"“{text}” is no band")
        return cls(_bound(match[2]), _bound(match[3]), match[1] == "[", match[4] == "]", text)

    def holds(self, value: Decimal, reference: Reference) -> bool | None:
        """None where a limit that decides is missing; a bound that is known and fails decides all the same."""
        sides = [
            _side(self.low, reference, lambda bound: value >= bound if self.low_closed else value > bound),
            _side(self.high, reference, lambda bound: value <= bound if self.high_closed else value < bound),
        ]
        if False in sides:
            return False
        return None if None in sides else True

    def needs(self) -> set[str]:
        return {bound.of for bound in (self.low, self.high) if bound is not None and bound.of}


def _bound(text: str) -> Bound | None:
    text = text.strip()
    if not text:
        return None
    match = BOUND.match(text)
    if not match:
        raise ValueError(f"“{text}” is no bound")
    return Bound(Decimal(match[1] or 1), match[2] or "")


def _side(bound: Bound | None, reference: Reference, test) -> bool | None:
    if bound is None:
        return True
    limit = bound.value(reference)
    return None if limit is None else bool(test(limit))
