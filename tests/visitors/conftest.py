"""What the tests of visitors' models and trainings share."""

from collections.abc import Iterator

import pytest

from explorer.live.spaces import Spaces
from explorer.visitors.models import OwnModels


@pytest.fixture(scope="module")
def spaces() -> Spaces:
    return Spaces([], device="cpu")


@pytest.fixture
def own(spaces: Spaces) -> Iterator[OwnModels]:
    models = OwnModels(spaces)
    yield models
    models.close()
