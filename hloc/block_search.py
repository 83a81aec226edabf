"""The exact search of :mod:`hloc.retrieval` in parts that tasks on several machines can compute.

The photos are cut into blocks. A task takes a pair of blocks and gives what each proposes to the photos of the other;
the proposals are merged as they come, whatever their order, and those that come later need only exceed the lowest so
far. Another task then scores the merged proposals of one block, proves that none is missing or searches again. Which
photos are the best does not hang on who proposed them, so the result is that of one machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hloc.proposals import Proposals, Values, propose, propose_between
from hloc.retrieval import Neighbours, Search, is_nonzero
from hloc.scoring import NO_PAIR

ROWS_PER_TASK = 16 * 1024  # rows of a block: a pair of blocks is 2.2 TFLOP of 4,096 numbers a photo, a minute of a core
BlockPair = tuple[int, int]


@dataclass(frozen=True)
class Asked:
    """What is searched, and how it is cut.

    Attributes
    ----------
    num_photos, num_to_match, min_score
        As of :func:`hloc.retrieval.find_neighbours`.
    tile : int
        Rows and columns of a tile of the product.
    tiles_per_block : int
        Tiles along the side of a block.
    num_threads : int
        Of each task.
    """

    num_photos: int
    num_to_match: int
    min_score: float
    tile: int
    tiles_per_block: int
    num_threads: int = 1

    @property
    def num_blocks(self) -> int:
        """Number of blocks."""
        return -(-self.num_photos // self.rows_per_block)

    @property
    def rows_per_block(self) -> int:
        """Photos of a block; the last one may have fewer."""
        return self.tile * self.tiles_per_block

    def rows(self, block: int) -> slice:
        """Give the photos of a block."""
        start = block * self.rows_per_block
        return slice(start, min(start + self.rows_per_block, self.num_photos))

    def pairs(self) -> Iterator[BlockPair]:
        """Give all pairs of blocks, each block with itself first: these raise what others must exceed the most."""
        yield from ((block, block) for block in range(self.num_blocks))
        yield from combinations(range(self.num_blocks), 2)

    def search(self, vectors: NDArray[np.floating], is_usable: NDArray[np.bool_]) -> Search:
        """Give the search that turns proposals into the best."""
        return Search(vectors, is_usable, self.num_to_match, self.min_score, self.tile, self.num_threads)


def propose_pair(
    vectors: NDArray[np.floating], asked: Asked, pair: BlockPair, limits: tuple[Values, Values]
) -> tuple[Proposals, Proposals]:
    """Give the proposals of a pair of blocks: those for the first block, those for the second.

    Of a block with itself they are in the first; the second has no rows.

    Parameters
    ----------
    vectors : ndarray of float, shape (N, D)
        All descriptors, mapped from a file: only the two blocks are read.
    limits : pair of ndarray of float32
        For each photo of the two blocks, what a product must exceed.
    """
    one, two = (asked.rows(block) for block in pair)
    count = asked.search(vectors, np.zeros(0, bool)).count
    options = {"count": count, "block": asked.tile, "num_threads": asked.num_threads}
    if one == two:
        some = np.asarray(vectors[one])
        found = propose(some, is_nonzero(some), lowest=float(limits[0].min(initial=np.inf)), **options)
        return found.of_rows(slice(None), one.start), Proposals.empty(0, count)
    some = np.concatenate([vectors[one], vectors[two]])
    num_first = one.stop - one.start
    found = propose_between(some, num_first, is_nonzero(some), np.concatenate(limits), **options)
    return (
        found.of_rows(slice(num_first), two.start - num_first),
        found.of_rows(slice(num_first, None), one.start),
    )


def rank_block(
    vectors: NDArray[np.floating], asked: Asked, is_usable: NDArray[np.bool_], block: int, proposals: Proposals
) -> NDArray[np.int64]:
    """Give the packed best of each photo of a block, (rows, k), of the merged proposals for it.

    Parameters
    ----------
    is_usable : ndarray of bool, shape (N,)
        What :func:`hloc.retrieval.is_nonzero` says of all descriptors.
    """
    return asked.search(vectors, is_usable).best(proposals, start=asked.rows(block).start)


class Reduction:
    """The proposals of all photos while they are merged, and then the best; memory grows with photos times k.

    Parameters
    ----------
    vectors : ndarray of float, shape (N, D)
        All descriptors.
    """

    def __init__(self, asked: Asked, vectors: NDArray[np.floating]) -> None:
        self.asked = asked
        self.is_usable = is_nonzero(vectors, asked.tile)
        search = asked.search(vectors, self.is_usable)
        self._lowest = np.float32(search.lowest)
        self._found = [Proposals.empty(self._num_rows(block), search.count) for block in range(asked.num_blocks)]
        self._keys = np.full((asked.num_photos, asked.num_to_match), NO_PAIR)

    def _num_rows(self, block: int) -> int:
        rows = self.asked.rows(block)
        return rows.stop - rows.start

    def limits(self, pair: BlockPair) -> tuple[Values, Values]:
        """Give what products must exceed for each photo of the two blocks, as far as it is known by now."""
        one, two = (np.maximum(self._found[block].values.min(axis=1), self._lowest) for block in pair)
        return one, two

    def add(self, pair: BlockPair, found: tuple[Proposals, Proposals]) -> None:
        """Merge what :func:`propose_pair` gave."""
        for block, more in zip(pair, found, strict=True):
            if len(more.values):
                self._found[block] = self._found[block].with_more(more)

    def proposals(self, block: int) -> Proposals:
        """Give what is merged for a block."""
        return self._found[block]

    def put(self, block: int, keys: NDArray[np.int64]) -> None:
        """Take what :func:`rank_block` gave."""
        self._keys[self.asked.rows(block)] = keys

    def neighbours(self) -> Neighbours:
        """Give the result, when every block is ranked."""
        return Neighbours(self._keys, 1.0)
