"""An inverted file: cells of k-means, of which a search looks at the nearest (Sivic and Zisserman, 2003)."""

from __future__ import annotations

import math

from hloc.search_indexes.base import IndexOptions, IndexPlan, Size, check_values, prefix

LISTS_PER_ROOT = 4  # nlist is 4 sqrt(N), the lower end of what the guidelines of faiss name


def default_nlist(num_vectors: int) -> int:
    """Give int(4 sqrt(N)), and no more lists than there are vectors."""
    return max(1, min(num_vectors, int(LISTS_PER_ROOT * math.sqrt(num_vectors))))


def plans(index: str, options: IndexOptions, size: Size) -> list[IndexPlan]:
    """Give a plan for each ``nlist``; an ``nprobe`` above it is left out but for one that looks everywhere."""
    lists = options.nlist or (default_nlist(size.num_vectors),)
    check_values("--nlist", lists, size.num_vectors, ", the photos of the database")
    check_values("--nprobe", options.nprobe, 1 << 30)
    ending = "" if options.metric == "hamming" else ",Flat"
    found = []
    for nlist in lists:
        probes = dict.fromkeys(min(nprobe, nlist) for nprobe in options.nprobe)
        searches = tuple({"nprobe": nprobe} for nprobe in probes)
        found.append(IndexPlan(index, f"{prefix(options.metric)}IVF{nlist}{ending}", {"nlist": nlist}, searches))
    return found
