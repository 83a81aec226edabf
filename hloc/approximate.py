"""Proposals for the most similar photos from an index of usearch, for collections too large for the exact search.

The index is a graph of near neighbours (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search
using hierarchical navigable small world graphs", 2018). What it proposes is scored exactly; what it misses is missing,
so the share of the true best that it finds is measured on a sample. Built by several threads it is another one each
time: pairs of two runs may differ. It holds the descriptors once more, as 16-bit floats.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.proposals import Proposals, block_of
from storage.errors import UsageError
from storage.machine import usable_cores
from storage.progress import progress_bar

logger = logging.getLogger(__name__)
APPROXIMATE_FROM = 300_000  # photos; below it an index costs as much as the exact search (benchmarks/pairs.md)
BLOCK = 1024
EXPANSION = 128  # candidates that are held at a time; more find more and cost more
INSTALL = "pip install -r requirements-search.txt"


def choose_search(search: str, num_photos: int) -> str:
    """Give ``exact`` or ``approximate``.

    Parameters
    ----------
    search : {"auto", "exact", "approximate"}
        ``auto`` is exact for less than 300,000 photos, and where usearch is not installed.
    num_photos : int
        Photos that have a descriptor.

    Raises
    ------
    UsageError
        When the approximate search is asked for and usearch is not installed.
    """
    if search == "approximate":
        import_usearch()
    if search != "auto" or num_photos < APPROXIMATE_FROM:
        return "exact" if search == "auto" else search
    try:
        import_usearch()
    except UsageError:
        logger.info("search: exact, usearch is not installed: hours for %d photos; %s", num_photos, INSTALL)
        return "exact"
    logger.info("search: approximate for %d photos (chosen automatically; --search exact misses none)", num_photos)
    return "approximate"


def import_usearch() -> Any:
    """Give the module ``usearch.index``.

    Raises
    ------
    UsageError
        When usearch is not installed, or is installed but does not start.
    """
    try:
        return importlib.import_module("usearch.index")
    except (ImportError, OSError) as error:
        raise UsageError(
            f"--search approximate: usearch cannot be used ({error}); {INSTALL}, or take --search exact"
        ) from None


def propose_approximately(vectors: NDArray[np.floating], is_usable: NDArray[np.bool_], count: int) -> Proposals:
    """Give, for each vector, others among those with the ``count`` highest products; arguments as of ``propose``."""
    index = import_usearch().Index(
        ndim=vectors.shape[1], metric="ip", dtype="f16", expansion_add=EXPANSION, expansion_search=max(EXPANSION, count)
    )
    usable, threads = np.flatnonzero(is_usable), usable_cores()
    blocks = [usable[start : start + BLOCK] for start in range(0, len(usable), BLOCK)]
    for rows in progress_bar(blocks, len(blocks), "index"):
        index.add(rows.astype(np.uint64), block_of(vectors, rows), threads=threads)
    proposals = Proposals.empty(len(vectors), count)
    for rows in progress_bar(blocks, len(blocks), "search"):
        asked = np.resize(rows, max(2, len(rows)))  # for a single one usearch answers in another form
        matches = index.search(block_of(vectors, asked), min(count + 1, len(usable)), threads=threads)
        keys = matches.keys[: len(rows)].astype(np.int64)
        products = 1 - matches.distances[: len(rows)]
        is_found = np.arange(keys.shape[1]) < matches.counts[: len(rows), None]
        products[~is_found | (keys == rows[:, None])] = -np.inf
        order = np.argsort(-products, axis=1, kind="stable")[:, :count]
        proposals.values[rows, : order.shape[1]] = np.take_along_axis(products, order, 1)
        proposals.indices[rows, : order.shape[1]] = np.where(is_found, keys, 0)[np.arange(len(rows))[:, None], order]
    return proposals
