"""Strata by name: ``KMP=Y``, several items with commas in the order of their names, ``all`` without any."""

from collections.abc import Mapping, Sequence
from itertools import product

ALL = "all"


def stratum_label(values: Mapping[str, str]) -> str:
    return ",".join(f"{item}={code}" for item, code in sorted(values.items())) or ALL


def labels_of(levels: Mapping[str, Sequence[str]]) -> list[str]:
    """Every stratum that there can be, of the codes of each item."""
    items = sorted(levels)
    return [stratum_label(dict(zip(items, codes, strict=True))) for codes in product(*(levels[item] for item in items))]
