"""YAML with line numbers: every mapping and list knows its file and the lines of its parts.

The scalars are those of YAML 1.2 (true, false, null, whole numbers; everything else is text, so that a code ``NO`` and
a date stay what was written). Refused: aliases (a few lines of them expand without end), tags, a key twice, files above
1 MB, more than 40 levels.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from apps.studies.loading.problems import Problem, Unreadable

SIZE_MAX = 1_000_000
DEPTH_MAX = 40
INTEGER = re.compile(r"^[+-]?(0|[1-9]\d{0,17})$")
CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
# the C parser is iterative and twenty times as fast; the pure one recurses, so the depth is checked on events
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Map(dict[str, Any]):
    """A mapping of a file; ``lines``: key -> line."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file, self.line = file, line
        self.lines: dict[str, int] = {}


class Seq(list[Any]):
    """A list of a file; ``lines``: the line of each element."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file, self.line = file, line
        self.lines: list[int] = []

    def take(self, value: Any, line: int) -> None:
        self.append(value)
        self.lines.append(line)

    def drop(self, index: int) -> None:
        del self[index]
        del self.lines[index]


def read(path: Path, name: str = "") -> Any:
    """The file's content as Map, Seq and scalars; Unreadable where it is no YAML that we take."""
    name = name or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(Problem(name, "", 0, f"the file cannot be read ({error.strerror})")) from error
    if len(raw) > SIZE_MAX:
        raise Unreadable(Problem(name, "", 0, f"the file has {len(raw)} bytes; at most {SIZE_MAX} are read"))
    try:
        return parse(raw.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Unreadable(Problem(name, "", line, "this is not UTF-8; save the file as UTF-8")) from error


def parse(text: str, file: str = "<text>") -> Any:
    """The same for a text at hand."""
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        words = " ".join(part for part in (error.context, error.problem) if part)
        raise Unreadable(Problem(file, "", line, f"this is not readable YAML: {words}")) from error
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(Problem(file, "", 0, f"this is not readable YAML: {error}")) from error
    return builder.result


class _Builder:
    """Builds from the parser's events; ``stack`` holds the open containers, ``keys`` the key that waits in each."""

    def __init__(self, file: str) -> None:
        self.file, self.result = file, None
        self.stack: list[Map | Seq] = []
        self.keys: list[Any] = []
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.AliasEvent():
                raise self.refuse(line, f"“*{event.anchor}” is an alias; write the part out again")
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise self.refuse(line, "the file holds a second document (---); one file is one definition")
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self.open(event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.stack.pop()
                self.keys.pop()
            case yaml.ScalarEvent():
                self.scalar(event, line)

    def refuse(self, line: int, message: str) -> Unreadable:
        return Unreadable(Problem(self.file, "", line, message))

    def open(self, event: yaml.CollectionStartEvent, line: int) -> None:
        self.no_tag(event, line)
        if len(self.stack) >= DEPTH_MAX:
            raise self.refuse(line, f"the file is nested more than {DEPTH_MAX} levels deep")
        kind = Map if isinstance(event, yaml.MappingStartEvent) else Seq
        container = kind(self.file, line)
        self.place(container, line)
        self.stack.append(container)
        self.keys.append(None)

    def scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self.no_tag(event, line)
        plain = event.implicit[0] and event.style in (None, "")
        self.place(_plain(event.value) if plain else event.value, line)

    def no_tag(self, event: Any, line: int) -> None:
        if event.tag is not None:
            raise self.refuse(line, f"the tag {event.tag} cannot be used; write the plain value")

    def place(self, value: Any, line: int) -> None:
        """Put a value where it belongs: the document, a list, a key that waits, or as the next key itself."""
        if not self.stack:
            self.result = value
            return
        inner = self.stack[-1]
        if isinstance(inner, Seq):
            inner.take(value, line)
        elif self.keys[-1] is None:
            self.keys[-1] = self.key(inner, value, line)
        else:
            inner[self.keys[-1]] = value
            self.keys[-1] = None

    def key(self, inner: Map, value: Any, line: int) -> str:
        if not isinstance(value, str):
            raise self.refuse(line, f"“{value}” cannot be a key; put it between quotes")
        if value in inner.lines:
            raise self.refuse(line, f"the key “{value}” stands twice, first in line {inner.lines[value]}; remove one")
        inner.lines[value] = line
        return value


def _plain(text: str) -> Any:
    if text in CONSTANTS:
        return CONSTANTS[text]
    return int(text) if INTEGER.match(text) else text
