from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stages.ray_cluster import start_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A cluster of two workers on this machine."""
    yield from start_cluster()
