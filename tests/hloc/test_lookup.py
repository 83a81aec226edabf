"""Queries looked up in a database: the same as scoring everything."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc import lookup
from hloc.lookup import look_up
from hloc.retrieval import top_k


def unit(rows: int, seed: int, dimension: int = 24, dtype: type = np.float32) -> NDArray[np.floating]:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(dtype)


def brute(database: NDArray[np.floating], query: NDArray[np.floating], k: int) -> list[tuple[int, float]]:
    scores = np.round(database.astype(np.float64) @ query.astype(np.float64), 7)
    return [(row, float(scores[row])) for row in np.lexsort((np.arange(len(database)), -scores))[:k].tolist()]


def found(*given: object) -> list[list[tuple[int, float]]]:
    hits = look_up(*given)  # type: ignore[arg-type]
    return [list(zip(rows.tolist(), scores.tolist(), strict=True)) for rows, scores in hits]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_it_finds_what_scoring_everything_finds(dtype: type) -> None:
    database, queries = unit(300, 0, dtype=dtype), unit(70, 1, dtype=dtype)
    for hits, query in zip(found(database, queries, 7), queries, strict=True):
        expected = brute(database, query, 7)
        assert [row for row, _ in hits] == [row for row, _ in expected]
        assert [score for _, score in hits] == pytest.approx([score for _, score in expected], abs=1.1e-7)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    database, queries = unit(50, 0), unit(9, 1)
    whole = found(database, queries, 5)
    monkeypatch.setattr(lookup, "QUERIES_PER_BLOCK", 2)
    monkeypatch.setattr(lookup, "COLUMNS_PER_BLOCK", 7)
    assert found(database, queries, 5) == whole


def test_a_photo_does_not_find_itself_where_it_is_said_who_it_is() -> None:
    database = unit(40, 0)
    hits = found(database, database, 6, np.arange(40))
    expected = [
        list(zip(others.tolist(), scores.tolist(), strict=True)) for _, others, scores in top_k(database, 6, -1.0)
    ]
    assert hits == expected
    assert found(database, database[:1], 1, np.array([-1]))[0][0][0] == 0


def test_equal_scores_come_in_the_order_of_the_database() -> None:
    database = np.repeat(unit(1, 0), 5, axis=0)
    assert [row for row, _ in found(database, unit(1, 0), 3)[0]] == [0, 1, 2]


def test_a_vector_of_zeros_is_never_found_and_finds_nothing() -> None:
    database, queries = unit(4, 0), unit(2, 1)
    database[1] = queries[0] = 0
    assert found(database, queries, 9)[0] == []
    assert sorted(row for row, _ in found(database, queries, 9)[1]) == [0, 2, 3]


def test_no_queries_find_nothing() -> None:
    assert found(unit(3, 0), unit(0, 1), 2) == []
