"""Forms, groups, items, code lists and checks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from apps.studies.definition.base import Interval, Oid, Part, RuleText, Source, Text

ItemType = Literal[
    "text", "integer", "decimal", "date", "time", "datetime", "yesno", "choice", "choices", "file", "computed", "note"
]


class Code(Part):
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+./-]+$", max_length=40)]
    label: Text


class CodeList(Part):
    """Permitted codes in order; a code that is not listed is refused. Each code once (checked at load)."""

    oid: Oid
    codes: Annotated[list[Code], Field(min_length=1)]
    source: str = ""


class Rangespec(Part):
    """``soft``: outside raises a query. ``hard``: outside is saved, queried, and blocks *complete*."""

    soft: Interval | None = None
    hard: Interval | None = None


class Check(Part):
    """``rule`` says what must hold; where it is false the check fires, where it is unknown it does not."""

    oid: Oid
    rule: RuleText
    message: Text
    severity: Literal["hard", "soft"] = "soft"


class ItemDefinition(Part):
    oid: Oid
    type: ItemType
    label: Text
    help: Text | None = None
    unit: str = ""
    # other units that may be typed, each as an exact factor to `unit`
    unit_choices: dict[str, str] = {}
    decimals: Annotated[int | None, Field(ge=0, le=6)] = None
    max_length: Annotated[int, Field(ge=1, le=4000)] = 400
    # a regular expression that the whole of a text must match; `help` says it in words
    pattern: Annotated[str, Field(max_length=200)] = ""
    codelist: Oid | None = None
    required: bool = False
    partial: bool = False  # a date that may lack its day or month
    range: Rangespec | None = None
    show_if: RuleText | None = None
    compute: RuleText | None = None
    # what a computed item gives; the default is a number
    result: Literal["number", "yesno", "text", "date"] = "number"
    checks: list[Check] = []
    cdash: str = ""
    sdtm: str = ""
    analyte: Oid | None = None
    milestone: str | None = None
    sdv: Literal["required", "optional", "none"] = "optional"
    # "arm": hidden from whoever is blinded to the allocation
    blinding: Literal["", "arm"] = ""
    source: Source | None = None
    note: str | Text = ""

    @model_validator(mode="after")
    def parts_fit_the_type(self):
        if self.type in {"choice", "choices"} and not self.codelist:
            raise ValueError(f"item {self.oid} is a {self.type} and names no codelist")
        if self.type == "computed" and not self.compute:
            raise ValueError(f"item {self.oid} is computed and has no compute rule")
        if self.type != "computed" and self.compute:
            raise ValueError(f"item {self.oid} has a compute rule, so its type must be computed, not {self.type}")
        if self.range and self.type not in {"integer", "decimal"}:
            raise ValueError(f"item {self.oid} is a {self.type}: only integer and decimal items have a range")
        if self.partial and self.type != "date":
            raise ValueError(f"item {self.oid}: only a date may be partial")
        return self


class Group(Part):
    """A section of a form; ``repeating`` makes it a grid of lines."""

    oid: Oid
    title: Text | None = None
    repeating: bool = False
    items: Annotated[list[ItemDefinition], Field(min_length=1)]


class FormDefinition(Part):
    """One CRF. ``domain`` is its SDTM domain. A form in the study's ``log_forms`` belongs to the subject, not a visit."""

    oid: Oid
    title: Text
    domain: str = ""
    # several records of it at one visit or, for a log form, for one subject; else exactly one
    repeating: bool = False
    # entered twice, the second time blind to the first; differences are decided by a third person
    double_entry: bool = False
    # whole form hidden from whoever is blinded to the allocation
    blinding: Literal["", "arm"] = ""
    groups: Annotated[list[Group], Field(min_length=1)]
    source: Source | None = None
    note: str | Text = ""

    @property
    def items(self) -> list[ItemDefinition]:
        return [item for group in self.groups for item in group.items]
