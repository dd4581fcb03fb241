import pytest

from tests.capture.capture_study import SmallStudy, build


@pytest.fixture
def small(db) -> SmallStudy:
    return build()
