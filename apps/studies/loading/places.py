"""Where an element stands: its file and line, and its path in words (``visits[M1].window``)."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeGuard

from apps.studies.loading.source import Map, Seq

Path = tuple[str | int, ...]
NAMES = ("oid", "code", "study")


class Place(NamedTuple):
    file: str
    line: int
    path: str


def name_of(element: Any) -> str:
    """The element's own name, if it has one."""
    if isinstance(element, dict):
        return next((str(element[key]) for key in NAMES if isinstance(element.get(key), str | int)), "")
    return ""


def existing(raw: Any, path: Path) -> Path:
    """The path without what is not in the file (a union's branch, an absent key)."""
    kept: list[str | int] = []
    for part in path:
        if _holds(raw, part):
            raw = raw[part]
            kept.append(part)
    return tuple(kept)


def _holds(raw: Any, part: Any) -> bool:
    return part in raw if isinstance(raw, dict) else isinstance(raw, list) and _is_index(part, raw)


def get(raw: Any, path: Path) -> Any:
    for part in path:
        raw = raw[part]
    return raw


def place_of(raw: Any, path: Path) -> Place:
    """Where the element of this path is; an absent last key is placed at its parent."""
    file, line, words = getattr(raw, "file", ""), getattr(raw, "line", 0), ""
    for part in path:
        if isinstance(raw, Map) and isinstance(part, str) and part in raw:
            line, raw = raw.lines.get(part, line), raw[part]
            words += f".{part}" if words else part
        elif isinstance(raw, Seq) and _is_index(part, raw):
            line, raw = raw.lines[part], raw[part]
            words += f"[{name_of(raw) or part + 1}]"
        else:
            words += f".{part}" if words else str(part)
        file = getattr(raw, "file", file)
    return Place(file, line, words)


def _is_index(part: Any, raw: list[Any]) -> TypeGuard[int]:
    return isinstance(part, int) and 0 <= part < len(raw)
