"""Maps found among matches."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.matching.geometry import MAX_VOTES, NO_ALIGNMENT, SCALE_FACTOR, TURN_DEG, _Moves, align, with_camera
from hloc.matching.maps import angle_difference, scale_and_turn

SIDE = 640.0


def keypoints(count: int, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    places = random.uniform(0, SIDE, (count, 2))
    return np.column_stack([places, random.uniform(3, 30, count), random.uniform(0, 360, count)]).astype(np.float32)


def moved(start: NDArray[np.float32], scale: float, turn_deg: float, shift: tuple[float, float]) -> NDArray[np.float32]:
    angle = np.deg2rad(turn_deg)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    end = start.copy()
    end[:, :2] = start[:, :2] @ linear.T + np.array(shift)
    end[:, 2] *= scale
    end[:, 3] = (start[:, 3] + turn_deg) % 360
    return end


def with_noise(num_true: int, num_false: int, scale: float = 1.2, turn: float = 10.0) -> tuple[NDArray, NDArray]:
    start = keypoints(num_true + num_false)
    end = moved(start, scale, turn, (20, -10))
    end[num_true:] = keypoints(num_false, seed=9)
    return start, end


@pytest.mark.parametrize(("scale", "turn"), [(1.0, 0.0), (0.5, 20.0), (2.0, -25.0), (1.3, 170.0)])
def test_a_similarity_among_many_wrong_matches_is_found(scale: float, turn: float) -> None:
    start, end = with_noise(12, 60, scale, turn)
    found = align(start, end, np.ones(72), SIDE * max(scale, 1))
    assert set(range(12)) <= set(found.inliers.tolist()) and len(found.inliers) <= 14
    log_scale, found_turn = scale_and_turn(found.transform)
    assert np.exp(log_scale) == pytest.approx(scale, rel=0.05)
    assert abs(angle_difference(np.array(found_turn), turn)) < 3


def test_a_stretched_view_of_a_wall_is_affine() -> None:
    start = keypoints(30)
    end = start.copy()
    end[:, 0] *= 0.7
    end[:, 2] *= np.sqrt(0.7)
    found = align(start, end, np.ones(30), SIDE)
    assert found.kind == "affine" and len(found.inliers) == 30
    assert np.allclose(found.transform, [[0.7, 0, 0], [0, 1, 0]], atol=1e-3)


def test_matches_that_disagree_in_scale_do_not_count() -> None:
    start, end = with_noise(12, 0)
    end[:6, 2] *= 4
    assert set(align(start, end, np.ones(12), SIDE).inliers.tolist()) == set(range(6, 12))


def test_matches_that_disagree_in_rotation_do_not_count() -> None:
    start, end = with_noise(12, 0)
    end[:6, 3] += 90
    assert set(align(start, end, np.ones(12), SIDE).inliers.tolist()) == set(range(6, 12))


def test_wrong_matches_alone_agree_in_few() -> None:
    found = align(keypoints(100), keypoints(100, seed=3), np.ones(100), SIDE)
    assert len(found.inliers) <= 5


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_matches_are_no_map(count: int) -> None:
    start = keypoints(count)
    assert align(start, start, np.ones(count), SIDE) is NO_ALIGNMENT


def test_the_order_of_matches_changes_nothing() -> None:
    start, end = with_noise(15, 40)
    order = np.random.default_rng(4).permutation(55)
    found, shuffled = align(start, end, np.ones(55), SIDE), align(start[order], end[order], np.ones(55), SIDE)
    assert set(found.inliers.tolist()) == set(order[shuffled.inliers].tolist())


def test_only_the_most_distinctive_matches_are_looked_at() -> None:
    start, end = with_noise(20, MAX_VOTES)
    weak = np.where(np.arange(20 + MAX_VOTES) < 20, 0.0, 1.0)
    assert not set(range(20)) & set(align(start, end, weak, SIDE).inliers.tolist())


def votes_by_the_book(start: NDArray[np.float32], end: NDArray[np.float32], tolerance: float) -> NDArray[np.bool_]:
    """Give which match (column) agrees with the map of another (row), one map after another, in double precision."""
    votes = np.zeros((len(start), len(start)), bool)
    growth, turn = end[:, 2] / start[:, 2].astype(np.float64), end[:, 3] - start[:, 3].astype(np.float64)
    places, wanted = (each[:, :2].astype(np.float64) @ [1, 1j] for each in (start, end))
    for row in range(len(start)):
        factor = growth[row] * np.exp(1j * np.deg2rad(turn[row]))
        missed = np.abs(factor * (places - places[row]) + wanted[row] - wanted)
        votes[row] = missed < tolerance * max(1, growth[row])
        votes[row] &= np.abs(np.log(growth / growth[row])) < np.log(SCALE_FACTOR)
        votes[row] &= np.abs(angle_difference(turn, turn[row])) < TURN_DEG
    return votes


@pytest.mark.parametrize("is_upright", [True, False])
@pytest.mark.parametrize("count", [3, 60, 250])
def test_votes_are_those_of_the_book_however_they_are_cut_into_blocks(count: int, is_upright: bool) -> None:
    start, end = with_noise(count // 3, count - count // 3)
    if is_upright:
        start[:, 3] = end[:, 3] = 0
    found = _Moves.of(start, end)._votes(0.05 * SIDE)
    assert np.array_equal(found, votes_by_the_book(start, end, 0.05 * SIDE)) and found.diagonal().all()


def test_many_proposals_refined_together_give_the_best_that_each_gives_alone() -> None:
    for seed in range(20):
        start, end = keypoints(80, seed), keypoints(80, seed + 100)
        end[:9] = moved(start[:9], 1.1, 5, (9, 4))
        moves = _Moves.of(start, end)
        proposals = moves.proposals(0.05 * SIDE)
        alone = [moves.refine(proposal[None], SIDE) for proposal in proposals]
        best = max(alone, key=lambda found: len(found.inliers))
        together = moves.refine(proposals, SIDE)
        assert together.inliers.tolist() == best.inliers.tolist() and together.kind == best.kind
        assert np.allclose(together.transform, best.transform, rtol=1e-9, atol=1e-9)


def test_proposals_of_too_few_matches_are_no_map_and_do_not_hold_up_others() -> None:
    start, end = with_noise(12, 0)
    moves = _Moves.of(start, end)
    few, many = np.arange(12) < 2, np.arange(12) < 12
    assert moves.refine(few[None], SIDE) is NO_ALIGNMENT
    assert len(moves.refine(np.stack([few, many]), SIDE).inliers) == 12


def test_a_camera_that_cannot_explain_more_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    start, end = with_noise(20, 0)
    found = align(start, end, np.ones(20), SIDE)
    monkeypatch.setattr("hloc.matching.geometry.CAMERAS", {"homography": None})
    assert len(found.inliers) == 20 and with_camera(start, end, found, SIDE) is found


def two_walls() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give 60 matches of which half are of a wall that stands farther back: both fit one pair of cameras."""
    random = np.random.default_rng(5)
    depth = np.where(np.arange(60) < 30, 8.0, 8.5)
    world = np.column_stack([random.uniform(-3, 3, 60), random.uniform(-3, 3, 60), depth])
    shift = np.array([1.0, 0.1, 0.0])
    start, end = (
        np.column_stack([800 * (points[:, :2] / points[:, 2:]) + 320, np.full(60, 10.0), np.zeros(60)])
        for points in (world, world + shift)
    )
    return start.astype(np.float32), end.astype(np.float32)


