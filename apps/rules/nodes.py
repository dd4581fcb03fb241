"""The checked rule: a tree in which every part has its kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from apps.rules.kinds import Kind


@dataclass(frozen=True, slots=True)
class Node:
    """One part of a rule. `op` says which; `name`, `value` and `args` are read by op:

    const: value. item: name = OID. and, or, not, neg, + - * /: args. **: one arg, value = exponent.
    chain: args with value = the operators between them. if: args = then, test, else. in, has: args = what is asked,
    then constants. coalesce, missing: args. call: name, value = the Python function, args.
    at: name = OID, value = At. lines: name = OID, value = (Lines, kind of the item), args = the value to compare with.
    """

    op: str
    kind: Kind
    column: int
    args: tuple[Node, ...] = ()
    name: str = ""
    value: Any = None
    codes: frozenset[str] | None = None

    def walk(self) -> Iterator[Node]:
        yield self
        for arg in self.args:
            yield from arg.walk()


class At(NamedTuple):
    """Which visit's value: baseline, previous, first or last, on this form or any."""

    which: str
    form: str | None


class Lines(NamedTuple):
    """What is asked of all lines: the function, the form and, for any, all and count, the comparison."""

    function: str
    form: str | None
    operator: str = ""


class Elsewhere(NamedTuple):
    """An item read from other visits or records: its OID, the selector and the form, if the rule names one."""

    oid: str
    selector: str
    form: str | None
