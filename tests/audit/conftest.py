"""Every test here has its own folder of seals."""

import pytest


@pytest.fixture(autouse=True)
def seal_folder(tmp_path, settings):
    settings.SEAL_DIR = tmp_path / "seals"
    return settings.SEAL_DIR
