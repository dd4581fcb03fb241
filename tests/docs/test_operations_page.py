"""docs/operations.md: every setting and command is there, and the lines for the shell do what they say."""

import datetime as dt
import re

import pytest

from apps.accounts.models import User
from apps.common.permissions import Role
from apps.labs.models import ReferenceRange
from apps.studies.models import Membership
from tests.docs.docs_read import ROOT, blocks_of
from tests.factories import UserFactory
from trialcapture import environment
from trialcapture.runtime.cli import COMMANDS as RUNTIME

PAGE = ROOT / "docs" / "operations.md"
TEXT = PAGE.read_text(encoding="utf-8")
OURS = sorted(
    path.stem
    for app in ("apps", "trialcapture")
    for path in (ROOT / app).rglob("management/commands/*.py")
    if path.stem[0] != "_"
)
FIELDS = environment.Environment.model_fields


def setting_rows() -> dict[str, str]:
    """Variable -> the cell of its default."""
    table = TEXT.split("### Settings")[1].split("\n### ")[0]
    rows = [line.split("|")[1:4] for line in table.splitlines() if line.startswith("| `")]
    return {name: default.strip() for names, default, _meaning in rows for name in re.findall(r"`([A-Z_]+)`", names)}


def block_with(words: str) -> str:
    (block,) = [block for block in blocks_of(PAGE, "python") if words in block.text]
    return block.text


def run(text: str, **names: str) -> None:
    for old, new in names.items():
        text = text.replace(old.replace("_", "-"), new)
    exec(compile(text, str(PAGE), "exec"), {})


def test_it_works():
    assert "verify_audit" in OURS
    assert setting_rows()["SECRET_KEY"] == "required"


def test_every_setting_is_in_the_table_and_no_other():
    gunicorn = {"BIND", "WEB_CONCURRENCY", "WEB_THREADS"}
    assert set(setting_rows()) == {environment.variable_of(field) for field in FIELDS} | gunicorn


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_the_table_says_what_is_required_and_plain_defaults(field):
    said, info = setting_rows()[environment.variable_of(field)], FIELDS[field]
    assert (said == "required") == info.is_required()
    if isinstance(info.default, bool | int):
        assert said == f"`{str(info.default).lower()}`"


@pytest.mark.parametrize("command", [*OURS, *RUNTIME, "migrate"])
def test_every_command_is_documented(command):
    assert re.search(rf"^\|.*`manage\.py {command}\b", TEXT.split("## Commands")[1], re.MULTILINE)


def test_every_documented_command_exists():
    named = {
        word for page in (ROOT / "docs").rglob("*.md") for word in re.findall(r"manage\.py ([a-z_]+)", page.read_text())
    }
    assert named <= {*OURS, *RUNTIME, "migrate", "shell"}


def test_the_lines_make_the_first_accounts(small_trial):
    run(block_with("is_operator"), khe_low_dose=small_trial.slug)
    assert User.objects.get(username="op").is_operator
    assert Membership.objects.get(user__username="gao").role == Role.STUDY_ADMIN


def test_the_lines_put_ranges_into_force(small_trial, site):
    user = UserFactory(username="datamanager")
    Membership.objects.create(user=user, study=small_trial, role=Role.DATA_MANAGER)
    run(block_with("set_ranges(").replace('"D1"', f'"{site.code}"'), khe_low_dose=small_trial.slug)
    assert ReferenceRange.objects.get(laboratory__site=site).effective_from == dt.date(2026, 1, 1)
