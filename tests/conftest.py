"""Fixtures shared by all rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real photos and golden cases; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real photos and golden cases in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def root_dir() -> Path:
    """The root of the checkout, where the scripts stand."""
    return ROOT
