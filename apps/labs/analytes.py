"""Analytes as data: code, LOINC, SDTM test code, units with exact factors, plausibility, CTCAE terms by direction."""

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml

from apps.studies.definition.base import Interval, Oid, Part, Text

LIBRARY = Path(__file__).resolve().parents[2] / "fixtures" / "library"


class Analyte(Part):
    """``units``: other units as reported → exact factor to ``unit`` (a value times the factor is in ``unit``)."""

    code: Oid
    label: Text
    loinc: str = ""
    sdtm: str = ""
    unit: str
    units: dict[str, str] = {}
    plausible: Interval | None = None
    ctcae: dict[Literal["low", "high"], str] = {}

    def converted(self, value: Decimal, unit: str) -> Decimal | None:
        """The value in the analyte's own unit, exactly; None for a unit of another dimension or none."""
        if unit == self.unit:
            return value
        factor = self.units.get(unit)
        return None if factor is None else value * Decimal(factor)


@lru_cache
def analytes() -> dict[str, Analyte]:
    rows = yaml.safe_load((LIBRARY / "analytes.yaml").read_text(encoding="utf-8"))
    return {analyte.code: analyte for analyte in (Analyte.model_validate(row) for row in rows)}
