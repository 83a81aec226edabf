from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.block_search import Asked, BlockPair
from hloc.proposals import Proposals, Values
from hloc.retrieval import SearchWay, find_neighbours
from stages.distributed.pairs import RayPairs, propose_task
from stages.extract import extract_features
from stages.extract_shard import extract_shard
from stages.merge import merge_features
from stages.settings.pipeline import ExtractSettings, MergeSettings
from storage.errors import StageError
from tests.drawn_photos import save_photos
from tests.hloc.test_retrieval import unit_vectors
from tests.stages.ray_cluster import needs_ray

VECTORS = unit_vectors(150, 24)


def propose_and_die_once(
    path: Path, asked: Asked, pair: BlockPair, limits: tuple[Values, Values]
) -> tuple[Proposals, Proposals]:
    """Leave a trace of every call; kill the worker at the first call for blocks 1 and 3."""
    traces = path.parent / "traces"
    is_first = not list(traces.glob("1-3-*"))
    (traces / f"{pair[0]}-{pair[1]}-{os.getpid()}-{os.urandom(4).hex()}").touch()
    if pair == (1, 3) and is_first:
        os.kill(os.getpid(), signal.SIGKILL)
    return propose_task(path, asked, pair, limits)


def propose_nothing(*_: Any) -> tuple[Proposals, Proposals]:
    raise StageError("a machine does not see the folder")


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file()]


@needs_ray
@pytest.mark.parametrize("min_score", [-1.0, 0.2])
def test_tasks_find_the_neighbours_of_one_machine(cluster: Any, tmp_path: Path, min_score: float) -> None:
    pairs = RayPairs(cluster, tmp_path, tile=10, tiles_per_block=3)
    found = pairs(VECTORS, 8, min_score, SearchWay())
    np.testing.assert_array_equal(found.keys, find_neighbours(VECTORS, 8, min_score).keys)
    assert found.recall == 1.0 and not files_in(tmp_path)


@needs_ray
def test_a_worker_killed_in_mid_run_costs_only_its_block(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "traces").mkdir()
    pairs = RayPairs(cluster, tmp_path, tile=10, tiles_per_block=3, propose=propose_and_die_once)
    found = pairs(VECTORS, 8, -1.0, SearchWay())
    np.testing.assert_array_equal(found.keys, find_neighbours(VECTORS, 8, -1.0).keys)
    calls = sorted(path.name[:3] for path in (tmp_path / "traces").iterdir())
    assert calls == sorted([*(f"{one}-{two}" for one in range(5) for two in range(one, 5)), "1-3"])


@needs_ray
def test_a_failure_of_a_task_is_told_and_leaves_no_file(cluster: Any, tmp_path: Path) -> None:
    pairs = RayPairs(cluster, tmp_path, tile=10, tiles_per_block=3, propose=propose_nothing)
    with pytest.raises(StageError, match="a machine does not see the folder"):
        pairs(VECTORS, 8, -1.0, SearchWay())
    assert not files_in(tmp_path)


@needs_ray
def test_the_pairs_file_has_the_bytes_of_one_machine(cluster: Any, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 11)
    options = {"model": "street", "num_workers": 0, "min_score": -1.0, "num_to_match": 4}
    extract_features(ExtractSettings(tmp_path / "photos", tmp_path / "one", **options))  # type: ignore[arg-type]
    extract_shard(ExtractSettings(tmp_path / "photos", tmp_path / "ray", shard="1/1", **options))  # type: ignore[arg-type]
    merge_features(MergeSettings(tmp_path / "ray"), RayPairs(cluster, tmp_path / "ray", tile=2, tiles_per_block=2))
    for name in ("pairs-street.txt", "pairs-street.json"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_one_block_needs_no_cluster(tmp_path: Path) -> None:
    pairs = RayPairs(None, tmp_path, tile=10, tiles_per_block=15)
    found = pairs(VECTORS, 8, 0.0, SearchWay())
    np.testing.assert_array_equal(found.keys, find_neighbours(VECTORS, 8, 0.0).keys)


def test_an_approximate_search_stays_on_one_machine(tmp_path: Path) -> None:
    pytest.importorskip("usearch")
    pairs = RayPairs(None, tmp_path, tile=10, tiles_per_block=3)
    assert 0 < pairs(VECTORS, 8, 0.0, SearchWay("approximate")).recall <= 1
