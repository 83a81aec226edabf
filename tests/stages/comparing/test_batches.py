"""Batches and their merging, with scores from a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clustering.comparisons import label_components
from hloc.similarities.base import Rows, Scorer, Scores
from stages.comparing.batches import BatchedComparison, Outcome
from stages.comparing.plan import Plan
from stages.settings.compare import CompareSettings
from storage.errors import StageError
from storage.fingerprints import Fingerprint
from tests.tiny_similarity import PixelSimilarity

TABLE: dict[str, np.ndarray] = {}


class NumberStore:
    """Gives each photo's number as its feature."""

    def read(self, names: Sequence[str]) -> list[np.ndarray]:
        return [np.array([int(name)]) for name in names]


class TableScorer(Scorer):
    """Looks the scores of photos up by their numbers."""

    def __init__(self, features: Sequence[np.ndarray], table: np.ndarray) -> None:
        self.numbers = np.array([int(feature[0]) for feature in features], dtype=np.int64)
        self.table = table

    def block(self, first: Rows, second: Rows) -> Scores:
        return self.table[np.ix_(self.numbers[first], self.numbers[second])]

    def pairs(self, first: Rows, second: Rows) -> Scores:
        return self.table[self.numbers[first], self.numbers[second]]


class TableSimilarity(PixelSimilarity):
    """Scores of a table, photos by number."""

    table: np.ndarray

    def scorer(self, features: Sequence[np.ndarray]) -> Scorer:
        return TableScorer(features, self.table)


def compared(table: np.ndarray, scores_blocks: bool = False, **how: Any) -> tuple[Outcome, Plan]:
    similarity = TableSimilarity(scores_blocks=scores_blocks)
    similarity.table = table
    # names and sizes such that the order is that of the numbers
    prints = {f"{number:03d}": Fingerprint(number, 0, "00") for number in range(len(table))}
    plan = Plan.of(CompareSettings(**{"threshold": 0.5} | how), similarity, prints, [])
    run = BatchedComparison(plan, NumberStore(), lambda scorer: scorer, Path("no such folder") / "state.h5")  # type: ignore[arg-type]
    return run.run(), plan


def table_of(num_photos: int, similar: set[tuple[int, int]]) -> np.ndarray:
    table = np.zeros((num_photos, num_photos))
    for one, two in similar:
        table[one, two] = table[two, one] = 0.9
    return table


def groups(outcome: Outcome, num_photos: int) -> list[list[int]]:
    label = label_components(num_photos, outcome.first, outcome.second)
    return sorted(np.flatnonzero(label == number).tolist() for number in set(label.tolist()))


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=20),
    st.integers(2, 20),
    st.sampled_from(["exact", "leader", "none"]),
    st.booleans(),
)
def test_where_alike_is_transitive_batches_with_rescue_give_the_groups_of_one_run(
    classes: list[int], batch_size: int, skip: str, scores_blocks: bool
) -> None:
    label = np.array(classes)
    table = np.where(label[:, None] == label, 0.9, 0.1)
    outcome, _ = compared(table, scores_blocks, batch_size=batch_size, skip=skip, rescue_outliers=True)
    whole, _ = compared(table, skip="none")
    assert groups(outcome, len(table)) == groups(whole, len(table))


@settings(max_examples=40)
@given(st.data(), st.integers(2, 12), st.sampled_from(["exact", "none"]), st.booleans())
def test_batches_never_join_what_one_run_does_not(
    data: st.DataObject, batch_size: int, skip: str, rescue: bool
) -> None:
    every = [(one, two) for two in range(12) for one in range(two)]
    table = table_of(12, data.draw(st.sets(st.sampled_from(every), max_size=20)))
    outcome, _ = compared(table, batch_size=batch_size, skip=skip, rescue_outliers=rescue)
    whole, _ = compared(table)
    label = label_components(12, whole.first, whole.second)
    assert (label[outcome.first] == label[outcome.second]).all()


def test_pairs_of_a_batch_and_pairs_across_are_counted_by_themselves() -> None:
    # two batches of four; 0 and 1, 4 and 5 alike; their representatives 0 and 4 alike too
    outcome, _ = compared(table_of(8, {(0, 1), (4, 5), (0, 4)}), batch_size=4)
    assert (outcome.num_compared + outcome.num_skipped, outcome.num_compared_across) == (12, 1)
    assert outcome.representatives == [(0, 0, 2), (1, 4, 2)]
    assert set(zip(outcome.first.tolist(), outcome.second.tolist(), strict=True)) == {(0, 1), (4, 5), (0, 4)}


def test_only_representatives_are_compared_across_batches() -> None:
    # 1 is like 4, but neither stands for its cluster
    outcome, _ = compared(table_of(8, {(0, 1), (0, 2), (4, 5), (5, 6), (1, 4)}), batch_size=4)
    assert groups(outcome, 8) == [[0, 1, 2], [3], [4, 5, 6], [7]]
    assert [photo for _, photo, _ in outcome.representatives] == [0, 5]


