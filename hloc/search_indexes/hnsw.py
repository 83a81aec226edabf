"""A graph of near neighbours (Malkov and Yashunin, "Efficient and robust approximate ... search", 2018)."""

from __future__ import annotations

from itertools import product

from hloc.search_indexes.base import IndexOptions, IndexPlan, Size, check_values, prefix

MOST_LINKS, MOST_CANDIDATES = 512, 1 << 16


def plans(index: str, options: IndexOptions, size: Size) -> list[IndexPlan]:
    """Give a plan for each ``hnsw_m`` and ``ef_construction``; each is searched with every ``ef_search``."""
    check_values("--hnsw_m", options.hnsw_m, MOST_LINKS)
    check_values("--ef_construction", options.ef_construction, MOST_CANDIDATES)
    check_values("--ef_search", options.ef_search, MOST_CANDIDATES)
    searches = tuple({"efSearch": value} for value in options.ef_search)
    return [
        IndexPlan(index, f"{prefix(options.metric)}HNSW{links}", {"M": links, "efConstruction": candidates}, searches)
        for links, candidates in product(options.hnsw_m, options.ef_construction)
    ]
