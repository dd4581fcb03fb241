"""A record's data as flat paths, which is how the ledger names what changed, and back again.

``ITEM``, ``ITEM@entered``, ``GROUP/`` (the keys of its lines in order), ``GROUP/key/ITEM``, ``GROUP/key/ITEM@entered``
and ``GROUP/key@inactive``. ``data_of(paths_of(data)) == data`` for every data that a save can make.
"""

from typing import Any

ENTERED = "@entered"
INACTIVE = "@inactive"


def item_of(path: str) -> str:
    """The item's OID; the group's key list and a line's state have none (an empty text, or the line's key)."""
    return path.rsplit("/", 1)[-1].split("@", 1)[0]


def is_lines(value: Any) -> bool:
    """Whether the value is a repeating group's lines (several choices are a list of texts)."""
    return isinstance(value, list) and any(isinstance(line, dict) for line in value)


def paths_of(data: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for name, value in data.items():
        if name == "_entered":
            paths |= {f"{oid}{ENTERED}": entered for oid, entered in value.items()}
        elif is_lines(value):
            paths[f"{name}/"] = [line["_key"] for line in value]
            for line in value:
                paths |= _line_paths(f"{name}/{line['_key']}", line)
        else:
            paths[name] = value
    return paths


def _line_paths(prefix: str, line: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for name, value in line.items():
        if name == "_entered":
            paths |= {f"{prefix}/{oid}{ENTERED}": entered for oid, entered in value.items()}
        elif name == "_inactive":
            paths[f"{prefix}{INACTIVE}"] = value
        elif name != "_key":
            paths[f"{prefix}/{name}"] = value
    return paths


def data_of(paths: dict[str, Any]) -> dict[str, Any]:
    """The data again; a group's lines stand in the order that its own path names."""
    data: dict[str, Any] = {}
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for path, value in paths.items():
        group, slash, rest = path.partition("/")
        key, _slash, name = rest.partition("/")
        if not slash:
            _put(data, path, value)
        elif name:
            _put(lines.setdefault((group, key), {}), name, value)
        elif rest:
            lines.setdefault((group, key.removesuffix(INACTIVE)), {})["_inactive"] = value
    for path, keys in paths.items():
        if path.endswith("/"):
            group = path[:-1]
            data[group] = [{"_key": key, **lines.get((group, key), {})} for key in keys]
    return data


def _put(target: dict[str, Any], name: str, value: Any) -> None:
    if name.endswith(ENTERED):
        target.setdefault("_entered", {})[name.removesuffix(ENTERED)] = value
    else:
        target[name] = value


def changes_between(before: dict[str, Any], after: dict[str, Any]) -> list[list[Any]]:
    """[path, old, new] of everything that differs, in the order of the new data; ``None`` is absent."""
    old, new = paths_of(before), paths_of(after)
    names = [*new, *(name for name in old if name not in new)]
    return [[name, old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)]


def applied(data: dict[str, Any], changes: list[list[Any]]) -> dict[str, Any]:
    """The data after the changes; ValueError when an old value is not what the change says."""
    paths = paths_of(data)
    for name, old, new in changes:
        if paths.get(name) != old:
            raise ValueError(name)
        if new is None:
            paths.pop(name, None)
        else:
            paths[name] = new
    return data_of(paths)
