"""The page of ``tools.explore_neighbors``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.standalone import render_standalone


def neighbors_page(content: Mapping[str, Any]) -> str:
    """Give the page of what ``stages.retrieval.neighbors.page_content`` says."""
    return render_standalone("neighbors", content)
