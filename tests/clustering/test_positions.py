from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from clustering.constraints import Decided, resolve
from clustering.expansion import expand_strictly
from clustering.nearest import EARTH_RADIUS_M, haversine_m, unit_vector
from clustering.partition import Partition, Stage
from clustering.positions import RunningMedian, merge_by_position
from clustering.small_clusters import merge_small_clusters
from tests.clustering.drawn_graphs import METRES_PER_DEGREE, draw_graph, snapshot
from tests.clustering.literal_specification import merge_positions


def merged(
    groups: Sequence[Sequence[tuple[float, float] | None]], min_count: int = 1, max_distance_m: float = 30.0
) -> tuple[dict[int, list[int]], list[float]]:
    """Merge groups of positions; photos are numbered through."""
    flat = [position or (np.nan, np.nan) for group in groups for position in group]
    sizes = np.array([len(group) for group in groups])
    partition = Partition(len(flat), np.arange(len(flat)), sizes)
    merge_by_position(partition, np.array(flat), min_count, max_distance_m)
    log, _ = partition.join_log(partition.order())
    assert set(log.stage.tolist()) <= {Stage.GPS}
    return snapshot(partition), log.distance_m.tolist()


def place(north_m: float, east_m: float) -> tuple[float, float]:
    return 46 + north_m / METRES_PER_DEGREE, 7 + east_m / METRES_PER_DEGREE / math.cos(math.radians(46))


def north(metres: float) -> tuple[float, float]:
    return place(metres, 0)


def test_clusters_twenty_metres_apart_merge_and_the_distance_is_told() -> None:
    clusters, distances = merged([[north(0)], [north(20)]])
    assert clusters == {0: [0, 1]}
    assert distances == pytest.approx([20], abs=0.01)


def test_clusters_forty_metres_apart_stay() -> None:
    assert merged([[north(0)], [north(40)]]) == ({0: [0], 1: [1]}, [])


def test_a_cluster_with_too_few_positions_stays() -> None:
    groups: list[list[tuple[float, float] | None]] = [[north(0)] * 4, [north(0)] * 3 + [None]]
    assert len(merged(groups, min_count=4)[0]) == 2
    assert len(merged(groups, min_count=3)[0]) == 1


def test_the_median_moves_with_each_merge() -> None:
    assert list(merged([[north(0)], [north(25)], [north(50)]])[0]) == [0, 2]
    assert list(merged([[north(0)], [north(25)] * 3, [north(50)]])[0]) == [0]


def test_one_outlier_does_not_move_the_median() -> None:
    assert list(merged([[north(0), north(1), north(9000)], [north(20)]])[0]) == [0]


def test_the_two_axes_have_each_their_own_median() -> None:
    corners = [(46.0, 7.0), (46.1, 7.0), (46.0, 7.1)]
    assert list(merged([corners, [(46.0, 7.0)]])[0]) == [0]


def test_a_merged_median_can_reach_back_to_an_earlier_cluster() -> None:
    # 34 m and 32 m from the first cluster; together their median lies 10 m north and 20 m east of it, 22 m away
    clusters, distances = merged([[place(0, 0)], [place(28, 20)], [place(10, 12), place(10, 48)]])
    assert clusters == {0: [0, 1, 2, 3]}
    assert distances == pytest.approx([20.6, 22.4], abs=0.1)


def test_clusters_on_both_sides_of_greenwich_and_the_equator_are_apart() -> None:
    assert len(merged([[(51.5, 0.001)], [(51.5, -0.001)]])[0]) == 2
    assert len(merged([[(0.001, 32.5)], [(-0.001, 32.5)]])[0]) == 2


def test_a_zero_longitude_and_a_zero_latitude_are_positions() -> None:
    assert len(merged([[(51.5, 0.0)], [(51.5, 0.0)]])[0]) == 1
    assert len(merged([[(0.0, 51.5)], [(0.0, 51.5)]])[0]) == 1


def test_a_cluster_on_the_antimeridian_has_its_median_there() -> None:
    straddling = [(10.0, 179.9999), (10.0, -179.9999)]
    assert len(merged([straddling, [(10.0, 180.0)]])[0]) == 1
    assert len(merged([straddling, [(10.0, 0.0)]])[0]) == 2


def test_neighbours_across_the_antimeridian_merge() -> None:
    clusters, distances = merged([[(0.0, 179.9999)], [(0.0, -179.9999)], [(0.0, 179.9998)]])
    assert clusters == {0: [0, 1, 2]}
    assert distances[0] == pytest.approx(22.2, abs=0.1)


def test_no_position_at_all_merges_nothing() -> None:
    assert merged([[None, None], [None]]) == ({0: [0, 1], 1: [2]}, [])


