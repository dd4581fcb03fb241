"""An exported ledger is verified on a machine that has the file and a public key, and nothing else."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from ledger_helpers import append, command

from apps.audit.offline import run
from apps.audit.services import seal
from trialcapture.runtime.places import BASE_DIR

pytestmark = pytest.mark.django_db


@pytest.fixture
def exported(tmp_path) -> Path:
    append(1, 4)
    append(2, 2)
    append(None)
    status, said = command("export_audit", str(tmp_path / "ledger.jsonl"))
    assert status == 0 and said.startswith("7 events")
    return tmp_path / "ledger.jsonl"


@pytest.fixture
def public_key() -> str:
    return command("seal", "--public-key")[1].strip()


def verified(path: Path, key: str = "", copies: tuple[Path, ...] = ()) -> tuple[int, str]:
    said: list[str] = []
    status = run(path, key, list(copies), said.append)
    return status, "\n".join(said)


def test_it_works_without_django_or_a_database(exported, public_key, tmp_path):
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(BASE_DIR)}
    command_line = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "apps.audit.offline",
        str(exported),
        "--public-key",
        public_key,
    ]
    done = subprocess.run(command_line, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "The ledger holds.")
    assert "7 events in 3 chains, 3 seals; 0 events after the last seal." in done.stdout
    assert "django" not in done.stderr


def test_the_management_command_verifies_a_file_too(exported, public_key):
    assert command("verify_audit", str(exported), "--public-key", public_key)[0] == 0


def test_the_file_is_the_callers_alone_and_appears_whole(exported):
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    assert not list(exported.parent.glob("*.part"))


def test_one_study_alone(tmp_path, public_key):
    append(1, 2)
    append(2, 2)
    said = command("export_audit", str(tmp_path / "one.jsonl"), "--study", "2")[1]
    assert said.startswith("2 events")
    assert verified(tmp_path / "one.jsonl", public_key)[0] == 0
    assert "study:1" not in (tmp_path / "one.jsonl").read_text()


def test_without_a_key_it_says_which_key_to_compare(exported, public_key):
    status, said = verified(exported)
    assert status == 0 and public_key in said


def test_another_key_is_not_ours(exported):
    status, said = verified(exported, "QQ" * 21 + "Q=")
    assert status == 1 and said.count("seal_unknown_key") == 3


def test_a_key_that_is_none_is_refused(exported):
    assert verified(exported, "nonsense") == (2, "The public key is not 32 bytes in base64.")


def test_a_file_that_is_not_there(tmp_path):
    assert verified(tmp_path / "none.jsonl")[0] == 2


def edited(path: Path, change) -> Path:
    lines = change(path.read_text().splitlines())
    path.write_text("".join(line + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda lines: [line.replace("2.40", "9.40") for line in lines], "altered: study:1 3"),
        (lambda lines: lines[:-1], "file_cut"),
        (lambda lines: [*lines[:-2], lines[-1]], "file_cut"),
        (
            lambda lines: [line for line in lines if '"chain":"study:2"' not in line or "seal" in line],
            "chain_dropped: study:2",
        ),
        (lambda lines: [lines[0], *lines[1:-4], lines[-3], lines[-4], *lines[-2:]], "missing"),
        (lambda lines: [line.replace('"seq":4', '"seq":5') for line in lines], "seal_forged: study:1 5"),
        (lambda lines: lines[1:], "unreadable"),
        (lambda lines: [*lines[:8], "{", *lines[8:]], "unreadable"),
        (lambda lines: [*lines[:8], "{}", *lines[8:]], "unreadable"),
        (lambda lines: [*lines[:8], "7", *lines[8:]], "unreadable"),
        (lambda lines: [lines[0], '{"seal":{}}', *lines[1:]], "unreadable"),
        (lambda lines: [], "unreadable"),
    ],
)
def test_a_changed_file_is_found(exported, public_key, change, kind):
    status, said = verified(edited(exported, change), public_key)
    assert status == 1 and kind in said


def test_an_older_export_against_newer_seals_is_found_cut(exported, public_key, seal_folder):
    append(1)
    seal(1)
    status, said = verified(exported, public_key, (seal_folder,))
    assert status == 1 and "tail_cut: study:1: the chain ends at 4, and position 5 was sealed" in said


def test_lines_are_what_the_format_says(exported):
    first, *_, last = [json.loads(line) for line in exported.read_text().splitlines()]
    assert (first["format"], first["version"], last) == ("trialcapture-ledger", 1, {"end": {"events": 7}})
