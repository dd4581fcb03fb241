"""The shared forms, code lists and analytes (``fixtures/library``), and a study's file joined with those it uses."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from apps.studies.loading.problems import Problem, Unreadable
from apps.studies.loading.source import Map, Seq, read

ROOT = Path(__file__).resolve().parents[3]
LIBRARY = ROOT / "fixtures" / "library"


@dataclass
class Library:
    """``forms`` and ``codelists`` by OID as they stand in their files; ``analytes``: the codes."""

    forms: dict[str, Map] = field(default_factory=dict)
    codelists: dict[str, Map] = field(default_factory=dict)
    analytes: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)


def read_library(folder: Path = LIBRARY) -> Library:
    """Everything in the folder; files that cannot be read are problems."""
    library = Library()
    for path in sorted((folder / "forms").glob("*.yaml")):
        for form in _elements(library, path, dict):
            _keep(library, library.forms, form, "form")
    for codelist in _elements(library, folder / "codelists.yaml", list):
        _keep(library, library.codelists, codelist, "code list")
    rows = _elements(library, folder / "analytes.yaml", list)
    library.analytes = frozenset(str(row["code"]) for row in rows if "code" in row)
    return library


def shown(path: Path) -> str:
    """The path as problems name it: from the working folder where it lies below."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _elements(library: Library, path: Path, kind: type) -> Iterator[Map]:
    if not path.is_file():
        return
    try:
        raw = read(path, shown(path))
    except Unreadable as error:
        library.problems.append(error.problem)
        return
    for element in raw if kind is list and isinstance(raw, Seq) else [raw]:
        if isinstance(element, Map):
            yield element


def _keep(library: Library, shelf: dict[str, Map], element: Map, noun: str) -> None:
    oid = str(element.get("oid", ""))
    if first := shelf.get(oid):
        message = f"the {noun} {oid} stands twice in the library, first in {first.file}:{first.line}"
        library.problems.append(Problem(element.file, "oid", element.line, message))
    else:
        shelf[oid] = element


def join(study: Map, library: Library) -> tuple[Map, list[Problem]]:
    """The study's parts with the library forms that it names and the code lists that those forms use, inline."""
    joined, problems = copy.deepcopy(study), []
    forms = Seq(study.file, study.line)
    for oid, line in _named(study.get("library")):
        if oid in library.forms:
            forms.take(library.forms[oid], library.forms[oid].line)
        else:
            problems.append(_not_in_library(study, oid, line, library))
    _append(forms, study.get("forms"))
    codelists = Seq(study.file, study.line)
    _append(codelists, study.get("codelists"))
    own = {element.get("oid") for element in codelists if isinstance(element, Map)}
    for oid in sorted(_codelists_used(forms) - own):
        if oid in library.codelists:
            codelists.take(library.codelists[oid], library.codelists[oid].line)
    for key, value in (("forms", forms), ("codelists", codelists)):
        if key not in study or isinstance(study[key], Seq):
            joined[key] = value
            joined.lines.setdefault(key, study.line)
    return joined, problems


def _named(names: Any) -> list[tuple[str, int]]:
    return list(zip(map(str, names), names.lines, strict=True)) if isinstance(names, Seq) else []


def _append(target: Seq, source: Any) -> None:
    if isinstance(source, Seq):
        for value, line in zip(source, source.lines, strict=True):
            target.take(value, line)


def _not_in_library(study: Map, oid: str, line: int, library: Library) -> Problem:
    near = get_close_matches(oid, library.forms, n=1)
    there = ", ".join(library.forms) or "none"
    ask = f"did you mean {near[0]}?" if near else f"there are {there}"
    return Problem(study.file, f"library[{oid}]", line, f"there is no form {oid} in the library; {ask}")


def _codelists_used(forms: Any) -> set[str]:
    """The code lists that any item names, however wrong the rest of its form is."""
    if isinstance(forms, dict):
        own = {forms["codelist"]} if isinstance(forms.get("codelist"), str) else set()
        return own.union(*(_codelists_used(value) for value in forms.values()))
    if isinstance(forms, list):
        return set().union(*(_codelists_used(value) for value in forms))
    return set()
