"""The page of ``tools.plot_features``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.standalone import render_standalone


def map_page(content: Mapping[str, Any]) -> str:
    """Give the page of what ``stages.plot.page_content`` says; its pictures lie in folders beside it."""
    return render_standalone("plot", content, image_sources="'self' file: data:")
