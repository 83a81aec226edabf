"""The page's modules of painting, served, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.local_server import served
from web.guard import Guard
from web.server import make_app, serve_folder
from web.templates import WEB

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """A bare page of the origin that serves the modules, shared by the tests of a file."""
    guard = Guard()
    app = make_app(guard, "painting")
    serve_folder(app, "/segmentation/static", WEB / "segmentation" / "static")
    with served(app, guard):
        context = browser.new_context()
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{guard.address}static/base.css")
        yield page
        context.close()
    assert not errors, f"the modules failed: {errors}"
