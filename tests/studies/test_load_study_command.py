from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.studies.definition.schema import schema_text
from apps.studies.models import Study, StudyVersion
from tests.factories import SMALL_TRIAL

pytestmark = pytest.mark.django_db
GOOD = SMALL_TRIAL.read_text(encoding="utf-8")


@pytest.fixture
def file(tmp_path):
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "analytes.yaml").write_text("".join(f"- {{code: {c}}}\n" for c in ("PLT", "HGB", "SIRO")))
    (tmp_path / "studies").mkdir()
    path = tmp_path / "studies" / "small.yaml"
    path.write_text(GOOD)
    return path


def load(*arguments) -> tuple[str, str]:
    out, errors = StringIO(), StringIO()
    call_command("load_study", *map(str, arguments), stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def test_it_works(file):
    out, _ = load(file, "--note", "first")
    assert "small-trial: a new study" in out
    assert "version 1 is published" in out
    assert StudyVersion.objects.get().note == "first"


def test_dry_run_shows_and_writes_nothing(file):
    load(file)
    file.write_text(GOOD.replace("target: 30", "target: 31"))
    out, _ = load(file, "--dry-run")
    assert "1 differences to version 1" in out
    assert "target from “30” to “31”" in out
    assert StudyVersion.objects.count() == 1
    load(file, "--publish")
    assert StudyVersion.objects.count() == 2


def test_error_in_one_file_publishes_none(file):
    wrong = file.with_name("wrong.yaml")
    wrong.write_text(GOOD.replace("study: small-trial", "study: wrong-trial").replace("strata: [KMP]", "strata: [KPM]"))
    errors = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("load_study", str(file), str(wrong), stdout=StringIO(), stderr=errors)
    assert caught.value.returncode == 1
    assert "there is no item KPM; did you mean KMP?" in errors.getvalue()
    assert not Study.objects.exists()


def test_history_is_checked_before_anything_is_written(file):
    load(file)
    file.write_text(GOOD.replace("{oid: HGB, type: integer", "{oid: HGB, type: decimal"))
    errors = StringIO()
    with pytest.raises(CommandError):
        call_command("load_study", str(file), stdout=StringIO(), stderr=errors)
    assert "item HGB was published as integer and is now decimal" in errors.getvalue()
    assert StudyVersion.objects.count() == 1


def test_committed_schema_is_current():
    out = StringIO()
    call_command("study_schema", stdout=out)
    kept = Path(__file__).resolve().parents[2] / "docs" / "study.schema.json"
    assert out.getvalue() == schema_text()
    assert kept.read_text(encoding="utf-8") == schema_text(), "run manage.py study_schema > docs/study.schema.json"
