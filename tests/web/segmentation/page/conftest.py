"""A painting page on drawn photos, opened in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.drawn_painting_session import painting_session
from tests.web.local_server import served
from tests.web.segmentation.page.drawn_facade import draw_facade, draw_object, write_photo
from tests.web.segmentation.page.painted_page import PATIENCE_MS, PaintedPage
from web.guard import Guard
from web.segmentation.painting import Painting
from web.segmentation.routes import make_painting_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GRAPH = {"k": 300.0, "min_segment_size": 60, "sigma": 0.1}


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """Give a busy machine time: what a test expects is waited for longer than usual."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright")
    playwright.expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def opened_page(browser: Browser, folder: Path, context: dict[str, Any], **given: Any) -> Iterator[PaintedPage]:
    """Serve ``folder/photos`` and open the page; a script that fails in it fails the test."""
    guard = Guard()
    with painting_session(folder, **({"given": GRAPH} | given)) as tools:
        painting = Painting(tools, "Drawn street")
        with served(make_painting_app(painting, guard), guard) as client:
            window = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | context))
            page = window.new_page()
            page.set_default_timeout(PATIENCE_MS)
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            yield PaintedPage(page, client, folder)
            window.close()
    assert not errors, f"the page failed: {errors}"


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """A folder with three photos: a facade, an object, the facade again."""
    write_photo(tmp_path / "photos" / "a.png", draw_facade())
    write_photo(tmp_path / "photos" / "b.png", draw_object()[0])
    write_photo(tmp_path / "photos" / "north" / "c.png", draw_facade())
    return tmp_path


@pytest.fixture
def painted(browser: Browser, street: Path) -> Iterator[PaintedPage]:
    """The page with the facade in sight."""
    with opened_page(browser, street, {}) as page:
        page.open()
        yield page


@pytest.fixture
def touched(browser: Browser, street: Path) -> Iterator[PaintedPage]:
    """The page on a tablet held upright, with fingers only."""
    with opened_page(browser, street, {"viewport": {"width": 820, "height": 1180}, "has_touch": True}) as page:
        page.open()
        yield page
