"""The three answers that are not "done": it may not be seen, it may not be done, its state does not allow it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404


class NotVisible(Http404):
    """The object does not exist for this actor (404): outside the study, the site or the blinding."""


class Forbidden(PermissionDenied):
    """The actor sees the object and lacks the right (403)."""

    def __init__(self, permission: Any) -> None:
        self.permission = permission
        super().__init__(str(permission.label))


class DomainError(Exception):
    """The state or the input does not allow it; ``message`` says what is wrong and what would be right (409).

    ``code`` is stable, for tests and the API; ``item`` is the OID of the item that the message is about.
    """

    def __init__(self, message, *, code: str, item: str | None = None, details: dict | None = None):
        super().__init__(message)
        self.message, self.code, self.item, self.details = message, code, item, details or {}

    def __str__(self) -> str:
        return str(self.message)


class Conflict(DomainError):
    """Somebody saved in between; ``details`` says who, when and what."""
