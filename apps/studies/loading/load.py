"""From a file to a definition that may be published, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, RootModel

from apps.studies.definition import CodeList, FormDefinition, StudyDefinition
from apps.studies.definition.base import Part, Text
from apps.studies.loading.checks import CHECKS, Findings
from apps.studies.loading.checks.texts import texts_in
from apps.studies.loading.library import LIBRARY, Library, join, read_library, shown
from apps.studies.loading.places import place_of
from apps.studies.loading.problems import Problem, Severity, Unreadable
from apps.studies.loading.shape import Fit, fit
from apps.studies.loading.source import Map, Seq, read


class CodeLists(RootModel[Annotated[list[CodeList], Field(min_length=1)]]):
    """A library file of code lists."""


class AnalyteName(Part):
    """Of an analyte only what a study refers to; the rest of the row belongs to the laboratories."""

    model_config = ConfigDict(extra="ignore")
    code: str
    label: Text


class Analytes(RootModel[list[AnalyteName]]):
    """The library's file of analytes."""


@dataclass
class Loaded:
    """``definition`` is whole and free of errors, or None. ``slug``: the study's name as far as it could be read."""

    definition: StudyDefinition | None
    problems: list[Problem] = field(default_factory=list)
    slug: str = ""

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.is_error]


def load_study(path: Path, library: Library | None = None, item_types: Mapping[str, str] | None = None) -> Loaded:
    """The study of a file. ``item_types``: the types that earlier published versions gave the items."""
    try:
        raw = read(path, shown(path))
    except Unreadable as error:
        return Loaded(None, [error.problem])
    return load_raw(raw, library or library_beside(path), item_types or {}, shown(path))


def load_raw(raw: Any, library: Library, item_types: Mapping[str, str], file: str) -> Loaded:
    if not isinstance(raw, Map):
        return Loaded(None, [Problem(file, "", 1, "a study is keys with values, beginning with study: its-name")])
    joined, problems = join(raw, library)
    shaped = fit(StudyDefinition, joined)
    problems = [*library.problems, *problems, *shaped.problems]
    if shaped.value is not None:
        missing = {problem.path[8:-1] for problem in problems if problem.path.startswith("library[")}
        problems += _deeper(shaped, missing, library, item_types)
    loaded = Loaded(shaped.value, sorted(problems, key=_order), str(raw.get("study") or ""))
    if loaded.errors:
        loaded.definition = None
    return loaded


def _deeper(shaped: Fit, missing: set[str], library: Library, item_types: Mapping[str, str]) -> list[Problem]:
    lost = frozenset(shaped.lost | missing)
    findings = Findings(shaped.value, shaped.raw, lost, library.analytes, item_types)
    for check in CHECKS:
        check(findings)
    return findings.problems


def _order(problem: Problem) -> tuple[bool, str, int]:
    return (not problem.is_error, problem.file, problem.line)


def library_beside(path: Path) -> Library:
    """The library next to the study's folder (``…/studies/x.yaml`` → ``…/library``), else the one that we ship."""
    beside = path.resolve().parent.parent / "library"
    return read_library(beside if beside.is_dir() else LIBRARY)


def check_file(path: Path) -> list[Problem]:
    """The problems of a file of any kind: a study, a form, code lists or analytes."""
    try:
        raw = read(path, shown(path))
    except Unreadable as error:
        return [error.problem]
    if isinstance(raw, Map) and "groups" in raw:
        return _alone(FormDefinition, raw)
    if isinstance(raw, Seq):
        coded = any(isinstance(element, Map) and "codes" in element for element in raw)
        return _alone(CodeLists if coded else Analytes, raw)
    return load_study(path).problems


def _alone(model: type, raw: Any) -> list[Problem]:
    """A library file by itself: its shape and its Chinese; its rules are checked with each study that uses it."""
    shaped = fit(model, raw)
    problems = list(shaped.problems)
    root = getattr(shaped.value, "root", shaped.value)
    for where, text in texts_in(root) if root is not None else ():
        if not text.zh:
            place = place_of(shaped.raw, where)
            words = f"the Chinese text is missing for “{text.en[:60]}”; write {{en: …, zh: …}}"
            problems.append(Problem(place.file, place.path, place.line, words, Severity.WARNING))
    return problems
