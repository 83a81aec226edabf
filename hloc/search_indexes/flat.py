"""All vectors one after another: nothing is missed."""

from __future__ import annotations

from hloc.search_indexes.base import IndexOptions, IndexPlan, Size, prefix


def plans(index: str, options: IndexOptions, size: Size) -> list[IndexPlan]:
    """Give the one plan."""
    return [IndexPlan(index, f"{prefix(options.metric)}Flat", is_exact=True)]