@pytest.mark.parametrize("file_order", [False, True])
def test_result_order_and_distances_equal_those_of_the_literal_specification(file_order: bool) -> None:
    num_merges = 0
    for seed in range(110):
        graph = draw_graph(seed, file_order)
        partition, weak = graph.start()
        expand_strictly(partition, weak)
        merge_small_clusters(partition, weak)
        num_before = len(partition.numbers())
        merge_by_position(partition, graph.position_array(), 4, 30.0)
        literal = graph.literal()
        assert snapshot(partition) == literal.after_positions, seed
        log, _ = partition.join_log(partition.order())
        assert log.distance_m[log.stage == Stage.GPS] == pytest.approx(literal.distances)
        num_merges += num_before - len(partition.numbers())
    assert num_merges > 30


def test_random_places_of_single_photos_merge_as_in_the_literal_specification() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        positions = np.array([46, 7]) + rng.random((40, 2)) * rng.choice([5e-4, 2e-3])
        clusters = {number: [number] for number in range(40)}
        merge_positions(clusters, {p: tuple(positions[p]) for p in range(40)}, 1, 30.0)
        found, _ = merged([[tuple(position)] for position in positions])
        assert found == clusters


def merged_by_looking_at_all(positions: NDArray[np.float64], max_distance_m: float) -> dict[int, list[int]]:
    """The rule word by word: of all pairs near enough the lowest first number, then the lowest second one."""
    medians = {number: RunningMedian([position]) for number, position in enumerate(positions.tolist())}
    clusters = {number: [number] for number in medians}
    while True:
        near = (
            (one, two)
            for one, two in combinations(sorted(medians), 2)
            if haversine_m(*medians[one].position(), *medians[two].position()) <= max_distance_m
        )
        pair = next(near, None)
        if pair is None:
            return clusters
        one, two = pair
        medians[one] = medians[one].united(medians.pop(two))
        clusters[one] += clusters.pop(two)


def around(latitude: float, longitude: float, spread_m: float, count: int, seed: int) -> NDArray[np.float64]:
    """Places on the plane that touches the Earth at a position; longitudes as they come, -180 to 180."""
    rng = np.random.default_rng(seed)
    east = np.array([-math.sin(math.radians(longitude)), math.cos(math.radians(longitude)), 0])
    up = np.array(unit_vector(latitude, longitude))
    north = np.cross(up, east)
    steps = rng.uniform(-spread_m, spread_m, (count, 2)) / EARTH_RADIUS_M
    points = up + steps[:, :1] * east + steps[:, 1:] * north
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return np.degrees(np.column_stack((np.arcsin(points[:, 2]), np.arctan2(points[:, 1], points[:, 0]))))


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90, 0), (-90, 0), (0, 180), (-17, -180), (72, 179.9999), (0, 0), (46, 7)]
)
def test_merges_at_the_poles_and_the_date_line_are_those_of_looking_at_all(latitude: float, longitude: float) -> None:
    num_merges = 0
    for seed in range(6):
        positions = around(latitude, longitude, 90, 40, seed)
        found, _ = merged([[(float(lat), float(lon))] for lat, lon in positions])
        assert found == merged_by_looking_at_all(positions, 30.0), seed
        num_merges += 40 - len(found)
    assert num_merges > 60


def test_clusters_that_decisions_keep_apart_find_their_neighbours_as_by_looking_at_all() -> None:
    positions = around(0, 180, 60, 30, 0)
    constraints = resolve(Decided([], [(0, 1), (2, 3), (4, 5)], []), 30)
    partition = Partition(30, np.arange(30), np.ones(30, dtype=np.int64), constraints)
    merge_by_position(partition, positions, 1, 30.0)
    owner = partition.owners()
    assert all(owner[one] != owner[two] for one, two in ((0, 1), (2, 3), (4, 5)))
    standing = partition.numbers()
    medians = {number: RunningMedian(positions[list(partition.members(number))].tolist()) for number in standing}
    for one, two in combinations(standing, 2):
        is_near = haversine_m(*medians[one].position(), *medians[two].position()) <= 30
        assert not (is_near and partition.may_join(one, two)), (one, two)
    assert len(standing) < 20


def test_running_median_equals_the_median_of_all() -> None:
    rng = np.random.default_rng(0)
    whole = RunningMedian([[1.0, 2.0]])
    values = [[1.0, 2.0]]
    for size in rng.integers(1, 9, 40):
        part = (rng.integers(-50, 50, (size, 2)) / 7).tolist()
        values += part
        whole = whole.united(RunningMedian(part))
        expected = tuple(statistics.median(value[axis] for value in values) for axis in (0, 1))
        assert whole.position() == pytest.approx(expected)
        assert len(whole) == len(values)


def test_the_smaller_of_two_sets_is_poured_into_the_larger() -> None:
    large = RunningMedian([[1.0, 2.0]] * 5)
    assert large.united(RunningMedian([[3.0, 4.0]])) is large
    assert RunningMedian([[3.0, 4.0]]).united(large) is large
    assert (len(large), large.position()) == (7, (1.0, 2.0))
