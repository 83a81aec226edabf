"""The choice of a clusterer on drawn collections: what is drawn, what is compared, what is chosen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import bench_evidence
from benchmarks.bench_evidence import WAYS, Measured, by_components, by_log_odds, choose, main, parse_args
from benchmarks.drawn_pairs import KINDS, Collection, Kind, draw_collection
from clustering.clusterers.evidence import AGREEMENT_THRESH
from clustering.evaluation import evaluate
from clustering.graph import ScoredPairs


@pytest.fixture(scope="module")
def collection() -> Collection:
    return draw_collection(Kind(), 1)


def test_the_same_seed_draws_the_same_collection(collection: Collection) -> None:
    again = draw_collection(Kind(), 1)
    assert (again.labels == collection.labels).all() and (again.pairs.score == collection.pairs.score).all()
    assert not np.array_equal(draw_collection(Kind(), 2).labels, collection.labels)


def test_drawn_probabilities_say_how_often_pairs_are_right(collection: Collection) -> None:
    pairs = collection.pairs
    is_same = collection.labels[pairs.first] == collection.labels[pairs.second]
    for low, high in ((0.0, 0.1), (0.9, 1.0)):
        within = (pairs.score >= low) & (pairs.score <= high)
        assert within.sum() > 50 and abs(is_same[within].mean() - pairs.score[within].mean()) < 0.05


def test_candidates_are_pairs_of_two_photos_once_each(collection: Collection) -> None:
    pairs = collection.pairs
    assert (pairs.first < pairs.second).all()
    assert len(np.unique(np.column_stack((pairs.first, pairs.second)), axis=0)) == len(pairs.first)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "plain"])
def test_every_other_kind_is_harder_in_its_way(name: str) -> None:
    plain, hard = ([draw_collection(kind, seed) for seed in (3, 4)] for kind in (KINDS["plain"], KINDS[name]))
    if name == "large buildings":
        assert min(np.bincount(each.labels).max() for each in hard) > max(
            np.bincount(each.labels).max() for each in plain
        )
        return

    def wrong(collections: list[Collection]) -> float:
        """The sum of the probabilities of wrong pairs."""
        pairs = [(each.labels, each.pairs) for each in collections]
        return sum(float(pair.score[labels[pair.first] != labels[pair.second]].sum()) for labels, pair in pairs)

    assert wrong(hard) > wrong(plain)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_finds_two_groups_that_nothing_connects(way: bench_evidence.Way) -> None:
    pairs = ScoredPairs.from_arrays(7, [0, 0, 1, 3, 3, 4], [1, 2, 2, 4, 5, 5], [0.985] * 6)
    group = way.group(pairs, way.thresholds[2])
    assert evaluate([0, 0, 0, 1, 1, 1, 2], group).num_moves == 0


@pytest.mark.parametrize(("group", "is_glued"), [(by_components, True), (by_log_odds, False)])
def test_what_speaks_against_a_join_counts_only_where_pairs_are_summed(
    group: Callable[[ScoredPairs, float], np.ndarray], is_glued: bool
) -> None:
    lines = [(0, 1, 0.99), (2, 3, 0.99), (0, 2, 0.8), (0, 3, 0.05), (1, 2, 0.05), (1, 3, 0.05)]
    found = group(ScoredPairs.from_arrays(4, *zip(*lines, strict=True)), 0.5)
    assert (found[0] == found[2]) == is_glued and found[0] == found[1] and found[2] == found[3]


def measured(precision: float, recall: float, bcubed_f1: float) -> Measured:
    return {"plain": np.array([precision, recall, 0.0, bcubed_f1])}


def test_of_the_precise_thresholds_the_one_with_the_best_groups_is_chosen() -> None:
    found = {0.1: measured(0.9, 0.9, 0.95), 0.2: measured(0.98, 0.8, 0.9), 0.3: measured(0.99, 0.7, 0.85)}
    assert choose(found, 0.97) == 0.2


def test_where_none_is_precise_enough_the_most_precise_that_joins_anything_is_chosen() -> None:
    found = {0.1: measured(0.5, 0.9, 0.7), 0.2: measured(0.8, 0.8, 0.6), 0.3: measured(1.0, 0.0, 0.4)}
    assert choose(found, 0.97) == 0.2


def test_the_default_is_among_those_compared() -> None:
    assert AGREEMENT_THRESH in WAYS["evidence"].thresholds


def test_both_tables_are_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench_evidence, "KINDS", {"plain": Kind()})
    monkeypatch.setattr(bench_evidence, "WAYS", {"components": bench_evidence.Way(by_components, (0.8, 0.95))})
    assert main(parse_args(["--num_collections", "1"])) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("## choice of thresholds on 1 drawn collections")
    assert len([line for line in lines if line.startswith("| components")]) == 3
    assert len([line for line in lines if " * |" in line]) == 1
