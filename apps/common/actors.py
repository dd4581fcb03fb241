"""Who acts. Every service takes an actor first; the ledger copies the name as it was that day."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Actor:
    """A person (``user_id``) or the system (``user_id is None``), with where the request came from.

    ``memory`` lives as long as one request: what was asked of the database once (the roles held) is not asked again.
    An actor without it asks each time.
    """

    user_id: int | None
    name: str
    address: str = ""
    request_id: str = ""
    language: str = "en"
    memory: dict[Any, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def is_system(self) -> bool:
        return self.user_id is None


SYSTEM = Actor(user_id=None, name="TrialCapture")
