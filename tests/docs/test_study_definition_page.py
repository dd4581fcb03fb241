"""docs/study-definition.md: its example is a study, its tables are the schema's fields, its shell lines run."""

import json
import re

import pytest

from apps.common.actors import SYSTEM
from apps.studies.loading import load_study
from apps.studies.models import Site
from apps.studies.services import publish
from tests.docs.docs_read import ROOT, blocks_of
from tests.factories import small_definition

PAGE = ROOT / "docs" / "study-definition.md"
SCHEMA = json.loads((ROOT / "docs" / "study.schema.json").read_text(encoding="utf-8"))
# shapes that are explained in words
PLAIN = {"Text", "Offset", "Interval", "Source", "Code", "Ctcae"}
HEADING = re.compile(r"^### .*\((\w+)\)$", re.MULTILINE)


def tables() -> dict[str, set[tuple[str, bool]]]:
    """Class -> (field, is it bold) of the first columns below its heading."""
    parts = HEADING.split(PAGE.read_text(encoding="utf-8"))[1:]
    found = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")][2:]
        fields = re.findall(r"(\*\*)?`(\w+)`", " ".join(cells))
        found[name] = {(field, bool(bold)) for bold, field in fields}
    return found


def shapes() -> dict[str, set[tuple[str, bool]]]:
    classes = {"StudyDefinition": SCHEMA, **SCHEMA["$defs"]}
    return {
        name: {(field, field in shape.get("required", [])) for field in shape["properties"]}
        for name, shape in classes.items()
        if name not in PLAIN
    }


def test_it_works():
    assert ("oid", True) in tables()["ItemDefinition"]


@pytest.mark.parametrize("name", sorted(shapes()))
def test_a_table_has_every_field_and_no_other(name):
    assert tables()[name] == shapes()[name]


@pytest.fixture
def example(tmp_path):
    (block,) = blocks_of(PAGE, "yaml")
    path = tmp_path / "small-example.yaml"
    path.write_text(block.text, encoding="utf-8")
    return load_study(path)


def test_the_example_has_no_problem(example):
    assert example.problems == []


def test_the_example_is_published(example, db):
    version = publish(SYSTEM, example.definition)
    assert (version.number, version.study.slug) == (1, "small-example")


def test_the_lines_for_the_shell_put_a_version_into_force(db):
    publish(SYSTEM, small_definition())
    version = publish(SYSTEM, small_definition().model_copy(update={"target": 99}))
    site = Site.objects.filter(study=version.study).order_by("pk").first()
    (block,) = blocks_of(PAGE, "python")
    code = block.text.replace("ihhe-sirolimus", version.study.slug).replace("SCMC", site.code)
    exec(compile(code, block.name, "exec"), {})
    assert site.versions.order_by("-pk").first().version == version