def test_outliers_join_across_batches_only_when_rescued() -> None:
    table = table_of(6, {(0, 1), (2, 5), (0, 4)})  # 2 and 5 are outliers of two batches; 4 is like a representative
    assert groups(compared(table, batch_size=3)[0], 6) == [[0, 1], [2], [3], [4], [5]]
    rescued, _ = compared(table, batch_size=3, rescue_outliers=True)
    assert groups(rescued, 6) == [[0, 1, 4], [2, 5], [3]]


def test_representatives_of_one_batch_are_not_compared_again() -> None:
    outcome, _ = compared(table_of(8, {(0, 1), (2, 3), (4, 5)}), batch_size=4, skip="none")
    assert outcome.num_compared_across == 2 and outcome.num_skipped_across == 0


def test_without_merging_nothing_is_compared_across_but_representatives_are_told() -> None:
    outcome, _ = compared(table_of(8, {(0, 1), (4, 5), (0, 4)}), batch_size=4, option="dontmerge")
    assert outcome.num_compared_across == 0 and len(outcome.representatives) == 2
    assert groups(outcome, 8) == [[0, 1], [2], [3], [4, 5], [6], [7]]


def test_the_five_photos_of_a_chain_are_one_cluster_with_exact_and_not_with_leader() -> None:
    chain = table_of(5, {(0, 1), (1, 2)})
    assert groups(compared(chain)[0], 5) == [[0, 1, 2], [3], [4]]
    assert groups(compared(chain, skip="leader")[0], 5) == [[0, 1], [2], [3], [4]]


def test_more_similar_pairs_than_memory_is_for_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.comparing.batches.MAX_PAIRS", 27)
    everything = table_of(8, {(one, two) for two in range(8) for one in range(two)})
    with pytest.raises(StageError, match="more than 27 pairs are similar at --threshold 0.5: raise it, or"):
        compared(everything, scores_blocks=True)
    assert len(compared(everything, scores_blocks=True, skip="leader")[0].first) == 7
    assert len(compared(everything, scores_blocks=True, batch_size=7)[0].first) == 21


# -- going on ---------------------------------------------------------------------------------------------------------


class CutError(Exception):
    """The run is cut here."""


class CuttingScorer(TableScorer):
    """Stops the run after a number of calls."""

    calls_left = 10**9

    def block(self, first: Rows, second: Rows) -> Scores:
        self._count()
        return super().block(first, second)

    def pairs(self, first: Rows, second: Rows) -> Scores:
        self._count()
        return super().pairs(first, second)

    def _count(self) -> None:
        if CuttingScorer.calls_left == 0:
            raise CutError
        CuttingScorer.calls_left -= 1


class CuttingSimilarity(TableSimilarity):
    """As the similarity of a table, but stops."""

    def scorer(self, features: Sequence[np.ndarray]) -> Scorer:
        return CuttingScorer(features, self.table)


def cut_run(table: np.ndarray, path: Path, calls: int, how: dict[str, Any], blocks: bool) -> Outcome | None:
    similarity = CuttingSimilarity(scores_blocks=blocks)
    similarity.table = table
    prints = {f"{number:03d}": Fingerprint(number, 0, "00") for number in range(len(table))}
    plan = Plan.of(CompareSettings(**{"threshold": 0.5} | how), similarity, prints, [])
    CuttingScorer.calls_left = calls
    try:
        return BatchedComparison(plan, NumberStore(), lambda scorer: scorer, path).run()  # type: ignore[arg-type]
    except CutError:
        return None


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(["exact", "leader", "none"]), st.booleans(), st.booleans())
def test_cut_again_and_again_a_comparison_ends_as_in_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: st.DataObject, skip: str, blocks: bool, rescue: bool
) -> None:
    monkeypatch.setattr("stages.comparing.batches.CHECKPOINT_S", 0.0)
    monkeypatch.setattr("clustering.comparisons.PAIRS_AT_ONCE", 6)
    monkeypatch.setattr("clustering.comparisons.SCORES_AT_ONCE", 12)
    every = [(one, two) for two in range(10) for one in range(two)]
    table = table_of(10, data.draw(st.sets(st.sampled_from(every), max_size=20)))
    how = {"batch_size": data.draw(st.integers(2, 10)), "skip": skip, "rescue_outliers": rescue}
    path = tmp_path / "state.h5"
    path.unlink(missing_ok=True)
    whole = cut_run(table, path, 10**9, how, blocks)
    path.unlink(missing_ok=True)
    found, runs = None, 0
    while found is None:
        found = cut_run(table, path, data.draw(st.integers(2, 6)), how, blocks)
        runs += 1
        assert runs < 60
    assert whole is not None and found.representatives == whole.representatives
    for column in ("first", "second", "score"):
        assert getattr(found, column).tolist() == getattr(whole, column).tolist()
    assert (found.num_compared, found.num_compared_across) == (whole.num_compared, whole.num_compared_across)
    assert (found.num_skipped, found.num_skipped_across) == (whole.num_skipped, whole.num_skipped_across)
