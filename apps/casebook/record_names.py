"""The names of a form's inputs, and what a posted form says by them.

``ITEM`` typed text, ``ITEM.codes`` several choices, ``ITEM.unit`` the unit it was typed in, ``ITEM.missing`` a missing
code, ``ITEM.upload`` a file. In a line the same after ``GROUP.key.``; ``GROUP.key._line`` says that the line exists,
``GROUP.key._inactive`` why it does not count. Typed values travel under these names in drafts and conflicts too.
"""

import re
from collections.abc import Mapping
from typing import Any

from apps.capture.paths import is_lines

OID = r"[A-Z][A-Z0-9_]*"
LINE_KEY = re.compile(r"[a-z0-9]{4,16}")
NAME = re.compile(rf"(?:({OID})\.({LINE_KEY.pattern})\.)?({OID}|_inactive|_line)(?:\.(codes|unit|missing|upload))?")
Typed = Mapping[str, list[str]]  # input name -> what was posted under it


def typed_of(post) -> dict[str, list[str]]:
    """The inputs of items in a posted form, as they were typed; everything else of the post is left out."""
    return {name: values for name, values in post.lists() if NAME.fullmatch(name) and not name.endswith(".upload")}


def values_of(typed: Typed) -> dict[str, Any]:
    """What ``save_record`` takes. Nothing is judged here: a forged name is refused by the service."""
    plain: dict[tuple[str, str], dict[str, dict[str, list[str]]]] = {}
    for name, values in typed.items():
        if match := NAME.fullmatch(name):
            place = plain.setdefault((match[1] or "", match[2] or ""), {})
            place.setdefault(match[3], {})[match[4] or "text"] = values
    result: dict[str, Any] = {}
    for (group, key), parts in plain.items():
        read = {oid: _value(oid, given) for oid, given in parts.items() if oid != "_line"}
        if group:
            result.setdefault(group, []).append({"_key": key, **read})
        else:
            result |= read
    return result


def _value(oid: str, given: Mapping[str, list[str]]) -> Any:
    missing = _last(given, "missing")
    if missing:
        return {"missing": missing}
    if "codes" in given:
        return [code for code in given["codes"] if code]
    text = _last(given, "text")
    return {"value": text, "unit": _last(given, "unit")} if "unit" in given else text


def _last(given: Mapping[str, list[str]], part: str) -> str:
    """Radios post an empty companion before the chosen one, so that none chosen is said too."""
    return given[part][-1] if given.get(part) else ""


def typed_from(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """The inputs as they show stored data: what was entered in another unit is shown as it was entered."""
    typed: dict[str, list[str]] = {}
    for name, value in data.items():
        if is_lines(value):
            for line in value:
                prefix = f"{name}.{line['_key']}."
                typed[f"{prefix}_line"] = ["1"]
                _show(typed, prefix, line)
        elif not name.startswith("_"):
            _show(typed, "", {name: value, "_entered": data.get("_entered", {})})
    return typed


def _show(typed: dict[str, list[str]], prefix: str, values: Mapping[str, Any]) -> None:
    entered = values.get("_entered", {})
    for oid, value in values.items():
        name = prefix + oid
        if oid in entered:
            typed[name], typed[f"{name}.unit"] = [entered[oid]["value"]], [entered[oid]["unit"]]
        elif oid == "_inactive":
            typed[name] = [value]
        elif oid.startswith("_"):
            continue
        elif isinstance(value, dict):
            typed[f"{name}.missing"] = [value["missing"]]
        elif isinstance(value, list):
            typed[f"{name}.codes"] = value
        else:
            typed[name] = [value]


def name_of(path: str) -> str:
    """A ledger path as an input's name: ``GROUP/key/ITEM`` is ``GROUP.key.ITEM``."""
    return path.replace("/", ".")


def path_of(name: str) -> str:
    return name.replace(".", "/")


def id_of(name: str) -> str:
    """For the page: an id that a selector can name without escaping."""
    return name.replace(".", "-")
