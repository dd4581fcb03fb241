"""A pytest plugin: each run has its own throw-away PostgreSQL and Valkey, gone at its end, even if it is killed.

Loaded by `-p tests.cluster` (pyproject.toml), so that the environment is set before Django's settings are read. The
controller makes a folder, passwords and a guard process; the first test that wants the database starts the server.
xdist's workers inherit the folder, and each uses a clone of one migrated template, as the web role.
"""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.clusters import Cluster

RUN_VARIABLE = "TC_TEST_RUN"
GUARD = Path(__file__).with_name("guard.py")
guard: subprocess.Popen | None = None


def worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def worker_number() -> int:
    digits = worker().removeprefix("gw")
    return int(digits) + 1 if digits.isdigit() else 0


def current() -> Cluster:
    return Cluster(Path(os.environ[RUN_VARIABLE]))


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests():
    if RUN_VARIABLE not in os.environ:
        begin()
    set_environment(current())
    result = yield
    plain_settings()
    return result


def begin() -> None:
    """The run's folder, its keys, Valkey, and a guard that outlives this process to clean up after it."""
    global guard
    top = Path(tempfile.mkdtemp(prefix="tct-"))
    # PostgreSQL may run as another user than root: it enters, and sees nothing
    top.chmod(0o711)
    os.environ[RUN_VARIABLE] = str(top)
    keys = {
        "password": secrets.token_urlsafe(16),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "TRIALCAPTURE_SEAL_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "TRIALCAPTURE_ALLOCATION_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    (top / "keys.json").touch(mode=0o600)
    (top / "keys.json").write_text(json.dumps(keys))
    guard = subprocess.Popen(
        [sys.executable, "-E", "-s", str(GUARD), str(top)], stdin=subprocess.PIPE, start_new_session=True
    )
    current().start_valkey()


def set_environment(cluster: Cluster) -> None:
    for name in [name for name in os.environ if name.startswith("TRIALCAPTURE_")]:
        del os.environ[name]
    name = f"trialcapture_{worker()}"
    var = cluster.top / "var" / worker()
    (var / "static").mkdir(parents=True, exist_ok=True)
    os.environ.update(
        cluster.keys("SECRET_KEY", "TRIALCAPTURE_SEAL_KEY", "TRIALCAPTURE_ALLOCATION_KEY"),
        DATABASE_URL=cluster.web_url(name),
        OWNER_DATABASE_URL=cluster.owner_url(name),
        REDIS_URL=cluster.valkey.url(worker_number()),
        TRIALCAPTURE_VAR_DIR=str(var),
        TRIALCAPTURE_LOG_FORMAT="console",
        TRIALCAPTURE_LOG_LEVEL="WARNING",
    )


def plain_settings() -> None:
    """What tests want otherwise: no manifest of static files to collect, and password hashes that cost nothing."""
    from django.conf import settings

    if settings.configured:
        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.PASSWORD_HASHERS = ["tests.hashers.CheapArgon2", *settings.PASSWORD_HASHERS]


def pytest_unconfigure() -> None:
    if guard and guard.stdin:
        guard.stdin.close()
        guard.wait(timeout=30)
        shutil.rmtree(os.environ.pop(RUN_VARIABLE), ignore_errors=True)
