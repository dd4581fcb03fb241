"""From a definition to compiled rules: the schema of its items and what each rule must give. No Django."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from apps.rules import ItemSpec, Kind, Schema
from apps.studies.definition import CodeList, FormDefinition, Group, ItemDefinition

KINDS = {
    "text": Kind.TEXT,
    "integer": Kind.NUMBER,
    "decimal": Kind.NUMBER,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "datetime": Kind.DATETIME,
    "yesno": Kind.BOOL,
    "choice": Kind.CHOICE,
    "choices": Kind.CHOICES,
    "file": Kind.FILE,
    "note": Kind.TEXT,
}
RESULTS = {"number": Kind.NUMBER, "yesno": Kind.BOOL, "text": Kind.TEXT, "date": Kind.DATE}


class Standing(NamedTuple):
    """An item where it stands."""

    form: FormDefinition
    group: Group
    item: ItemDefinition


def standing_items(forms: Iterable[FormDefinition]) -> Iterator[Standing]:
    for form in forms:
        for group in form.groups:
            for item in group.items:
                yield Standing(form, group, item)


def kind_of(item: ItemDefinition) -> Kind:
    """The kind of the item's value. A note is text for the reader; rules do not know it."""
    return RESULTS[item.result] if item.type == "computed" else KINDS[item.type]


def type_of(item: ItemDefinition) -> str:
    """What the item keeps for the life of the study."""
    return f"computed {item.result}" if item.type == "computed" else item.type


def spec_of(place: Standing, codelists: dict[str, frozenset[str]]) -> ItemSpec:
    form, group, item = place
    return ItemSpec(
        oid=item.oid,
        kind=kind_of(item),
        form=form.oid,
        repeating=form.repeating or group.repeating,
        codes=codelists.get(item.codelist) if item.codelist else None,
        group=group.oid if group.repeating else None,
    )


def schema_of(forms: Iterable[FormDefinition], codelists: Iterable[CodeList]) -> Schema:
    """What rules know of the items; the first of an OID counts (a second is a problem found at load)."""
    codes = {codelist.oid: frozenset(code.code for code in codelist.codes) for codelist in codelists}
    specs: dict[str, ItemSpec] = {}
    for place in standing_items(forms):
        if place.item.type != "note":
            specs.setdefault(place.item.oid, spec_of(place, codes))
    return Schema(specs.values())


def schema_at(schema: Schema, form: FormDefinition, group: Group) -> Schema:
    """The schema seen from one line of the group: its own items and its form's need no selector."""
    return schema.within(form.oid, group.oid if group.repeating else None)
