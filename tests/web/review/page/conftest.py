"""A drawn street under review, and its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.review.page.drawn_street import ServedReview, copied_street, draw_street

if TYPE_CHECKING:
    from playwright.sync_api import Page


PATIENCE_MS = 20_000


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """Give a busy machine time: what a test expects is waited for longer than usual."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright")
    playwright.expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def street_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn street, made once; tests copy it."""
    folder = tmp_path_factory.mktemp("street") / "street"
    draw_street(folder)
    return folder


@pytest.fixture(scope="session")
def unchanged(street_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedReview]:
    """A served review for all tests that change nothing; their files have a fixture ``served`` that gives it."""
    served = ServedReview(copied_street(street_template, tmp_path_factory.mktemp("unchanged") / "street"))
    yield served
    served.stop()


@pytest.fixture
def served(street_template: Path, tmp_path: Path) -> Iterator[ServedReview]:
    """A review of a copy of the street, served."""
    served = ServedReview(copied_street(street_template, tmp_path / "street"))
    yield served
    served.stop()


@pytest.fixture
def opened(served: ServedReview, page: Page) -> Page:
    """The page of the review, with its buildings in sight."""
    page.goto(served.address)
    page.wait_for_selector(".card:not(.is-coming)")
    return page
