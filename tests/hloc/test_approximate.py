from __future__ import annotations

import logging

import numpy as np
import pytest

from hloc import approximate
from hloc.approximate import APPROXIMATE_FROM, choose_search, propose_approximately
from hloc.retrieval import SearchWay, find_neighbours
from hloc.scoring import NO_PAIR, unpack
from storage.errors import UsageError
from tests.hloc.test_proposals import as_sets, highest
from tests.hloc.test_retrieval import brute_force, unit_vectors


def missing() -> None:
    raise UsageError("not installed")


def test_few_photos_are_searched_exactly_without_a_look_for_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "import_usearch", missing)
    assert choose_search("auto", APPROXIMATE_FROM - 1) == "exact"
    assert choose_search("exact", 10**7) == "exact"


def test_many_photos_are_searched_by_an_index_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(approximate, "import_usearch", lambda: None)
    with caplog.at_level(logging.INFO):
        assert choose_search("auto", APPROXIMATE_FROM) == "approximate"
    assert caplog.messages == [
        "search: approximate for 300000 photos (chosen automatically; --search exact misses none)"
    ]


def test_many_photos_without_the_library_are_searched_exactly_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(approximate, "import_usearch", missing)
    with caplog.at_level(logging.INFO):
        assert choose_search("auto", APPROXIMATE_FROM) == "exact"
    assert "pip install -r requirements-search.txt" in caplog.text


def test_asking_for_an_index_without_the_library_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(approximate.importlib, "import_module", fails)
    with pytest.raises(UsageError, match="--search approximate: usearch cannot be used .*--search exact"):
        choose_search("approximate", 10)


class TestWithLibrary:
    @pytest.fixture(autouse=True)
    def _library(self) -> None:
        pytest.importorskip("usearch.index", reason="usearch is not installed: pip install -r requirements-search.txt")

    def test_most_of_the_highest_are_proposed(self) -> None:
        vectors = unit_vectors(400, 32)
        found = as_sets(propose_approximately(vectors, np.ones(400, bool), 12))
        wanted = highest(vectors, 12)
        assert sum(len(a & b) for a, b in zip(found, wanted, strict=True)) > 0.9 * 12 * 400
        assert all(row not in others for row, others in enumerate(found))

    def test_unusable_vectors_are_proposed_to_none_and_have_no_proposals(self) -> None:
        is_usable = np.arange(30) % 3 > 0
        found = as_sets(propose_approximately(unit_vectors(30), is_usable, 40))
        usable = set(np.flatnonzero(is_usable).tolist())
        assert found == [usable - {row} if row in usable else set() for row in range(30)]

    def test_proposals_are_scored_exactly(self) -> None:
        vectors = unit_vectors(200, 24)
        found = find_neighbours(vectors, 6, way=SearchWay("approximate"))
        exact = dict(enumerate(map(dict, brute_force(vectors, 199))))
        for row, keys in enumerate(found.keys):
            others, scores = unpack(keys[keys < NO_PAIR])
            assert [exact[row][int(other)] for other in others] == scores.tolist()
        assert 0.9 < found.recall <= 1

    @pytest.mark.parametrize("count", [1, 2])
    def test_one_photo_or_two_make_no_trouble(self, count: int) -> None:
        found = find_neighbours(unit_vectors(count), 3, -1.0, SearchWay("approximate"))
        assert (found.keys < NO_PAIR).sum() == count * (count - 1)
