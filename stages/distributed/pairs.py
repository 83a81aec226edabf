"""The exact search for pairs as tasks of a Ray cluster: blocks of :mod:`hloc.block_search`, merged as they come.

The descriptors lie in a temporary file of the outputs folder while the tasks run, so a task is told which photos to
compare, and only proposals travel. What a killed worker was at is computed again, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.block_search import ROWS_PER_TASK, Asked, BlockPair, Reduction, propose_pair, rank_block
from hloc.proposals import Proposals, Values
from hloc.retrieval import ROWS_PER_BLOCK, Neighbours, SearchWay, find_neighbours
from stages.distributed.tasks import Call, remote_task, run_tasks
from storage.formats.mapped_array import map_array, shared_array
from storage.progress import progress_bar

TASKS_PER_CORE = 2  # that are under way at a time: no core waits, and results do not pile up
ARRAY_NAME = "descriptors"


def propose_task(
    path: Path, asked: Asked, pair: BlockPair, limits: tuple[Values, Values]
) -> tuple[Proposals, Proposals]:
    """Compare a pair of blocks on a worker; see :func:`hloc.block_search.propose_pair`."""
    return propose_pair(map_array(path), asked, pair, limits)


def rank_task(
    path: Path, asked: Asked, is_usable: NDArray[np.bool_], block: int, proposals: Proposals
) -> NDArray[np.int64]:
    """Find the best of a block on a worker; see :func:`hloc.block_search.rank_block`."""
    return rank_block(map_array(path), asked, is_usable, block, proposals)


@dataclass(frozen=True)
class RayPairs:
    """Finds neighbours as :func:`hloc.retrieval.find_neighbours` does, on a cluster that is connected to.

    Attributes
    ----------
    ray : module
        Ray.
    outputs_dir : Path
        A folder that all machines see under the same path, locked by the caller.
    num_cpus : int
        Cores of a task.
    tile, tiles_per_block : int
        How the photos are cut.
    propose : callable
        What the tasks that compare blocks run.
    """

    ray: Any
    outputs_dir: Path
    num_cpus: int = 1
    tile: int = ROWS_PER_BLOCK
    tiles_per_block: int = ROWS_PER_TASK // ROWS_PER_BLOCK
    propose: Callable[..., tuple[Proposals, Proposals]] = propose_task

    def __call__(
        self, descriptors: NDArray[np.floating], num_to_match: int, min_score: float, way: SearchWay
    ) -> Neighbours:
        """Find the neighbours; where one block holds all photos, or not the processor proposes, without the cluster."""
        num_photos = len(descriptors)
        asked = Asked(num_photos, num_to_match, min_score, self.tile, self.tiles_per_block, self.num_cpus)
        if asked.num_blocks < 2 or way.kind != "exact" or way.device != "cpu":
            return find_neighbours(descriptors, num_to_match, min_score, way)
        reduction = Reduction(asked, np.asarray(descriptors))
        with shared_array(self.outputs_dir, ARRAY_NAME, descriptors) as path:
            self._merge_proposals(reduction, path)
            self._rank(reduction, path)
        return reduction.neighbours()

    def _merge_proposals(self, reduction: Reduction, path: Path) -> None:
        asked = reduction.asked

        def calls() -> Iterator[Call]:
            for pair in asked.pairs():
                label = f"the comparison of blocks {pair[0] + 1} and {pair[1] + 1} of {asked.num_blocks}"
                yield Call(label, pair, (path, asked, pair, reduction.limits(pair)))

        num_pairs = asked.num_blocks * (asked.num_blocks + 1) // 2
        results = run_tasks(self.ray, remote_task(self.ray, self.propose, self.num_cpus), calls(), self._most())
        for pair, found in progress_bar(results, num_pairs, "pairs of blocks"):
            reduction.add(pair, found)

    def _rank(self, reduction: Reduction, path: Path) -> None:
        asked, is_usable = reduction.asked, self.ray.put(reduction.is_usable)

        def calls() -> Iterator[Call]:
            for block in range(asked.num_blocks):
                label = f"the ranking of block {block + 1} of {asked.num_blocks}"
                yield Call(label, block, (path, asked, is_usable, block, reduction.proposals(block)))

        results = run_tasks(self.ray, remote_task(self.ray, rank_task, self.num_cpus), calls(), self._most())
        for block, keys in progress_bar(results, asked.num_blocks, "scores"):
            reduction.put(block, keys)

    def _most(self) -> int:
        return max(2, TASKS_PER_CORE * int(self.ray.cluster_resources().get("CPU", 1) // self.num_cpus))
