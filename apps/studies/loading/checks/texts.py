"""Every text in Chinese too; where it is missing the page shows the English, so that is a warning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from apps.studies.definition.base import Text
from apps.studies.loading.checks.findings import Findings
from apps.studies.loading.places import Path


def check_texts(findings: Findings) -> None:
    for path, text in texts_in(findings.definition):
        if not text.zh:
            findings.warn(path, f"the Chinese text is missing for “{text.en[:60]}”; write {{en: …, zh: …}}")


def texts_in(part: Any, path: Path = ()) -> Iterator[tuple[Path, Text]]:
    """Every bilingual text below an element, with its path."""
    if isinstance(part, Text):
        yield path, part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from texts_in(getattr(part, name), (*path, name))
    elif isinstance(part, list | tuple):
        for index, element in enumerate(part):
            yield from texts_in(element, (*path, index))
