"""The checks of the code itself: formatting, lint, types."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

CHECKS = {
    "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "ruff check": [sys.executable, "-m", "ruff", "check", "."],
    "mypy": [sys.executable, "-m", "mypy"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_code_passes(check: str) -> None:
    result = subprocess.run(CHECKS[check], cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_no_file_holds_the_marks_of_a_merge() -> None:
    texts = [path for ending in ("py", "md", "toml", "txt", "json") for path in ROOT.glob(f"**/*.{ending}")]
    marked = [str(path) for path in texts if re.search(rb"^(<{7} |>{7} )", path.read_bytes(), re.MULTILINE)]
    assert not marked
