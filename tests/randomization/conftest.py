import pytest

from tests import small


@pytest.fixture
def study():
    return small.publish_small()


@pytest.fixture
def scheme(study):
    """The study's lists, released."""
    return small.live_scheme(study)
