"""Pairs one by one: each once, the lower row first, what was prepared of a photo kept for a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hloc.similarities.base import Rows, Scores
from hloc.similarities.ordered import LEAST_KEPT_BYTES, MOST_KEPT_BYTES, TILE, OrderedScorer, keeping
from tests.hloc.similarities.drawn import make, scene


class Recorder(OrderedScorer):
    """Scores a pair by its rows, unlike in both directions, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def score_ordered(self, low: Rows, high: Rows) -> Scores:
        self.asked += list(zip(low.tolist(), high.tolist(), strict=True))
        return low + high / 1000


def rows(*numbers: int) -> Rows:
    return np.array(numbers, np.int64)


def test_a_pair_is_computed_once_whatever_its_order() -> None:
    recorder = Recorder()
    scores = recorder.pairs(rows(2, 5, 2, 7), rows(5, 2, 5, 7))
    assert sorted(recorder.asked) == [(2, 5), (7, 7)]
    assert scores.tolist() == [2.005, 2.005, 2.005, 7.007]


def test_the_square_of_a_block_is_computed_by_half() -> None:
    recorder = Recorder()
    block = recorder.block(np.arange(10), np.arange(10))
    assert len(recorder.asked) == 55
    assert np.array_equal(block, block.T)


def test_every_score_lies_where_it_was_asked_for() -> None:
    block = Recorder().block(rows(9, 300, 4), rows(1, 9))
    assert block.tolist() == [[1.009, 9.009], [1.3, 9.3], [1.004, 4.009]]


def test_scores_are_rounded() -> None:
    class Thirds(OrderedScorer):
        def score_ordered(self, low: Rows, high: Rows) -> Scores:
            return np.full(len(low), 1 / 3)

    assert Thirds().pairs(rows(0), rows(1)).tolist() == [0.3333333]


def test_pairs_are_computed_tile_by_tile() -> None:
    recorder = Recorder()
    everyone = np.arange(3 * TILE)
    recorder.block(everyone, everyone)
    tiles = [(low // TILE, high // TILE) for low, high in recorder.asked]
    changes = sum(one != other for one, other in zip(tiles, tiles[1:], strict=False))
    assert changes == 5  # six tiles on and above the diagonal


def test_what_was_prepared_is_kept() -> None:
    prepared: list[int] = []
    kept = keeping(lambda row: prepared.append(row) or row, bytes_each=1000)
    assert [kept(3), kept(4), kept(3)] == [3, 4, 3]
    assert prepared == [3, 4]


@pytest.mark.parametrize("available", [0, None, 4 * LEAST_KEPT_BYTES])
def test_no_more_is_kept_than_fits(available: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hloc.similarities.ordered.available_memory", lambda: available)
    prepared: list[int] = []
    kept = keeping(lambda row: prepared.append(row) or row, bytes_each=LEAST_KEPT_BYTES // 3)
    for row in (0, 1, 2, 3, 0):
        kept(row)
    assert prepared == [0, 1, 2, 3, 0]


def test_more_is_kept_where_there_is_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hloc.similarities.ordered.available_memory", lambda: 8 * LEAST_KEPT_BYTES)
    prepared: list[int] = []
    kept = keeping(lambda row: prepared.append(row) or row, bytes_each=LEAST_KEPT_BYTES // 3)
    for row in (0, 1, 2, 3, 4, 5, 0):
        kept(row)
    assert prepared == [0, 1, 2, 3, 4, 5]


def test_two_photos_are_kept_however_large() -> None:
    prepared: list[int] = []
    kept = keeping(lambda row: prepared.append(row) or row, bytes_each=10 * MOST_KEPT_BYTES)
    for row in (0, 1, 0, 1):
        kept(row)
    assert prepared == [0, 1]


def test_threads_may_share_a_scorer() -> None:
    for name in ("ssim", "orb", "tm"):
        similarity = make(name)
        scorer = similarity.scorer([similarity.describe(scene(seed)) for seed in range(5)])
        everyone = np.arange(5)
        expected = similarity.scorer([similarity.describe(scene(seed)) for seed in range(5)]).block(everyone, everyone)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: scorer.block(everyone, everyone), range(4)))  # noqa: B023
        assert all(np.array_equal(block, expected) for block in found)
