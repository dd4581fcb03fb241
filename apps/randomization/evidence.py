"""What a verification rests on, apart from the database: as JSON it is the file that is revealed after the study."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from apps.randomization.drawing import Secret

FORMAT = "trialcapture-randomization"
VERSION = 1
Change = dict[str, tuple[Any, Any]]  # what an event published: name → old, new


@dataclass(frozen=True)
class Place:
    """One slot as it is stored. ``arm`` is None where it cannot be read, and ``fault`` says why."""

    stratum: str
    position: int
    arm: str | None
    used_at: datetime | None
    fault: str = ""


@dataclass(frozen=True)
class Given:
    """One allocation; ``position`` None: it has no slot. ``slot_stratum``: the stratum that the slot is of."""

    number: str
    stratum: str
    slot_stratum: str
    position: int | None
    values: Mapping[str, str]
    arm: str
    at: datetime


@dataclass(frozen=True)
class Evidence:
    """``published``: the changes of each event that published a commitment, in order."""

    study: str
    method: str
    config: Mapping[str, Any]
    secret: Secret
    commitment: str
    published: list[Change]
    places: list[Place]
    given: list[Given]

    def as_json(self) -> dict[str, Any]:
        whole = asdict(self) | {
            "format": FORMAT,
            "version": VERSION,
            "secret": {"nonce": self.secret.nonce.hex(), "seed": self.secret.seed.hex(), "lists": self.secret.lists},
        }
        for place in whole["places"]:
            place["used_at"] = place["used_at"].isoformat() if place["used_at"] else None
        for one in whole["given"]:
            one["at"] = one["at"].isoformat()
        return whole

    @classmethod
    def from_json(cls, whole: Mapping[str, Any]) -> "Evidence":
        """Of a revealed file. ValueError where it is none."""
        try:
            if (whole["format"], whole["version"]) != (FORMAT, VERSION):
                raise ValueError("another format or version")
            secret = whole["secret"]
            return cls(
                study=whole["study"],
                method=whole["method"],
                config=whole["config"],
                secret=Secret(bytes.fromhex(secret["nonce"]), bytes.fromhex(secret["seed"]), secret["lists"]),
                commitment=whole["commitment"],
                published=[{name: (old, new) for name, (old, new) in change.items()} for change in whole["published"]],
                places=[Place(**place | {"used_at": _time(place["used_at"])}) for place in whole["places"]],
                given=[Given(**one | {"at": datetime.fromisoformat(one["at"])}) for one in whole["given"]],
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"This is no file of a revealed randomization: {error}") from error


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
