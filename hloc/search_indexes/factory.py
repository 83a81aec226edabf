"""Any index that the index factory of faiss can make; https://github.com/facebookresearch/faiss/wiki lists them."""

from __future__ import annotations

import re

from hloc.search_indexes.base import IndexOptions, IndexPlan, Settings, Size, check_values
from storage.errors import UsageError

# What keeps the vectors as they are; codes of vectors answer by l2 or ip, whatever metric they are asked for.
_WHOLE_VECTORS = re.compile(r"(IVF\d+(_HNSW\d+)?,)?Flat|HNSW\d+(,Flat)?")


def plans(index: str, options: IndexOptions, size: Size) -> list[IndexPlan]:
    """Give the one plan, searched with each ``nprobe`` or ``ef_search`` where the string names IVF or HNSW.

    Raises
    ------
    UsageError
        When codes of vectors are to be searched by l1, or binary vectors by another kind of index.
    """
    is_binary = re.fullmatch(r"B(Flat|IVF\d+(_HNSW\d+)?|HNSW\d+)", index) is not None
    if (options.metric == "hamming") != is_binary:
        raise UsageError(
            f"--index {index} --metric {options.metric}: indexes of bits are BFlat, BIVFn and BHNSWn, and they alone"
        )
    if options.metric == "l1" and not _WHOLE_VECTORS.fullmatch(index):
        raise UsageError(f"--index {index} --metric l1: codes of vectors know no l1; take Flat, IVFn,Flat or HNSWn")
    searches: tuple[Settings, ...] = ({},)
    if lists := re.search(r"IVF(\d+)", index):
        check_values("the number of lists in --index", (int(lists[1]),), size.num_vectors, ", the photos there are")
        probes = dict.fromkeys(min(nprobe, int(lists[1])) for nprobe in options.nprobe)
        searches = tuple({"nprobe": nprobe} for nprobe in probes)
    elif "HNSW" in index:
        searches = tuple({"efSearch": value} for value in options.ef_search)
    return [IndexPlan(index, index, {}, searches, is_exact=index in ("Flat", "BFlat"))]
