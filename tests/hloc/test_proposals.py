from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc import proposals as module
from hloc.proposals import Proposals, propose
from tests.hloc.test_retrieval import unit_vectors


def as_sets(found: Proposals) -> list[set[int]]:
    return [
        {int(other) for other, value in zip(others, values, strict=True) if value > -np.inf}
        for values, others in zip(found.values, found.indices, strict=True)
    ]


def highest(vectors: NDArray[np.float32], count: int) -> list[set[int]]:
    product = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    np.fill_diagonal(product, -np.inf)
    return [set(row[: min(count, len(vectors) - 1)].tolist()) for row in np.argsort(-product, axis=1)]


@pytest.mark.parametrize("block", [1, 7, 16, 64, 100, 1000])
@pytest.mark.parametrize("count", [1, 5, 30])
def test_the_highest_are_proposed_for_any_size_of_tiles(block: int, count: int) -> None:
    vectors = unit_vectors(100)
    found = propose(vectors, np.ones(100, bool), count, block)
    assert as_sets(found) == highest(vectors, count)


def test_values_are_the_products_of_the_pairs() -> None:
    vectors = unit_vectors(90, 32)
    found = propose(vectors, np.ones(90, bool), 6, 16)
    expected = np.einsum("rd,rkd->rk", vectors, vectors[found.indices])
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


@pytest.mark.parametrize("num_threads", [1, 2, 5])
def test_the_number_of_threads_changes_nothing(num_threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: num_threads)
    vectors = unit_vectors(200)
    assert as_sets(propose(vectors, np.ones(200, bool), 9, 20)) == highest(vectors, 9)


def test_unusable_vectors_are_proposed_to_none_and_have_no_proposals() -> None:
    vectors, is_usable = unit_vectors(40), np.arange(40) % 3 > 0
    found = as_sets(propose(vectors, is_usable, 50, 8))
    usable = set(np.flatnonzero(is_usable).tolist())
    assert found == [usable - {row} if row in usable else set() for row in range(40)]


def test_what_is_not_wanted_need_not_be_there_and_the_rest_is() -> None:
    vectors = unit_vectors(120)
    found = as_sets(propose(vectors, np.ones(120, bool), 100, 10, lowest=0.4))
    product = vectors @ vectors.T
    np.fill_diagonal(product, -1)
    wanted = [set(np.flatnonzero(row > 0.4 + 1e-6).tolist()) for row in product]
    assert all(some <= given for some, given in zip(wanted, found, strict=True))
    assert sum(map(len, found)) < product.size / 4


def test_half_precision_vectors_are_read_tile_by_tile() -> None:
    vectors = unit_vectors(60).astype(np.float16)
    assert as_sets(propose(vectors, np.ones(60, bool), 4, 16)) == highest(vectors.astype(np.float32), 4)


def test_an_error_in_one_thread_ends_the_search_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fails(vectors: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        calls.append(rows)
        raise MemoryError("no room")

    monkeypatch.setattr(module, "block_of", fails)
    with pytest.raises(MemoryError, match="no room"):
        propose(unit_vectors(500), np.ones(500, bool), 3, 5)
    assert len(calls) <= 2 * module.usable_cores()


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_vectors_have_no_proposals(count: int) -> None:
    assert as_sets(propose(unit_vectors(count), np.ones(count, bool), 3, 8)) == [set()] * count
