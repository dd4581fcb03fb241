"""Does the file have the shape of a definition? pydantic's findings in words that say what would be right."""

from __future__ import annotations

import copy
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from apps.studies.loading.places import Path, existing, get, name_of, place_of
from apps.studies.loading.problems import Problem
from apps.studies.loading.source import Map, Seq

# lists whose elements stand for themselves: a wrong one is set aside so that the rest can be checked too
ELEMENTS = {
    *("forms", "groups", "items", "checks", "codelists", "codes", "visits", "eligibility", "arms", "questions", "cycles"),
    *("outcomes", "start", "targets", "reminders", "sites", "conditions", "notes", "strata", "log_forms", "mfa_roles"),
}
ANYTHING = {"source": "assumption", "note": "?"}
# stand-ins for wrong top-level parts, so that the rest of the file is checked as well
STAND_INS: dict[str, Any] = {
    "study": "unnamed-study",
    "title": "?",
    "sponsor": "?",
    "registry": {"id": "?", "source": "assumption"},
    "target": None,
    "ctcae": {"version": "5.0", **ANYTHING},
    "blinding": {"source": "assumption"},
    "arms": [{"code": "ARM", "type": "other", "label": "?", **ANYTHING}],
    "eligibility": [{"code": "I00", "kind": "inclusion", "text": "?", "rule": "yes", **ANYTHING}],
    "visits": [{"code": "UNS", "label": "?", "kind": "unscheduled", "forms": [], **ANYTHING}],
    "log_forms": [],
    "oid": "UNNAMED",
}
HINTS = {
    "source": "write source: record, mirror or assumption",
    "label": "give a label in both languages: {en: …, zh: …}",
    "text": "give the text in both languages: {en: …, zh: …}",
    "title": "give a title in both languages: {en: …, zh: …}",
    "oid": "give a name in capitals, such as PLT",
    "type": "say what kind of answer it is, such as decimal, date or choice",
    "target": "give the number of subjects, or null where it is not stated",
}
PATTERNS = {
    r"^[A-Z][A-Z0-9_]*$": "a name is capital letters, digits and _ beginning with a letter, such as PLT or VS_DATE",
    r"^[a-z_]+(:[A-Z0-9_]+)?$": "an anchor is a milestone such as first_dose, or a visit such as visit:M1",
    r"^[IE]\d{2}[a-z]?$": "a criterion is I or E and two digits, such as I01 or E05",
    r"^Q\d{2}$": "a question is Q and two digits, such as Q01",
    r"^[PS]\d{2}$": "an outcome is P or S and two digits, such as P01",
    r"^[A-Za-z0-9_+./-]+$": "a code is letters, digits and _ + . / - without spaces",
    r"^[a-z0-9][a-z0-9-]{2,59}$": "a study's name is small letters, digits and hyphens, such as khe-low-dose",
    r"\{seq(:\d+d)?\}": "the pattern needs the running number, as in {site}-{seq:03d}",
}


@dataclass
class Fit:
    """``value``: the model of what has the right shape, None where nothing sensible is left. ``raw``: the same parts of
    the file. ``lost``: the names that were set aside with the wrong elements."""

    value: Any
    raw: Any
    problems: list[Problem] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)


def fit(model: type[BaseModel], raw: Any) -> Fit:
    """Set aside every element of a wrong shape, so that the rest can be checked in the same run."""
    result = Fit(None, raw)
    for attempt in range(6):
        try:
            result.value = model.model_validate(result.raw)
            break
        except ValidationError as error:
            found = error.errors(include_url=False)
        if attempt == 0:
            result.problems = list(_unique(_problem(model, raw, part) for part in found))
            result.raw = copy.deepcopy(raw)
        _set_aside(result.raw, [part["loc"] for part in found], result.lost)
    return result


def _unique(problems: Iterator[Problem | None]) -> Iterator[Problem]:
    seen = set()
    for problem in problems:
        if problem and (problem.file, problem.line, problem.path, problem.message) not in seen:
            seen.add((problem.file, problem.line, problem.path, problem.message))
            yield problem


def _problem(model: type[BaseModel], raw: Any, error: Any) -> Problem | None:
    kept = existing(raw, error["loc"])
    if _is_other_branch(raw, kept, error):
        return None
    missing = error["type"] == "missing"
    path = (*kept, error["loc"][-1]) if missing else kept
    place = place_of(raw, path)
    return Problem(place.file, place.path, place.line, _words(model, kept, error))


def _is_other_branch(raw: Any, kept: Path, error: Any) -> bool:
    """Of ``str | Text`` only the branch that was meant speaks."""
    value = get(raw, kept)
    return error["type"] == "string_type" and isinstance(value, dict) and len(error["loc"]) > len(kept)


