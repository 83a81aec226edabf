"""Clusters as connected components of strong pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustering.clusterers.components import ComponentsSettings
from clustering.constraints import Decided, resolve
from clustering.graph import ScoredPairs
from clustering.grouping import Grouping
from storage.errors import UsageError

SETTINGS = ComponentsSettings(0.5, 0.3)


def group(num_photos: int, rows: list[tuple[int, int, float]], decided: Decided | None = None) -> Grouping:
    first, second, score = zip(*rows, strict=True) if rows else ((), (), ())
    pairs = ScoredPairs.from_arrays(num_photos, first, second, score)
    constraints = None if decided is None else resolve(decided, num_photos)
    return SETTINGS.cluster(pairs, None, constraints)


def test_a_chain_is_one_cluster_however_long() -> None:
    rows = [(photo, photo + 1, 0.6) for photo in range(49)]
    assert list(group(50, rows).clusters.values()) == [list(range(50))]


def test_weak_pairs_connect_nothing() -> None:
    found = group(3, [(0, 1, 0.6), (1, 2, 0.49)])
    assert list(found.clusters.values()) == [[0, 1]] and found.singletons == [2]


def test_without_pairs_everyone_is_alone() -> None:
    assert group(3, []).singletons == [0, 1, 2]


def test_the_pairs_that_hold_a_cluster_together_are_told() -> None:
    found = group(3, [(0, 1, 0.6), (1, 2, 0.9), (0, 2, 0.7)])
    (reasons,) = found.reasons.of_clusters([0])
    assert reasons.strong_pairs == [(1, 2, 0.9), (0, 2, 0.7)] and reasons.joins == []


def test_what_must_be_together_is_and_what_must_be_apart_is_not() -> None:
    rows = [(0, 1, 0.9), (1, 2, 0.6)]
    found = group(5, rows, Decided(together=[[3, 4]], apart=[(0, 2)]))
    assert list(found.clusters.values()) == [[0, 1], [3, 4]] and found.singletons == [2]


def test_a_closed_cluster_takes_no_other_photo() -> None:
    found = group(3, [(0, 1, 0.9), (1, 2, 0.9)], Decided(locked=[[0, 1]]))
    assert list(found.clusters.values()) == [[0, 1]] and found.singletons == [2]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0, 1)), max_size=30), st.randoms())
def test_every_photo_is_in_one_group_whatever_the_order_of_pairs(
    rows: list[tuple[int, int, float]], random: st.randoms
) -> None:
    found = group(10, rows)
    assert sorted([*found.singletons, *(photo for photos in found.clusters.values() for photo in photos)]) == list(
        range(10)
    )
    assert all(len(photos) > 1 for photos in found.clusters.values())
    random.shuffle(rows)
    assert group(10, rows).clusters == found.clusters


def test_a_weak_threshold_above_the_strong_one_is_refused() -> None:
    with pytest.raises(UsageError, match="--weak_edg_thresh must not be above"):
        ComponentsSettings(0.5, 0.6)


def test_positions_must_be_those_of_the_photos() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        SETTINGS.cluster(ScoredPairs.from_arrays(2, [], [], []), np.zeros((3, 2)))
