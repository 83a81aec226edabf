"""The page of ``tools.select_threshold``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.standalone import render_standalone


def threshold_page(content: Mapping[str, Any]) -> str:
    """Give the page of what ``stages.thresholds.sweep.page_content`` says."""
    return render_standalone("thresholds", content)
