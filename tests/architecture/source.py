"""The project's source as syntax trees."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def modules(folder: str = "apps") -> list[tuple[Path, ast.Module]]:
    """Every module of the folder but migrations, path relative to the repository."""
    paths = sorted(p for p in (ROOT / folder).rglob("*.py") if "migrations" not in p.parts)
    return [(p.relative_to(ROOT), ast.parse(p.read_text(encoding="utf-8"))) for p in paths]


def modules_called(name: str) -> list[tuple[Path, ast.Module]]:
    """Every ``<name>.py`` of an app, and every module of a package of that name."""
    return [(path, tree) for path, tree in modules() if path.stem == name or name in path.parts[2:-1]]


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def length(node: ast.FunctionDef) -> int:
    """Lines of the body, without the docstring."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return node.end_lineno - first.lineno + 1
