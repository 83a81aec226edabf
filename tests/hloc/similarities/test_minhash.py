"""MinHash of corners: which corners, which tokens, which signature."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from datasketch import MinHash

from hloc.similarities.base import NOT_COMPARABLE
from hloc.similarities.minhash import axis_tokens, cell_tokens, signature, strongest_corners
from tests.hloc.similarities.drawn import make, noise, plain, scene, score, shape


def agreement(first: set[bytes], second: set[bytes], **options: str) -> float:
    return float(np.mean(signature(first, **options) == signature(second, **options)))


def numbers(start: int, stop: int) -> set[bytes]:
    return {str(number).encode() for number in range(start, stop)}


@pytest.mark.parametrize(("scheme", "expected"), [("legacy", 0.265625), ("affine32", 0.3046875)])
def test_signatures_agree_as_specified(scheme: str, expected: float) -> None:
    assert agreement(numbers(0, 100), numbers(50, 150), scheme=scheme) == expected


def test_the_scheme_of_signatures_is_the_newer_one() -> None:
    assert agreement(numbers(0, 100), numbers(50, 150)) == 0.3046875
    assert make("minhash").settings()["scheme"] == "affine32"


def test_a_signature_does_not_depend_on_the_order_of_tokens() -> None:
    assert np.array_equal(signature([b"a", b"b", b"c"]), signature([b"c", b"a", b"b"]))


def test_relative_rows_and_columns_are_hashed_as_datasketch_hashes_floats() -> None:
    corners = strongest_corners(noise(0)[..., 0])
    places = np.concatenate([corners[:, 0] / 64, corners[:, 1] / 64])
    minhash = MinHash(num_perm=128, seed=1, scheme="affine32")
    minhash.update_batch(list(places))
    assert np.array_equal(signature(axis_tokens(corners, (64, 64))), minhash.hashvalues)


def test_the_hundred_strongest_corners_are_all_among_those_found() -> None:
    grey = noise(1, 256, 256)[..., 0]
    response = cv2.cornerHarris(grey, 2, 3, 0.04)
    found = {tuple(corner) for corner in strongest_corners(grey).tolist()}
    weakest = np.sort(response.ravel())[-100]
    assert found == {tuple(corner) for corner in np.argwhere(response >= weakest).tolist()}


def test_equally_strong_corners_come_in_the_order_of_the_raster() -> None:
    grey = np.zeros((40, 40), np.uint8)
    for row, column in ((30, 10), (10, 30), (10, 10)):
        grey[row, column] = 255
    first = strongest_corners(grey, 3)
    assert sorted(map(tuple, first.tolist())) == list(map(tuple, first.tolist()))


def test_edges_and_plain_areas_are_no_corners() -> None:
    edge = np.zeros((40, 40), np.uint8)
    edge[:, 20:] = 200
    assert not len(strongest_corners(edge))
    assert not len(strongest_corners(np.full((40, 40), 90, np.uint8)))


def test_a_cell_is_a_place_on_a_grid_of_32() -> None:
    corners = np.array([[0, 0], [7, 7], [8, 0], [255, 127]])
    assert cell_tokens(corners, (256, 128)) == {bytes([0, 0]), bytes([0, 1]), bytes([1, 0]), bytes([31, 31])}


def test_missing_corners_are_zeros_among_rows_and_columns() -> None:
    few = axis_tokens(np.array([[4, 2]]), (8, 8))
    assert few == {np.float64(value).tobytes() for value in (0.5, 0.25, 0.0)}


def test_unrelated_corners_share_rows_and_columns_but_hardly_any_cell() -> None:
    random = np.random.default_rng(0)
    first, second = random.integers(0, 256, (2, 100, 2))
    axes = [axis_tokens(corners, (256, 256)) for corners in (first, second)]
    cells = [cell_tokens(corners, (256, 256)) for corners in (first, second)]
    assert 0.15 < jaccard(*axes) < 0.45
    assert jaccard(*cells) < 0.1


def jaccard(first: set[bytes], second: set[bytes]) -> float:
    return len(first & second) / len(first | second)


def test_a_score_estimates_the_share_of_common_cells() -> None:
    random = np.random.default_rng(1)
    corners = random.integers(0, 256, (100, 2))
    moved = np.concatenate([corners[:60], random.integers(0, 256, (40, 2))])
    tokens = [cell_tokens(chosen, (256, 256)) for chosen in (corners, moved)]
    assert agreement(*tokens) == pytest.approx(jaccard(*tokens), abs=0.15)


def test_a_photo_without_corners_is_comparable_with_nothing() -> None:
    assert score(make("minhash"), plain(90), plain(90)) == NOT_COMPARABLE
    assert score(make("minhash"), plain(90), shape("square")) == NOT_COMPARABLE


@pytest.mark.parametrize("tokens", ["cells", "axes"])
def test_a_brighter_photo_keeps_its_corners(tokens: str) -> None:
    photo = scene(1) // 2
    similarity = make("minhash", minhash_tokens=tokens)
    assert score(similarity, photo, photo + 20) > score(similarity, photo, scene(2))


def test_a_feature_is_a_signature_or_nothing() -> None:
    similarity = make("minhash")
    assert similarity.describe(scene(0)).shape == (128,)
    assert similarity.describe(plain(0)).shape == (0,)
    assert similarity.describe(scene(0)).dtype == similarity.describe(plain(0)).dtype == np.uint32
