"""The page of ``tools.plot_experiment``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.standalone import render_standalone


def experiment_page(content: Mapping[str, Any]) -> str:
    """Give the page of what ``stages.retrieval.plot_experiment.page_content`` says."""
    return render_standalone("experiment", content)
