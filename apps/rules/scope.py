"""Where the values of a rule come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from apps.rules.kinds import Kind, Result, Schema
from apps.rules.unknown import UNKNOWN
from apps.rules.values import typed

Which = Literal["baseline", "previous", "last", "first"]


class Scope(Protocol):
    """The values around the place where a rule is evaluated; every one typed, or UNKNOWN."""

    def value(self, oid: str, /) -> Result:
        """The item in the current record or visit."""
        ...

    def at_visit(self, oid: str, which: Which, form: str | None, /) -> Result:
        """The item at another visit: baseline, the one before this, the first or the last that has it."""
        ...

    def repeats(self, oid: str, form: str | None, /) -> Sequence[Result]:
        """The item in every line or record, in order."""
        ...


class _Values(dict[str, Result]):
    """A dictionary in which what is absent is unknown."""

    def __missing__(self, oid: str) -> Result:
        return UNKNOWN


class DictScope:
    """A scope from dictionaries; what is absent is unknown.

    `values`: OID -> value. `visits`: which -> {OID or "FORM.OID": value}. `repeats`: OID or "FORM.OID" -> values.
    """

    __slots__ = ("_repeats", "_visits", "value")
    value: Callable[[str], Result]

    def __init__(
        self,
        values: Mapping[str, Result] | None = None,
        *,
        visits: Mapping[str, Mapping[str, Result]] | None = None,
        repeats: Mapping[str, Sequence[Result]] | None = None,
    ) -> None:
        # the dictionary's own look-up, since every item of every rule is read by it
        self.value = _Values(values or {}).__getitem__
        self._visits = visits or {}
        self._repeats = repeats or {}

    @classmethod
    def stored(cls, schema: Schema, raw: Mapping[str, object]) -> DictScope:
        """A scope of values as they are stored (texts and missing codes); names that are no items are left out."""
        kinds: dict[str, Kind] = {oid: spec.kind for oid in raw if (spec := schema.get(oid)) is not None}
        return cls({oid: typed(kind, raw[oid]) for oid, kind in kinds.items()})

    def at_visit(self, oid: str, which: Which, form: str | None, /) -> Result:
        values = self._visits.get(which, {})
        return values.get(f"{form}.{oid}", values.get(oid, UNKNOWN)) if form else values.get(oid, UNKNOWN)

    def repeats(self, oid: str, form: str | None, /) -> Sequence[Result]:
        lines = self._repeats.get(f"{form}.{oid}") if form else None
        return lines if lines is not None else self._repeats.get(oid, ())
