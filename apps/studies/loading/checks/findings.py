"""Where checks write what they find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from apps.studies.compiling import Standing
from apps.studies.definition import StudyDefinition
from apps.studies.loading.places import Path, place_of
from apps.studies.loading.problems import Problem, Severity


@dataclass
class Findings:
    """``definition`` and ``raw`` hold the same elements at the same paths. ``lost``: names set aside for their shape,
    about which nothing more is said. ``item_types``: what earlier published versions gave each item."""

    definition: StudyDefinition
    raw: Any
    lost: frozenset[str] = frozenset()
    analytes: frozenset[str] = frozenset()
    item_types: Mapping[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: Path, message: str, severity: Severity = Severity.ERROR) -> None:
        place = place_of(self.raw, path)
        self.problems.append(Problem(place.file, place.path, place.line, message, severity))

    def warn(self, path: Path, message: str) -> None:
        self.add(path, message, Severity.WARNING)

    def where(self, path: Path) -> str:
        place = place_of(self.raw, path)
        return f"{place.file}:{place.line}"

    def known(self, path: Path, name: str | None, names: Iterable[str], noun: str) -> bool:
        """Whether the name is one of the names; where not, that is a problem (unless its element was set aside)."""
        if name is None or name in (names := list(names)):
            return True
        if name not in self.lost:
            self.add(path, unknown(noun, name, names))
        return False

    def items(self) -> Iterator[tuple[Path, Standing]]:
        """Every item of every form with its path, in order."""
        for f, form in enumerate(self.definition.forms):
            for g, group in enumerate(form.groups):
                for i, item in enumerate(group.items):
                    yield ("forms", f, "groups", g, "items", i), Standing(form, group, item)


def unknown(noun: str, name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    if near:
        return f"there is no {noun} {name}; did you mean {near[0]}?"
    some = ", ".join(sorted(names)[:12]) + (" …" if len(names) > 12 else "")
    return f"there is no {noun} {name}; " + (f"there are {some}" if names else f"the study has no {noun}")