def test_a_camera_explains_what_stands_before_and_behind_the_wall() -> None:
    start, end = two_walls()
    one_wall = align(start[:30], end[:30], np.ones(30), SIDE)
    both = with_camera(start, end, one_wall, SIDE)
    assert both.kind == "fundamental" and len(both.inliers) == 60
    assert np.array_equal(both.transform, one_wall.transform)


def test_a_wall_seen_at_an_angle_is_a_homography() -> None:
    start = keypoints(60)
    weight = 1 + 0.0004 * start[:, 0]
    end = start.copy()
    end[:, :2] /= weight[:, None]
    end[:, 2] /= weight
    end[:, 3] = start[:, 3] = 0
    flat = align(start, end, np.ones(60), SIDE)
    found = with_camera(start, end, flat, SIDE)
    assert found.kind == "homography" and len(found.inliers) > len(flat.inliers)


def test_few_inliers_are_not_offered_to_a_camera() -> None:
    start, end = with_noise(6, 0)
    found = align(start, end, np.ones(6), SIDE)
    assert with_camera(start, end, found, SIDE) is found


def test_the_same_matches_give_the_same_camera_every_time() -> None:
    start, end = two_walls()
    end[::7, :2] += 40
    first = align(start, end, np.ones(60), SIDE)
    results = [with_camera(start, end, first, SIDE).inliers.tolist() for _ in range(3)]
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("kind", ["one point", "one line", "every point twice", "a lattice"])
def test_points_that_fix_no_camera_are_no_fault(kind: str) -> None:
    start = keypoints(24)
    start[:, 3] = 0
    if kind == "one point":
        start[3:, :2] = start[0, :2]
    elif kind == "one line":
        start[:, 1] = 0.5 * start[:, 0]
    elif kind == "every point twice":
        start[12:] = start[:12]
    else:
        start[:, :2] = np.round(start[:, :2] / 100) * 100
    found = align(start, start, np.ones(24), SIDE)
    assert len(with_camera(start, start, found, SIDE).inliers) >= len(found.inliers)
