"""Parts that every element of a definition shares: bilingual text, source, names, offsets, ranges with bounds."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_serializer, model_validator


class Part(BaseModel):
    """An element of a definition: unknown keys are errors, values do not change after loading."""

    # YAML reads 5.0 or 1 as a number where the definition wants a text
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Text(Part):
    """A text in English and, normally, Chinese. A plain string is English only (a warning at load)."""

    en: Annotated[str, Field(min_length=1)]
    zh: str = ""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict:
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}

    @model_validator(mode="before")
    @classmethod
    def plain_string(cls, value: Any) -> Any:
        return {"en": value} if isinstance(value, str) else value


class Source(StrEnum):
    """Where a fact comes from: the registry record, another public mirror of it, or our own assumption."""

    RECORD = "record"
    MIRROR = "mirror"
    ASSUMPTION = "assumption"


class Sourced(Part):
    source: Source
    note: str | Text = ""


Oid = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=40)]
OFFSET = re.compile(r"^([+-]?\d+)\s*(d|days?|w|weeks?|m|months?)$")
UNITS = {"d": "days", "w": "weeks", "m": "months"}


class Offset(Part):
    """``3 days``, ``2 weeks``, ``1 month``, ``-0d``: whole numbers of days, weeks or calendar months."""

    amount: int
    unit: Annotated[str, Field(pattern="^(days|weeks|months)$")]

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict:
        return {"type": "string", "pattern": OFFSET.pattern, "description": cls.__doc__}

    @model_validator(mode="before")
    @classmethod
    def from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = OFFSET.match(value.strip())
        if not match:
            raise ValueError(f"“{value}” is no offset; write for example 3 days, 2 weeks, 1 month or -3d")
        return {"amount": int(match[1]), "unit": UNITS[match[2][0]]}

    def approximate_days(self) -> int:
        """For ordering and overlap checks only."""
        return self.amount * {"days": 1, "weeks": 7, "months": 30}[self.unit]


RANGE = re.compile(r"^([\[(])\s*(-?[\d.]*)\s*,\s*(-?[\d.]*)\s*([\])])$")


class Interval(Part):
    """``[8, 15]``, ``(10, 15]``, ``[, 7]``: decimal bounds, closed by a bracket, open by a parenthesis, absent = none."""

    low: Decimal | None
    high: Decimal | None
    low_closed: bool
    high_closed: bool

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict:
        return {"type": "string", "pattern": RANGE.pattern, "description": cls.__doc__}

    @model_validator(mode="before")
    @classmethod
    def from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = RANGE.match(value.strip())
        if not match:
            raise ValueError(f"“{value}” is no range; write for example [8, 15] or (10, 15], the lower bound first")
        return {
            "low": match[2] or None,
            "high": match[3] or None,
            "low_closed": match[1] == "[",
            "high_closed": match[4] == "]",
        }

    @model_validator(mode="after")
    def right_way_round(self):
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the lower bound {self.low} is above the upper bound {self.high}; write the lower first")
        return self

    def is_below(self, value: Decimal) -> bool:
        return self.low is not None and (value < self.low or (value == self.low and not self.low_closed))

    def is_above(self, value: Decimal) -> bool:
        return self.high is not None and (value > self.high or (value == self.high and not self.high_closed))

    def __contains__(self, value: Decimal) -> bool:
        return not self.is_below(value) and not self.is_above(value)

    def __str__(self) -> str:
        low = "" if self.low is None else self.low
        high = "" if self.high is None else self.high
        return f"{'[' if self.low_closed else '('}{low}, {high}{']' if self.high_closed else ')'}"

    @model_serializer
    def as_text(self) -> str:
        return str(self)


def yaml_rule(value: Any) -> Any:
    """YAML reads ``true`` or ``1`` as a scalar; a rule is always text."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value


RuleText = Annotated[str, BeforeValidator(yaml_rule), Field(min_length=1, max_length=2000)]
