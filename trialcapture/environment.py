"""What the environment may say, parsed strictly: a wrong or missing value stops the start with one clear sentence.

A secret `NAME` may also be given as `NAME_FILE`, the path of a file that holds it. Where `DATABASE_URL` is not
set, the values that the embedded services wrote (`var/secrets/web.env`) are read, so that every `manage.py` command
works on a laptop as it does in production.
"""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

BASE_DIR = Path(__file__).resolve().parent.parent
PREFIX = "TRIALCAPTURE_"
UNPREFIXED = {"DATABASE_URL", "OWNER_DATABASE_URL", "REPLICA_DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY"}


class UnusableEnvironment(SystemExit):
    """The environment cannot be used; the message says which variable and what would be right."""


class Environment(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: str
    redis_url: str
    secret_key: Annotated[str, Field(min_length=32)]
    owner_database_url: str = ""
    replica_database_url: str = ""
    email_url: str = ""
    debug: bool = False
    site_url: str = "http://127.0.0.1:8000"
    allowed_hosts: str = "127.0.0.1,localhost,[::1]"
    https: bool = False
    hsts_seconds: Annotated[int, Field(ge=0)] = 0
    var_dir: Path = BASE_DIR / "var"
    # Ed25519 private key that signs the ledger's seals (32 bytes, base64) and the Fernet key of the randomization lists
    seal_key: str = ""
    allocation_key: str = ""
    web_role: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")] = "trialcapture_web"
    session_idle_minutes: Annotated[int, Field(ge=5, le=480)] = 30
    mail_from: str = "TrialCapture <noreply@localhost>"
    # clamd://host:port, clamd:///path/of/its/socket, or the dotted name of a function
    file_scanner: Annotated[str, Field(pattern=r"^(clamd://\S+|[A-Za-z_]\w*(\.[A-Za-z_]\w*)+)?$")] = ""
    log_format: Annotated[str, Field(pattern="^(json|console)$")] = "json"
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    demo: bool = False

    @field_validator("database_url", "owner_database_url", "replica_database_url")
    @classmethod
    def postgres_only(cls, value: str) -> str:
        if value and not value.startswith(("postgres://", "postgresql://")):
            raise ValueError("must start with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def redis_only(cls, value: str) -> str:
        if not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @model_validator(mode="after")
    def https_site_wants_https(self) -> Self:
        if self.hsts_seconds and not self.https:
            raise ValueError("HSTS_SECONDS needs HTTPS=true")
        return self


def variable_of(field: str) -> str:
    name = field.upper()
    return name if name in UNPREFIXED else PREFIX + name


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; the embedded services write it with mode 0600."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def load(environ: dict[str, str] | None = None) -> Environment:
    """The environment, validated. Raises SystemExit with one sentence per wrong variable."""
    environ = dict(os.environ if environ is None else environ)
    var_dir = Path(environ.get(PREFIX + "VAR_DIR") or BASE_DIR / "var")
    if not environ.get("DATABASE_URL") and not environ.get("DATABASE_URL_FILE"):
        environ = {**read_env_file(var_dir / "secrets" / "web.env"), **environ}
    values = {}
    for field in Environment.model_fields:
        name = variable_of(field)
        if environ.get(name):
            values[field] = environ[name]
        elif path := environ.get(name + "_FILE"):
            try:
                values[field] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise UnusableEnvironment(f"{name}_FILE: {path} cannot be read ({error.strerror}).") from error
    known = {variable_of(field) for field in Environment.model_fields}
    unknown = [n for n in environ if n.startswith(PREFIX) and n.removesuffix("_FILE") not in known]
    if unknown:
        raise UnusableEnvironment(f"Unknown setting: {', '.join(sorted(unknown))}. See docs/operations.md for the list.")
    try:
        return Environment.model_validate(values)
    except ValidationError as error:
        raise UnusableEnvironment("\n".join(sentence(e) for e in error.errors())) from error


def sentence(error) -> str:
    if not error["loc"]:
        return f"Settings: {error['msg'].removeprefix('Value error, ')}."
    name = variable_of(str(error["loc"][0]))
    if error["type"] == "missing":
        return f"{name} is not set (nor {name}_FILE). Run `make setup`, or see docs/operations.md."
    return f"{name}: {error['msg'].removeprefix('Value error, ')}."