def _words(model: type[BaseModel], kept: Path, error: Any) -> str:
    kind, given, context = error["type"], error.get("input"), error.get("ctx", {})
    match kind:
        case "missing":
            field = str(error["loc"][-1])
            return f"“{field}” is missing; {HINTS.get(field, f'add {field}: …')}"
        case "extra_forbidden":
            return _unknown_key(model, kept)
        case "string_pattern_mismatch":
            return f"“{given}” does not fit: {PATTERNS.get(context['pattern'], context['pattern'])}"
        case "literal_error" | "enum":
            return _not_listed(given, context["expected"])
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
    return f"{_short(given)} does not fit: {_expected(kind, context, error['msg'])}"


def _expected(kind: str, context: Any, fallback: str) -> str:
    words = {
        "int_type": "a whole number is needed",
        "int_parsing": "a whole number is needed",
        "int_from_float": "a whole number is needed",
        "bool_type": "write true or false",
        "bool_parsing": "write true or false",
        "string_type": "a text is needed; put it between quotes",
        "list_type": "a list is needed, each element on a line after “- ”",
        "tuple_type": "a list of two is needed, as in [-3d, +3d]",
        "model_type": "keys with values are needed here",
        "dict_type": "keys with values are needed here",
        "model_attributes_type": "keys with values are needed here",
        "too_short": f"at least {context.get('min_length')} must be listed",
        "too_long": f"at most {context.get('max_length')} can be listed",
        "string_too_short": "the text must not be empty",
        "string_too_long": f"at most {context.get('max_length')} characters are allowed",
        "greater_than_equal": f"it must be at least {context.get('ge')}",
        "less_than_equal": f"it must be at most {context.get('le')}",
    }
    return words.get(kind, fallback)


def _short(given: Any) -> str:
    if isinstance(given, dict | list):
        return "A list" if isinstance(given, list) else f"The part {name_of(given)}".rstrip()
    return "An empty value" if given is None else f"“{str(given)[:60]}”"


def _not_listed(given: Any, expected: str) -> str:
    options = [option.strip("'") for option in expected.replace(" or ", ", ").split(", ")]
    near = get_close_matches(str(given), options, n=1)
    ask = f"; did you mean {near[0]}?" if near else ""
    return f"“{given}” is not possible here; write one of {', '.join(options)}{ask}"


def _unknown_key(model: type[BaseModel], kept: Path) -> str:
    key, owner = str(kept[-1]), _model_at(model, kept[:-1])
    fields = list(owner.model_fields) if owner else []
    near = get_close_matches(key, fields, n=1)
    ask = f"; did you mean {near[0]}?" if near else f"; possible are {', '.join(fields)}" if fields else ""
    return f"“{key}” is not known here{ask}"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The definition class that stands at a path."""
    owner: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, str) and owner is not None:
            field = owner.model_fields.get(part)
            owner = next(_models_in(field.annotation), None) if field else None
    return owner


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)


def _set_aside(work: Any, locations: list[Path], lost: set[str]) -> None:
    """Take the smallest elements that hold the errors out of ``work``; keep their names."""
    targets = {_element_of(work, existing(work, location)) or _top_of(location) for location in locations}
    for path in sorted(targets, key=lambda path: [str(part).zfill(6) for part in path], reverse=True):
        parent = get(work, path[:-1]) if len(existing(work, path[:-1])) == len(path) - 1 else None
        last = path[-1]
        if isinstance(parent, Seq) and isinstance(last, int) and last < len(parent):
            lost.update(_names_in(parent[last]))
            parent.drop(last)
        elif isinstance(parent, Map):
            _stand_in(parent, str(last), lost)


def _element_of(work: Any, path: Path) -> Path | None:
    """The innermost list element that stands for itself."""
    for length in range(len(path), 1, -1):
        if isinstance(path[length - 1], int) and path[length - 2] in ELEMENTS:
            emptied = path[length - 2] in {"groups", "items", "codes"} and len(get(work, path[: length - 1])) == 1
            if not emptied:
                return path[:length]
    return None


def _top_of(location: Path) -> Path:
    return location[:1] or ("study",)


def _stand_in(parent: Map, key: str, lost: set[str]) -> None:
    lost.update(_names_in(parent.get(key)))
    parent.lines.setdefault(key, parent.line)
    if key in STAND_INS:
        parent[key] = copy.deepcopy(STAND_INS[key])
    else:
        parent.pop(key, None)


def _names_in(raw: Any) -> Iterator[str]:
    if isinstance(raw, dict):
        yield name_of(raw)
        for value in raw.values():
            yield from _names_in(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _names_in(value)
