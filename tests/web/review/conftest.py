from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.local_server import Client, served
from tests.web.review.drawn_work import copy_results, make_work
from web.guard import Guard
from web.review.review import Folders, Review
from web.review.routes import make_review_app


@pytest.fixture(scope="session")
def drawn_work(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A work folder that no test writes to."""
    return make_work(tmp_path_factory.mktemp("work"))


@pytest.fixture
def folders(drawn_work: Folders, tmp_path: Path) -> Folders:
    """The same photos and pairs with results of the test's own."""
    return copy_results(drawn_work, tmp_path / "results")


@pytest.fixture
def review(folders: Folders) -> Review:
    """A review that nothing was done in."""
    return Review(folders)


@pytest.fixture
def client(review: Review) -> Iterator[Client]:
    """The review, served; sends requests to it."""
    guard = Guard()
    with served(make_review_app(review, guard), guard) as client:
        yield client
