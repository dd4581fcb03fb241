"""`make check`: every static check, all of them run, each with its result; status 1 when one of them fails."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from trialcapture.runtime.places import BASE_DIR

BIN = Path(sys.executable).parent
PYTHON_FOLDERS = ["apps", "trialcapture", "tests", "bench", "manage.py"]
CHECKS = {
    "ruff": ["ruff", "check", *PYTHON_FOLDERS],
    "ruff format": ["ruff", "format", "--check", *PYTHON_FOLDERS],
    "templates": ["djlint", "--check", "--lint", "--quiet", "templates", "apps"],
    "types": ["mypy", "apps", "trialcapture"],
    "layers": ["lint-imports"],
    "translations": ["python", "-m", "trialcapture.runtime.extraction", "--check"],
    "migrations": ["python", "manage.py", "makemigrations", "--check", "--dry-run"],
    "system checks": ["python", "manage.py", "check", "--fail-level", "WARNING"],
}


def main() -> int:
    failed = [name for name, command in CHECKS.items() if not passes(name, command)]
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    """Its words are shown only when it fails."""
    with tempfile.TemporaryDirectory() as var:
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=BASE_DIR,
            env=environ(var),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name}", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def environ(var: str) -> dict[str, str]:
    """Settings that can be read without any service: nothing here connects to one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIALCAPTURE_")}
    return {
        **kept,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "only-for-static-checks-and-never-for-anything-else",
        "TRIALCAPTURE_VAR_DIR": var,
    }


if __name__ == "__main__":
    sys.exit(main())
