"""The value of what is not known."""

from __future__ import annotations

from typing import Final


class Unknown:
    """A value that is missing, partial or cannot be computed; there is one, `UNKNOWN`.

    It is neither true nor false: asking for its truth raises TypeError, so that no caller
    takes "not known" for "no" by accident. Compare with `is UNKNOWN`.
    """

    __slots__ = ()
    _one: Unknown | None = None

    def __new__(cls) -> Unknown:
        if cls._one is None:
            cls._one = super().__new__(cls)
        return cls._one

    def __repr__(self) -> str:
        return "unknown"

    def __bool__(self) -> bool:
        raise TypeError("unknown is neither true nor false; ask `is UNKNOWN` first")

    def __reduce__(self) -> tuple[type[Unknown], tuple[()]]:
        return Unknown, ()


UNKNOWN: Final = Unknown()
