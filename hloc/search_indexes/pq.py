"""Product quantisation: parts of a vector as numbers of codewords (Jégou, Douze and Schmid, 2011)."""

from __future__ import annotations

from hloc.search_indexes.base import IndexOptions, IndexPlan, Size
from storage.errors import UsageError

BITS = 8  # of a code
PARTS = (64, 32, 16, 8, 4, 2, 1)
# Numbers of a part at the least, by default: a byte for fewer saves little, and each part is learnt by itself.
LEAST_NUMBERS = 4
METRICS = ("cosine", "ip", "l2")


def default_parts(dimension: int) -> int:
    """Give the most parts of at least four numbers, 64 at the most; 1 where none divides."""
    return next(
        parts for parts in PARTS if dimension % parts == 0 and (parts == 1 or dimension >= LEAST_NUMBERS * parts)
    )


def plans(index: str, options: IndexOptions, size: Size) -> list[IndexPlan]:
    """Give a plan for each ``pq_m``.

    Raises
    ------
    UsageError
        When a vector cannot be cut so, there are too few vectors to learn 256 codewords of, or for a metric other than
        cosine, ip and l2: faiss would answer by another one.
    """
    if options.metric not in METRICS:
        raise UsageError(f"--index pq --metric {options.metric}: codes keep {', '.join(METRICS)} alone; take flat")
    if size.num_vectors < 1 << BITS:
        raise UsageError(f"--index pq learns {1 << BITS} codewords, but the database has {size.num_vectors} photos")
    for parts in options.pq_m:
        if parts < 1 or size.dimension % parts:
            raise UsageError(f"--pq_m {parts}: must divide {size.dimension}, the length of a vector")
    chosen = options.pq_m or (default_parts(size.dimension),)
    # np: codewords are not put into the order of polysemous codes, which takes minutes and only serves another search
    return [IndexPlan(index, f"PQ{parts}x{BITS}np", {"pq_m": parts}) for parts in chosen]
