"""`make demo`: everything from an empty folder to a page that answers, and next to nothing the second time."""

from pathlib import Path

from trialcapture.runtime.places import BASE_DIR
from trialcapture.runtime.stack import Stack
from trialcapture.runtime.stamps import once
from trialcapture.runtime.words import say, step

ACCOUNTS = "demo-accounts.txt"


def prepare(stack: Stack) -> None:
    """Tables as the owner, static files. Skipped where nothing has changed since the last start of the same data."""
    stamps = stack.places.var / "stamps"
    # a restored or replaced data directory has another identifier, and is migrated whatever the stamp says
    identity = (stack.places.data / "global" / "pg_control").read_bytes()[:8]
    with once(stamps / "migrate", files("apps", "*/migrations/**/*.py"), identity) as due:
        if due:
            with step("Making the tables"):
                stack.manage("migrate", "-v", "0", owner=True)
    with once(stamps / "static", [*files("static", "**/*"), *files("apps", "*/static/**/*")]) as due:
        if due:
            with step("Collecting the pages' files"):
                stack.manage("collectstatic", "--noinput", "--clear", "-v", "0")


def load(stack: Stack) -> None:
    """The five trials, published, and people with simulated subjects. Loaded once for each data directory."""
    trials = sorted(str(path.relative_to(BASE_DIR)) for path in files("fixtures/studies", "*.yaml"))
    stamps = stack.places.var / "stamps"
    with once(stamps / "studies", files("fixtures", "**/*.yaml")) as due:
        if due and trials:
            say("  Loading the trials")
            stack.manage("load_study", *trials, "--publish", "--unless-decided")
    accounts = stack.places.var / ACCOUNTS
    if not accounts.exists() and has_command("load_demo"):
        say("  Loading people and simulated subjects")
        stack.manage("load_demo")


def has_command(name: str) -> bool:
    return (BASE_DIR / "trialcapture" / "management" / "commands" / f"{name}.py").exists()


def farewell(stack: Stack) -> None:
    """What whoever started it needs to know."""
    accounts = stack.places.var / ACCOUNTS
    say("", f"TrialCapture runs at {stack.address}", "")
    if accounts.exists():
        say(accounts.read_text(encoding="utf-8").rstrip(), "")
    say(
        f"Data:  {stack.places.data} (database), {stack.places.var} (files, mail, keys, logs)",
        "Reset: .venv/bin/python manage.py reset",
        "Stop:  Ctrl-C",
    )


def files(folder: str, pattern: str) -> list[Path]:
    return sorted(path for path in (BASE_DIR / folder).glob(pattern) if path.is_file())
