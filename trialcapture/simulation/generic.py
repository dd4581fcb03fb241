"""A value for any item, from its definition alone: so that a form nobody wrote answers for is filled too."""

import datetime as dt
import random
import re
from collections.abc import Sequence
from typing import Any

from apps.studies.definition import ItemDefinition
from trialcapture.simulation.phrases import ANY_TEXT, TEXTS, said

# codes that say that something is wrong, special or not known: rarely chosen
RARE = re.compile(r"OTHER|UNKNOWN|ABNORMAL|NOT_|^N[ACE]$|^ND$|FATAL|DEATH|DECLINED|[2345]\+|^[45]$|PREGNAN")
PATTERN_TRIES = 40


def value_for(definition: ItemDefinition, codes: Sequence[str], rng: random.Random, on: dt.date, language: str) -> Any:
    """Text as a person would type it, a list of codes for ``choices``; None where nothing is typed (files, notes)."""
    maker = MAKERS.get(definition.type)
    return maker(definition, codes, rng, on, language) if maker else None


def number_text(value: float, definition: ItemDefinition) -> str:
    """With the item's own decimals (one where it names none); an integer has none."""
    decimals = 0 if definition.type == "integer" else 1 if definition.decimals is None else definition.decimals
    return f"{value:.{decimals}f}"


def bounds(definition: ItemDefinition) -> tuple[float, float]:
    """Where plausible values lie: the soft range, else the hard one, else 0 to 10 (or from the bound that there is)."""
    limits = definition.range
    interval = (limits.soft or limits.hard) if limits else None
    if interval is None:
        return 0.0, 10.0
    low = float(interval.low) if interval.low is not None else min(0.0, float(interval.high or 0))
    high = float(interval.high) if interval.high is not None else max(low * 2, low + 10)
    return low, high


def _number(definition, codes, rng, on, language) -> str:
    low, high = bounds(definition)
    # mostly near the low third: ranges are wide above, and most quantities in medicine are skewed
    value = rng.triangular(low, high, low + (high - low) * 0.35)
    margin = (high - low) * 0.02
    return number_text(min(max(value, low + margin), high - margin), definition)


def _text(definition, codes, rng, on, language) -> str:
    if definition.pattern:
        return _matching(definition.pattern, rng) or ""
    return said(rng.choice(TEXTS.get(definition.oid, ANY_TEXT)), language)[: definition.max_length]


def _date(definition, codes, rng, on, language) -> str:
    return on.isoformat()[:7] if definition.partial and rng.random() < 0.08 else on.isoformat()


def _time(definition, codes, rng, on, language) -> str:
    return f"{rng.randint(7, 10):02d}:{rng.choice((0, 5, 10, 15, 20, 30, 40, 45, 50)):02d}"


def _datetime(definition, codes, rng, on, language) -> str:
    return f"{on.isoformat()}T{_time(definition, codes, rng, on, language)}"


def _yes_no(definition, codes, rng, on, language) -> str:
    return "Y" if rng.random() < 0.12 else "N"


def _choice(definition, codes, rng, on, language) -> str:
    return rng.choices(codes, [0.04 if RARE.search(code) else 1.0 for code in codes])[0]


def _choices(definition, codes, rng, on, language) -> list[str]:
    picked = {_choice(definition, codes, rng, on, language) for _ in range(rng.choice((1, 1, 1, 2)))}
    return [code for code in codes if code in picked]


MAKERS = {
    "integer": _number,
    "decimal": _number,
    "text": _text,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "yesno": _yes_no,
    "choice": _choice,
    "choices": _choices,
}


# -- a text that a pattern accepts


def _matching(pattern: str, rng: random.Random) -> str | None:
    """A text that the pattern matches whole, for the patterns that protocols use; None where none was found."""
    try:
        parts = list(re._parser.parse(pattern))  # type: ignore[attr-defined]
    except re.error:
        return None
    for _ in range(PATTERN_TRIES):
        text = "".join(_part(part, rng) for part in parts)
        if re.fullmatch(pattern, text):
            return text
    return None


def _part(part: tuple, rng: random.Random) -> str:
    name, value = str(part[0]), part[1]
    if name == "LITERAL":
        return chr(value)
    if name == "IN":
        return _one_of(value, rng)
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        low, high, inner = value
        times = rng.randint(low, min(int(high), low + 2))
        return "".join(_part(one, rng) for _ in range(times) for one in inner)
    if name == "SUBPATTERN":
        return "".join(_part(one, rng) for one in value[3])
    if name == "BRANCH":
        return "".join(_part(one, rng) for one in rng.choice(value[1]))
    return "A" if name == "ANY" else ""


def _one_of(options: list, rng: random.Random) -> str:
    name, value = str(options[0][0]), options[0][1]
    if len(options) > 1 and name != "NEGATE":
        name, value = (lambda one: (str(one[0]), one[1]))(rng.choice(options))
    if name == "LITERAL":
        return chr(value)
    if name == "RANGE":
        return chr(rng.randint(*value))
    return rng.choice("0123456789") if "DIGIT" in str(value) else rng.choice("ABCDEFGH")
