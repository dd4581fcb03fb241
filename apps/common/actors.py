"""Who acts. Every service takes an actor first; the ledger copies the name as it was that day."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """A person (``user_id``) or the system (``user_id is None``), with where the request came from."""

    user_id: int | None
    name: str
    address: str = ""
    request_id: str = ""
    language: str = "en"

    @property
    def is_system(self) -> bool:
        return self.user_id is None


SYSTEM = Actor(user_id=None, name="TrialCapture")
