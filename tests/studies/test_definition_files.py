"""Reading definition files: lines, what YAML may not do here, and the check without Django."""

import subprocess
import sys
from pathlib import Path

import pytest

from apps.studies.loading import check_file, load_study, read_library
from apps.studies.loading.problems import Unreadable
from apps.studies.loading.source import DEPTH_MAX, SIZE_MAX, parse, read
from tests.factories import SMALL_TRIAL

ROOT = Path(__file__).resolve().parents[2]


def test_it_works():
    document = parse("study: x\nvisits:\n  - code: M1\n    at: 1 month\n", "x.yaml")
    assert document == {"study": "x", "visits": [{"code": "M1", "at": "1 month"}]}
    assert document.lines == {"study": 1, "visits": 2}
    assert document["visits"].lines == [3]
    assert document["visits"][0].lines == {"code": 3, "at": 4}


def test_scalars_are_what_was_written():
    """Only true, false, null and whole numbers are more than text: a code NO, a version 5.0 and a date stay as they are."""
    document = parse("[NO, yes, on, 5.0, 1e3, 012, 12:30, 2024-05-01, '1', 1, true, ~, -3]")
    assert document == ["NO", "yes", "on", "5.0", "1e3", "012", "12:30", "2024-05-01", "1", 1, True, None, -3]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: &x [1]\nb: *x\n", 2, "is an alias"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "the tag"),
        ("a: 1\nb: 2\na: 3\n", 3, "stands twice, first in line 1"),
        ("a: [1\nb: 2\n", 2, "not readable YAML"),
        ("a: 1\n--- \nb: 2\n", 2, "second document"),
        ("1: a\n", 1, "put it between quotes"),
        ("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), 1, "levels deep"),
        ("[" * 200_000, 1, "levels deep"),
        ("a: \0", 0, "not readable YAML"),
    ],
)
def test_yaml_that_is_refused(text, line, words):
    with pytest.raises(Unreadable) as caught:
        parse(text, "x.yaml")
    assert words in caught.value.problem.message
    assert caught.value.problem.line == line


def test_bytes_that_are_refused(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(Unreadable, match="UTF-8"):
        read(path)
    path.write_bytes(b"#" * (SIZE_MAX + 1))
    with pytest.raises(Unreadable, match="bytes"):
        read(path)
    with pytest.raises(Unreadable, match="cannot be read"):
        read(tmp_path / "none.yaml")


@pytest.mark.parametrize("text", ["", "[]", "- 1\n- 2", "study: x", "just words", "study: [x]\nvisits: 3\nforms: {}"])
def test_files_of_another_shape_are_problems_not_crashes(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    loaded = load_study(path)
    assert loaded.definition is None
    assert loaded.errors
    assert all(problem.message and "Value error" not in problem.message for problem in check_file(path))


def test_library_joins_the_study(tmp_path):
    """Library forms and their code lists stand inline in the definition; a problem in them names the library's file."""
    (tmp_path / "library" / "forms").mkdir(parents=True)
    (tmp_path / "studies").mkdir()
    form = (
        "oid: QOL\ntitle: {en: Quality, zh: 生活质量}\ngroups:\n  - oid: QOLG\n    items:\n"
        "      - {oid: QOLANS, type: choice, codelist: ANS, label: {en: Answer, zh: 回答}}\n"
        "      - {oid: QOLSUM, type: computed, decimals: 0, label: {en: Sum, zh: 总分}, compute: QOLX + 1}\n"
    )
    (tmp_path / "library" / "forms" / "qol.yaml").write_text(form)
    (tmp_path / "library" / "codelists.yaml").write_text("- {oid: ANS, codes: [{code: 1, label: {en: one, zh: 一}}]}\n")
    (tmp_path / "library" / "analytes.yaml").write_text("".join(f"- {{code: {c}}}\n" for c in ("PLT", "HGB", "SIRO")))
    text = SMALL_TRIAL.read_text().replace("log_forms: [", "library: [QOL]\nlog_forms: [QOL, ")
    path = tmp_path / "studies" / "x.yaml"
    path.write_text(text)
    (problem,) = load_study(path).problems
    assert problem.file.endswith("qol.yaml")
    assert problem.line == 7
    (tmp_path / "library" / "forms" / "qol.yaml").write_text(form.replace("QOLX + 1", "number(QOLANS) + 1"))
    loaded = load_study(path)
    assert loaded.problems == []
    assert loaded.definition.forms[0].oid == "QOL"
    assert "ANS" in [codelist.oid for codelist in loaded.definition.codelists]


def test_form_twice_in_the_library(tmp_path):
    (tmp_path / "forms").mkdir()
    for name in ("a", "b"):
        (tmp_path / "forms" / f"{name}.yaml").write_text("oid: A\n")
    (problem,) = read_library(tmp_path).problems
    assert "the form A stands twice in the library" in problem.message


def test_check_runs_without_django_settings(tmp_path):
    path = tmp_path / "form.yaml"
    path.write_text("oid: A\ntitle: A\ngroups: [{oid: G, items: [{oid: X, type: number, label: {en: x, zh: x}}]}]\n")
    command = [sys.executable, "-m", "apps.studies.check", str(path)]
    result = subprocess.run(command, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stderr
    assert "form.yaml:3: error: groups[G].items[X].type: “number” is not possible here" in result.stdout
    path.write_text(path.read_text().replace("number", "decimal"))
    result = subprocess.run(command, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    assert "the Chinese text is missing for “A”" in result.stdout
