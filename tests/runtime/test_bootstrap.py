"""What stops a set-up before anything is installed: one sentence each, and a status that is not 0."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trialcapture.runtime import bootstrap, browser, messages
from trialcapture.runtime.errors import CannotRun
from trialcapture.runtime.places import BASE_DIR
from trialcapture.runtime.preflight import check_room, check_writable
from trialcapture.runtime.stamps import once

SCRIPT = BASE_DIR / "trialcapture" / "runtime" / "bootstrap.py"


@pytest.fixture
def tree(tmp_path) -> Path:
    """A checkout that wants one package, which does not exist."""
    (tmp_path / "trialcapture" / "runtime").mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "trialcapture" / "runtime" / "bootstrap.py")
    (tmp_path / "requirements.txt").write_text(f"nothing-of-that-name==1.0 --hash=sha256:{'0' * 64}\n")
    return tmp_path


def run(tree: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    script = str(tree / "trialcapture" / "runtime" / "bootstrap.py")
    # an index on a port where nothing listens: no network
    closed = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    command = [sys.executable, *words, script] if not words else [sys.executable, *words]
    return subprocess.run(command, env=alone | closed | environ, capture_output=True, text=True, check=False)


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def test_it_works(tree):
    """Without a network: it says so, and leaves nothing that a second start would take for installed."""
    said = one_sentence(run(tree))
    assert "the package index cannot be reached" in said
    assert not list((tree / ".venv").glob(".stamp-*"))


def test_an_old_python_says_what_is_wanted(tree):
    script = str(tree / "trialcapture" / "runtime" / "bootstrap.py")
    code = (
        f"import sys, runpy; sys.version_info = (3, 9, 2); sys.argv = ['x']; runpy.run_path({script!r}, run_name='__main__')"
    )
    said = one_sentence(run(tree, "-c", code, PATH="/nonexistent"))
    assert "needs Python 3.11 or newer; this is 3.9" in said


def test_a_syntax_that_an_old_python_can_read():
    """The script must get as far as its own sentence: nothing newer than Python 3.6 in it."""
    import ast

    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


def test_a_closed_folder_is_one_sentence(monkeypatch, capsys):
    """/proc, where not even root may make a file."""
    monkeypatch.setattr(bootstrap, "BASE", "/proc")
    with pytest.raises(SystemExit) as found:
        bootstrap.check_folder()
    assert found.value.code == 1
    assert "/proc cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "is full"),
        ("Temporary failure in name resolution", "cannot be reached"),
        ("[Errno 13] Permission denied: '.venv'", "belongs to another user"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "DO NOT MATCH THE HASHES"),
    ],
)
def test_pips_reasons_become_a_sentence(said, sentence, capsys):
    with pytest.raises(SystemExit) as found:
        bootstrap.stop_for(said, "It failed")
    assert found.value.code == 1
    assert sentence in capsys.readouterr().err


def test_a_missing_ensurepip_names_the_package(monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit):
        bootstrap.install_venv_package()
    assert "sudo apt-get install python3." in capsys.readouterr().err


def test_a_missing_browser_names_the_packages(monkeypatch):
    monkeypatch.setattr(browser, "find", lambda: None)
    monkeypatch.setattr(browser, "is_root", lambda: False)
    with pytest.raises(CannotRun, match="sudo apt-get install chromium"):
        browser.main()


def test_a_disk_with_too_little_room_is_refused(tmp_path):
    with pytest.raises(CannotRun, match="Free some space"):
        check_room(tmp_path / "not" / "yet" / "there", needed=10**18)


def test_a_folder_that_nobody_may_write_is_refused():
    with pytest.raises(CannotRun):
        check_writable(Path("/proc/self"))


def test_what_did_not_change_is_not_done_again(tmp_path):
    source, stamp = tmp_path / "source", tmp_path / "stamps" / "stamp"
    source.write_text("one")
    with pytest.raises(KeyError), once(stamp, [source]) as due:
        assert due
        raise KeyError
    seen = []
    for text in ("one", "one", "two"):
        source.write_text(text)
        with once(stamp, [source]) as due:
            seen.append(due)
    assert seen == [True, False, True]


def test_a_broken_catalogue_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "BASE_DIR", tmp_path)
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text('msgid "a"\nmsgstr "甲"\n', encoding="utf-8")
    messages.main()
    assert "甲".encode() in (folder / "django.mo").read_bytes()
    (folder / "django.po").write_text("this is no catalogue\n", encoding="utf-8")
    os.utime(folder / "django.mo", (0, 0))
    with pytest.raises(CannotRun, match=r"django\.po"):
        messages.main()
