"""Keyset paging: constant time at any depth, no COUNT(*)."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    next_after: str  # value of ``after`` for the next page, "" on the last
    is_first: bool


def keyset_page(queryset: QuerySet, params, *, size: int = 50, key: str = "-pk") -> Page:
    """One page of a queryset ordered by one unique ``key`` ("-pk", "number", …), continuing after ``?after=``."""
    field, descending = key.removeprefix("-"), key.startswith("-")
    after = params.get("after", "")
    if after and _fits(queryset, field, after):
        queryset = queryset.filter(**{f"{field}__{'lt' if descending else 'gt'}": after})
    rows = list(queryset.order_by(key)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, str(getattr(rows[-1], field)) if more else "", is_first=not after)


def _fits(queryset: QuerySet, field: str, after: str) -> bool:
    """A forged or mistyped cursor starts at the first page."""
    try:
        column = queryset.model._meta.pk if field == "pk" else queryset.model._meta.get_field(field)
        column.to_python(after)
    except Exception:
        return False
    return "\x00" not in after and len(after) < 200
