from __future__ import annotations

import math
import random

import numpy as np
import pytest

from clustering.partition import JoinLog, Partition, Stage
from tests.clustering.drawn_graphs import snapshot


@pytest.fixture
def partition() -> Partition:
    """Photos 5 and 2, 0 and 4, and 3 alone; 1 and 6 are in no cluster."""
    return Partition(7, np.array([5, 2, 0, 4, 3]), np.array([2, 2, 1]))


def log_of(partition: Partition) -> JoinLog:
    return partition.join_log(partition.order())[0]


def test_clusters_are_numbered_as_given_and_keep_the_order_of_their_photos(partition: Partition) -> None:
    assert snapshot(partition) == {0: [5, 2], 1: [0, 4], 2: [3]}


def test_a_join_appends_the_photos_and_ends_one_number(partition: Partition) -> None:
    partition.join(1, 0, Stage.EXPANSION)
    assert snapshot(partition) == {1: [0, 4, 5, 2], 2: [3]}
    assert (partition.is_alive(0), partition.is_alive(1), partition.sizes) == (False, True, [0, 4, 1])


def test_an_ended_cluster_has_no_photos(partition: Partition) -> None:
    partition.join(1, 0, Stage.EXPANSION)
    assert list(partition.members(0)) == []


def test_owners_follow_joins_and_photos_in_no_cluster_have_none(partition: Partition) -> None:
    partition.join(2, 0, Stage.SMALL)
    assert partition.owners().tolist() == [1, -1, 2, 2, 1, 2, -1]


def test_order_lists_cluster_after_cluster(partition: Partition) -> None:
    partition.join(2, 0, Stage.SMALL)
    assert partition.order().tolist() == [0, 4, 3, 5, 2]


def test_the_log_tells_stage_numbers_and_metres_of_each_join(partition: Partition) -> None:
    partition.join(1, 2, Stage.SMALL)
    partition.join(0, 1, Stage.GPS, 12.5)
    log = log_of(partition)
    assert log.stage.tolist() == [Stage.SMALL, Stage.GPS]
    assert (log.survivor.tolist(), log.absorbed.tolist()) == ([1, 0], [2, 1])
    assert math.isnan(log.distance_m[0]) and log.distance_m[1] == 12.5


def test_the_log_points_at_both_sides_of_each_join(partition: Partition) -> None:
    partition.join(1, 2, Stage.SMALL)
    partition.join(0, 1, Stage.EXPANSION)
    log, order = log_of(partition), partition.order().tolist()
    sides = [
        (order[start:middle], order[middle:end])
        for start, middle, end in zip(log.start, log.middle, log.end, strict=True)
    ]
    assert sides == [([0, 4], [3]), ([5, 2], [0, 4, 3])]


def test_the_seams_say_which_join_put_a_photo_behind_another(partition: Partition) -> None:
    partition.join(1, 2, Stage.SMALL)
    partition.join(0, 1, Stage.EXPANSION)
    assert partition.join_log(partition.order())[1].tolist() == [-1, 1, -1, 0, -1]


def test_no_joins_give_an_empty_log(partition: Partition) -> None:
    assert len(log_of(partition).stage) == 0


def test_no_clusters_have_no_order_and_no_log() -> None:
    empty = Partition(3, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    assert (empty.numbers(), empty.order().tolist(), empty.owners().tolist()) == ([], [], [-1, -1, -1])
    assert len(log_of(empty).stage) == 0


def test_many_random_joins_keep_the_photos_that_plain_lists_keep() -> None:
    rng = random.Random(0)
    partition = Partition(50, np.arange(50), np.ones(50, dtype=np.int64))
    lists = {number: [number] for number in range(50)}
    recorded = []
    while len(lists) > 3:
        survivor, absorbed = rng.sample(sorted(lists), 2)
        recorded.append((list(lists[survivor]), list(lists[absorbed])))
        partition.join(survivor, absorbed, Stage.EXPANSION)
        lists[survivor] += lists.pop(absorbed)
    assert snapshot(partition) == {number: lists[number] for number in sorted(lists)}
    log, order = log_of(partition), partition.order().tolist()
    bounds = zip(log.start, log.middle, log.end, strict=True)
    assert [(order[start:middle], order[middle:end]) for start, middle, end in bounds] == recorded


def test_many_joins_at_once_are_those_one_by_one(partition: Partition) -> None:
    one_by_one = Partition(7, np.array([5, 2, 0, 4, 3]), np.array([2, 2, 1]))
    one_by_one.join(1, 2, Stage.EVIDENCE, agreement=0.75)
    one_by_one.join(0, 1, Stage.DECISION)
    stages = np.array([Stage.EVIDENCE, Stage.DECISION])
    partition.join_all(np.array([1, 0]), np.array([2, 1]), stages, np.array([0.75, math.nan]))
    assert snapshot(partition) == snapshot(one_by_one)
    for column in ("stage", "survivor", "absorbed", "start", "middle", "end", "agreement"):
        np.testing.assert_array_equal(getattr(log_of(partition), column), getattr(log_of(one_by_one), column))
