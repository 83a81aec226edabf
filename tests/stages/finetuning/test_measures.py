"""Whether a network is better than the start, and how sure that is."""

from __future__ import annotations

import numpy as np
import pytest

from stages.finetuning.measures import Judged, compare, judge, sentence

BUILDINGS = np.repeat(np.arange(8), 3)


def descriptors(noise: float, seed: int = 0) -> np.ndarray:
    """Photos of a building around its own direction."""
    rng = np.random.default_rng(seed)
    rows = np.eye(8)[BUILDINGS] + rng.normal(0, noise, (24, 8))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture
def good() -> Judged:
    return judge("good", descriptors(0.05), BUILDINGS)


@pytest.fixture
def bad() -> Judged:
    return judge("bad", descriptors(1.5), BUILDINGS)


def test_perfect_descriptors_have_perfect_figures(good: Judged) -> None:
    row = good.as_row((1, 5))
    assert row["mean_average_precision"] == row["recall_at_1"] == row["bcubed_f1"] == 1
    assert row["mean_ratio_1"] < 0.5 and row["mean_separation"] > 1


def test_poor_descriptors_have_poor_figures(good: Judged, bad: Judged) -> None:
    assert bad.mean_average_precision < 0.6 and bad.clusters.bcubed_f1 < 0.8
    assert bad.recall_at(1) < bad.recall_at(10) <= 1
    assert bad.mean_of("ratio_2") > good.mean_of("ratio_2")


def test_the_rank_of_the_best_partner_decides_the_recall() -> None:
    rows = np.array([[1, 0], [0.9, 0.1], [0.95, 0.05], [0, 1]], np.float32)
    judged = judge("net", rows / np.linalg.norm(rows, axis=1, keepdims=True), np.array([0, 0, 1, 2]))
    assert judged.first_rank.tolist() == [2, 2] and judged.precision.tolist() == [0.5, 0.5]
    assert (judged.recall_at(1), judged.recall_at(2)) == (0, 1)


def test_what_helps_is_called_better_and_what_hurts_worse(good: Judged, bad: Judged) -> None:
    up, down = compare(bad, good, 500, 0), compare(good, bad, 500, 0)
    assert up.verdict == "better" and up.gain == pytest.approx(-down.gain) and down.verdict == "worse"
    assert up.low is not None and up.high is not None and 0 < up.low < up.gain < up.high
    assert sentence(bad, good, up).startswith("good is better than the start: mean average precision 0.")
    told = sentence(good, bad, down)
    assert told.startswith("bad is worse than the start, keep the start: ") and "over 8 buildings -0." in told


def test_no_difference_is_not_called_one(bad: Judged) -> None:
    same = compare(bad, bad, 200, 0)
    assert (same.gain, same.low, same.high, same.verdict) == (0, 0, 0, "uncertain")
    assert "not shown to be better or worse" in sentence(bad, bad, same)


def test_a_gain_in_one_building_of_many_is_not_called_better() -> None:
    start = judge("start", descriptors(0.6, 1), BUILDINGS)
    precision = np.where(start.building == 3, 1.0, start.precision)
    other = Judged("other", start.building, precision, start.first_rank, start.clusters, start.statistics)
    found = compare(start, other, 500, 0)
    assert found.gain > 0 and found.low == 0 and found.verdict == "uncertain"


def test_one_building_gives_no_interval() -> None:
    one = judge("one", descriptors(0.1)[:6], np.array([0, 0, 0, 1, 2, 3]))
    found = compare(one, one, 200, 0)
    assert found.low is None and found.verdict == "uncertain"
    assert "one building gives no interval" in sentence(one, one, found)


def test_buildings_are_drawn_whole(good: Judged, bad: Judged) -> None:
    # All photos of a building gain alike: as if each building were one photo.
    wide, narrow = (
        Judged("n", np.array(buildings), np.array(gains, np.float64), np.ones(len(gains), int), good.clusters, {})
        for buildings, gains in (([0] * 10 + [1] * 10, [0.2] * 10 + [-0.1] * 10), (list(range(20)), [0.2, -0.1] * 10))
    )
    zero = Judged("z", wide.building, np.zeros(20), wide.first_rank, good.clusters, {})
    single = Judged("z", narrow.building, np.zeros(20), narrow.first_rank, good.clusters, {})
    wide_found, narrow_found = compare(zero, wide, 500, 0), compare(single, narrow, 500, 0)
    assert wide_found.gain == pytest.approx(narrow_found.gain)
    assert wide_found.high - wide_found.low > 1.5 * (narrow_found.high - narrow_found.low)  # type: ignore[operator]
