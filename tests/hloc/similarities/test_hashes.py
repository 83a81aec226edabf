"""The perceptual hashes: bits computed by hand, the specified distances, both scales of scores."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image

from storage.errors import UsageError
from tests.hloc.similarities.drawn import SHAPES, all_scores, grey_photo, make, noise, plain, scene, score, shapes

HASHES = ("phash", "ahash", "dhash", "whash")


def bits(name: str, rows: list[list[int]], hash_size: int = 2) -> str:
    """The first bits of a hash of a photo of these grey levels."""
    feature = make(name, hash_size=hash_size).describe(grey_photo(rows))
    return "".join(map(str, np.unpackbits(feature)[: hash_size**2]))


def differing_bits(hash_size: int) -> list[int]:
    """Bits in which the shapes differ from the square, by phash."""
    scores = all_scores(make("phash", hash_size=hash_size), shapes())[0]
    return [round((1 - score) * hash_size**2) for score in scores]


def test_an_average_hash_says_which_pixels_are_above_the_mean() -> None:
    assert bits("ahash", [[0, 255], [255, 0]]) == "0110"
    assert bits("ahash", [[10, 11], [12, 200]]) == "0001"


def test_a_pixel_at_the_mean_is_not_above_it() -> None:
    assert bits("ahash", [[100, 100], [100, 100]]) == "0000"
    assert bits("ahash", [[90, 100], [100, 110]]) == "0001"


def test_a_difference_hash_compares_each_pixel_with_its_left_neighbour() -> None:
    assert bits("dhash", [[10, 20, 5], [7, 7, 9]]) == "1001"


def test_a_difference_hash_of_a_ramp_has_one_kind_of_bit() -> None:
    ramp = [list(range(0, 90, 10))] * 8
    assert bits("dhash", ramp, 8) == "1" * 64
    assert bits("dhash", [row[::-1] for row in ramp], 8) == "0" * 64


def test_a_perceptual_hash_compares_low_frequencies_with_their_median() -> None:
    # A white patch, 4 rows by 2 columns: sums of cosines 8.00 and 5.13 downwards, 4.00 and 3.62 across, so that the
    # four frequencies are 32.0, 29.0, 20.5 and 18.6 (times 255) with a median of 24.7.
    patch = [[255 if row < 4 and column < 2 else 0 for column in range(8)] for row in range(8)]
    assert bits("phash", patch) == "1100"


def test_a_perceptual_hash_holds_the_mean_of_the_photo() -> None:
    assert bits("phash", [[50] * 8] * 8) == "1000"


def test_a_wavelet_hash_compares_with_the_median() -> None:
    assert bits("whash", [[0, 10], [200, 100]]) == "0011"


def test_a_wavelet_hash_of_a_larger_photo_compares_the_means_of_areas() -> None:
    light_right = [[10, 30, 200, 220], [20, 20, 210, 210], [60, 60, 90, 90], [60, 60, 90, 90]]
    assert bits("whash", light_right) == "0101"


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("hash_size", [2, 8, 16])
def test_a_feature_holds_the_bits_of_imagehash_row_by_row(name: str, hash_size: int) -> None:
    function = {"ahash": imagehash.average_hash}.get(name) or getattr(imagehash, name)
    photo = scene(3)
    feature = make(name, hash_size=hash_size).describe(photo)
    expected = function(Image.fromarray(photo), hash_size).hash
    assert feature.dtype == np.uint8
    assert np.array_equal(feature, np.packbits(expected))


def test_the_shapes_have_the_specified_hashes() -> None:
    features = dict(zip(SHAPES, map(make("phash").describe, shapes()), strict=True))
    assert bytes(features["square"]).hex() == "e996966987696986"
    assert bytes(features["shifted square"]).hex() == "e996966196696996"
    assert bytes(features["blank"]).hex() == "8000000000000000"


def test_the_shapes_differ_in_the_specified_number_of_64_bits() -> None:
    assert differing_bits(8) == [0, 4, 24, 20, 31]


def test_the_shapes_differ_in_the_specified_number_of_4096_bits() -> None:
    # A few bits may move with the versions of Pillow and SciPy.
    assert np.allclose(differing_bits(64), [0, 1598, 1988, 2054, 2047], atol=8)


def test_scores_in_rows_are_those_of_clusterimg() -> None:
    scores = all_scores(make("phash", hash_size=64, hash_scale="rows"), shapes())[0]
    assert scores == pytest.approx([1.0, -23.96875, -30.0625, -31.09375, -30.984375], abs=0.125)


@pytest.mark.parametrize("hash_size", [2, 3, 8, 9, 64])
def test_a_score_in_bits_divides_by_all_bits_and_one_in_rows_by_the_side(hash_size: int) -> None:
    first, second = noise(0), noise(1)
    in_bits = score(make("dhash", hash_size=hash_size), first, second)
    in_rows = score(make("dhash", hash_size=hash_size, hash_scale="rows"), first, second)
    features = [make("dhash", hash_size=hash_size).describe(photo) for photo in (first, second)]
    distance = int(np.bitwise_count(features[0] ^ features[1]).sum())
    assert in_bits == pytest.approx(1 - distance / hash_size**2, abs=1e-7)
    assert in_rows == pytest.approx(1 - distance / hash_size, abs=1e-7)


@pytest.mark.parametrize("hash_size", [2, 8, 64])
def test_the_range_follows_from_the_scale(hash_size: int) -> None:
    assert make("ahash", hash_size=hash_size).lowest == 0.0
    assert make("ahash", hash_size=hash_size, hash_scale="rows").lowest == 1 - hash_size


def test_opposite_hashes_have_the_lowest_score() -> None:
    ramp = grey_photo([list(range(0, 90, 10))] * 8)
    mirrored = np.ascontiguousarray(ramp[:, ::-1])
    assert score(make("dhash"), ramp, mirrored) == 0.0
    assert score(make("dhash", hash_scale="rows"), ramp, mirrored) == -7.0


def test_the_hash_of_clusterimg_looks_at_more_pixels() -> None:
    assert make("phash").settings()["highfreq_factor"] == 4
    assert make("phash", hash_size=64).settings()["highfreq_factor"] == 16


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("hash_size", [-8, 0, 1, 257, 10**6])
def test_a_hash_size_out_of_range_is_refused(name: str, hash_size: int) -> None:
    with pytest.raises(UsageError, match=rf"^--hash_size {hash_size}: must lie between 2 and 256"):
        make(name, hash_size=hash_size)


@pytest.mark.parametrize("hash_size", [3, 12, 100])
def test_a_wavelet_hash_takes_powers_of_two_only(hash_size: int) -> None:
    with pytest.raises(UsageError, match=rf"^--hash_size {hash_size}: must be a power of two"):
        make("whash", hash_size=hash_size)


@pytest.mark.parametrize("name", HASHES)
def test_hashes_of_photos_of_different_sizes_are_comparable(name: str) -> None:
    assert score(make(name), scene(5, 240, 320), scene(5, 240, 320)[::2, ::2].copy()) > 0.7


@pytest.mark.parametrize("name", HASHES)
def test_photos_of_one_colour_are_alike(name: str) -> None:
    assert score(make(name), plain(40), plain(200)) == 1.0
