"""Fixtures shared by all rooms."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
# The real photos are not published (benchmarks/README.md); they are looked for here.
SHARED = Path(os.environ.get("SHARED_DIR") or ROOT.parent / "shared")
NO_BROWSER = "pages are tested in Chromium, which is not installed: python -m playwright install chromium"
# What a test does is judged, not how busy the machine is while it runs.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the campaigns of ``tests/reliability`` run at their full counts."""
    parser.addoption("--full", action="store_true", help="campaigns at their full counts; hours, not seconds")


def pytest_configure() -> None:
    """Take Ctrl-C: a shell has what it starts in the background ignore it, and so would every program of a test."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real photos and golden cases; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real photos and golden cases in {SHARED} (or in SHARED_DIR)")
    return SHARED


@pytest.fixture(scope="session")
def root_dir() -> Path:
    """The root of the checkout, where the scripts stand."""
    return ROOT


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window: that of the system, else the one that Playwright brings.

    Tests that need it are skipped where neither is installed, and fail where CI is set: there it must be.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with playwright.sync_playwright() as started:
        if program is None and not Path(started.chromium.executable_path).is_file():
            (pytest.fail if "CI" in os.environ else pytest.skip)(NO_BROWSER)
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of 1280 x 800 in a session of its own; a test fails when a script of the page failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, f"the page failed: {errors}"
