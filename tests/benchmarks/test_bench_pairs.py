from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bench_pairs import WAYS, draw, share_right


@pytest.mark.parametrize("kind", ["random", "buildings"])
def test_drawn_descriptors_are_unit_vectors_and_the_same_each_time(kind: str) -> None:
    first, second = np.empty((2, 60, 32), np.float32)
    draw(kind, 60, 32, first)
    draw(kind, 60, 32, second)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("way", ["full", "exact"])
def test_both_ways_find_the_right_neighbours(way: str) -> None:
    vectors = np.empty((80, 64), np.float32)
    draw("buildings", 80, 64, vectors)
    others, _ = WAYS[way](vectors, 6)
    assert share_right(vectors, others) > 0.9


def test_wrong_neighbours_are_noticed() -> None:
    vectors = np.empty((40, 64), np.float32)
    draw("random", 40, 64, vectors)
    others, _ = WAYS["exact"](vectors, 4)
    assert share_right(vectors, others) == 1
    assert share_right(vectors, others[:, ::-1]) == 0
