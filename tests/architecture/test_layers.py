"""Imports and foreign keys point down the list of apps."""

import subprocess
import sys
import tomllib

from django.apps import apps

from tests.architecture.source import ROOT


def layer_of() -> dict[str, int]:
    """App → its line in the contract, 0 at the bottom."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lines = next(c["layers"] for c in contracts if c.get("containers") == ["apps"])
    return {name.strip(" ()"): i for i, line in enumerate(reversed(lines)) for name in line.split("|")}


def test_it_works():
    linter = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", linter], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_app_has_its_line():
    ours = {config.name.removeprefix("apps.") for config in apps.get_app_configs() if config.name.startswith("apps.")}
    assert ours <= layer_of().keys()


def test_no_foreign_key_points_upward_or_sideways():
    layer = layer_of()
    wrong = []
    for model in apps.get_models():
        here = model._meta.app_config.name.removeprefix("apps.")
        for field in model._meta.get_fields():
            there = field.related_model and field.related_model._meta.app_config.name.removeprefix("apps.")
            if field.auto_created or here not in layer or there not in layer or here == there:
                continue
            if layer[there] >= layer[here]:
                wrong.append(f"{model._meta.label}.{field.name} -> {there}")
    assert not wrong


def test_no_foreign_key_of_clinical_data_leaves_the_study():
    """Partitioning by study stays a matter of deployment: whoever points at clinical data carries ``study``."""
    clinical = {"subjects", "visits", "capture", "review", "enrolment", "randomization", "safety", "dosing"}
    missing = [
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in clinical and "study" not in {field.name for field in model._meta.get_fields()}
    ]
    assert not missing
