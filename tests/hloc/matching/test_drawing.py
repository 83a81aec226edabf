"""Where the lines begin and end in the picture, pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hloc.matching.drawing import (
    GAP,
    INLIER_COLOURS,
    LEAST_HEIGHT,
    MAX_LINES,
    OVERLAY_COLOUR,
    DrawnMatches,
    draw_matches,
    lay_out,
)
from storage.formats.local_features import StoredFeatures
from storage.photos import load_photo

Photo = NDArray[np.uint8]
NONE = DrawnMatches(np.zeros((0, 2)), np.zeros((0, 2)))
TURNS = {  # EXIF orientation -> what the camera stored of the upright photo
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


def with_spot(width: int, height: int, x: float, y: float) -> Photo:
    """Draw a black photo with a white spot of 9 x 9 pixels at a share of its sides."""
    photo = np.zeros((height, width, 3), np.uint8)
    column, row = int(x * width), int(y * height)
    photo[row - 4 : row + 5, column - 4 : column + 5] = 255
    return photo


def features(width: int, height: int, places: list[tuple[float, float]]) -> StoredFeatures:
    keypoints = np.array([(x, y, 5.0, 0.0) for x, y in places], np.float32)
    empty = np.zeros((len(places), 128), np.uint8)
    return StoredFeatures(keypoints, empty, (width, height), (width, height), np.zeros((64, 64), np.uint8))


def middle(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    assert mask.any()
    return np.argwhere(mask).mean(axis=0)[::-1]


def is_colour(picture: Photo, colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.asarray((np.abs(picture.astype(int) - colour) <= 2).all(axis=2))


def spot_of(upright: Photo, side: int) -> tuple[StoredFeatures, tuple[int, int]]:
    """Give a keypoint on the spot, in pixels of the photo as decoded for matching at ``side``."""
    height, width = upright.shape[:2]
    scale = min(1.0, side / max(width, height))
    decoded = round(width * scale), round(height * scale)
    x, y = middle(upright[..., 0] > 128)
    places = [((x + 0.5) * decoded[0] / width - 0.5, (y + 0.5) * decoded[1] / height - 0.5)]
    return features(*decoded, places), decoded


@pytest.mark.parametrize("orientation", sorted(TURNS))
@pytest.mark.parametrize("max_side", [260, 700])
def test_dots_sit_on_what_matches_however_the_photo_is_turned_and_scaled(
    tmp_path: Path, orientation: int, max_side: int
) -> None:
    uprights = with_spot(900, 600, 0.2, 0.7), with_spot(300, 500, 0.8, 0.1)
    stored = Image.fromarray(np.ascontiguousarray(TURNS[orientation](uprights[0])))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(uprights[1]).save(tmp_path / "plain.png")
    photos = load_photo(tmp_path / "turned.png"), load_photo(tmp_path / "plain.png")
    assert photos[0].shape == uprights[0].shape
    found = [spot_of(upright, 450)[0] for upright in uprights]
    matches = DrawnMatches.of(found[0], found[1], np.array([[0, 0]]))
    plain = draw_matches(photos, NONE, NONE, max_side)
    drawn = draw_matches(photos, matches, NONE, max_side)
    border = lay_out(((900, 600), (300, 500)), max_side)[1].x
    is_dot = is_colour(drawn, INLIER_COLOURS[0])
    for start, end in ((0, border - GAP), (border, drawn.shape[1])):
        wanted = middle(plain[:, start:end, 0] > 128)
        assert np.abs(middle(is_dot[:, start:end]) - wanted).max() < 1.0
    assert (drawn != plain).any(axis=(0, 2))[border - GAP : border].all()


def test_the_line_runs_straight_from_dot_to_dot() -> None:
    photos = np.zeros((400, 400, 3), np.uint8), np.zeros((400, 400, 3), np.uint8)
    matches = DrawnMatches(np.array([[0.25, 0.25]]), np.array([[0.75, 0.75]]))
    drawn = draw_matches(photos, matches, NONE, 400)
    start, end = np.array([99.5, 99.5]), np.array([400 + GAP + 299.5, 299.5])
    for share in np.linspace(0.05, 0.95, 19):
        x, y = np.rint(start + share * (end - start)).astype(int)
        if not 399 < x < 401 + GAP:
            assert drawn[y - 1 : y + 2, x].max() > 100, (x, y)
            assert drawn[y - 9 : y - 4, x].max() == 0 == drawn[y + 5 : y + 10, x].max()


def test_matches_left_out_are_crosses_and_dashes_in_another_colour() -> None:
    photos = np.zeros((400, 400, 3), np.uint8), np.zeros((400, 400, 3), np.uint8)
    match = DrawnMatches(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]]))
    left_out, agreeing = draw_matches(photos, NONE, match, 400), draw_matches(photos, match, NONE, 400)
    assert is_colour(left_out, OVERLAY_COLOUR).any() and not is_colour(agreeing, OVERLAY_COLOUR).any()
    assert not any(is_colour(left_out, colour).any() for colour in INLIER_COLOURS)
    between = slice(230, 380)
    assert agreeing[198:202, between].max(axis=(0, 2)).min() > 100
    shown = left_out[198:202, between].max(axis=(0, 2))
    assert (shown > 100).any() and (shown == 0).any()


def test_no_line_hides_an_end() -> None:
    photos = np.zeros((400, 400, 3), np.uint8), np.zeros((400, 400, 3), np.uint8)
    first = np.array([[0.1, 0.5], [0.2, 0.5], [0.3, 0.5]])
    drawn = draw_matches(photos, DrawnMatches(first, first), NONE, 400)
    for place, (x, y) in enumerate(first * 400):
        assert is_colour(drawn[int(y) - 1 : int(y) + 1, int(x) - 1 : int(x) + 1], INLIER_COLOURS[place]).all()


def test_only_so_many_lines_are_drawn_and_they_are_spread_over_all() -> None:
    count = 10 * MAX_LINES
    matches = DrawnMatches(np.linspace(0, 1, 2 * count).reshape(-1, 2), np.zeros((count, 2)))
    kept = matches.at_most(MAX_LINES)
    assert len(kept) == MAX_LINES == len(np.unique(kept.first, axis=0))
    assert kept.first[0, 0] == 0 and kept.first[-1, 1] == 1
    assert matches.at_most(count) is matches


def test_photos_stand_equally_high_side_by_side() -> None:
    one, other = lay_out(((4000, 3000), (1500, 2000)), 960)
    assert one.height == other.height == 720 and (one.y, other.y) == (0, 0)
    assert (one.width, other.width) == (960, 540) and other.x == one.width + GAP


@pytest.mark.parametrize("sizes", [((8000, 400), (600, 800)), ((600, 800), (9000, 30)), ((30, 4000), (4000, 30))])
def test_a_very_long_photo_keeps_its_shape_and_leaves_the_other_visible(
    sizes: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    tiles = lay_out(sizes, 960)
    for tile, (width, height) in zip(tiles, sizes, strict=True):
        assert max(tile.width, tile.height) <= 960 and min(tile.width, tile.height) >= 1
        assert abs(tile.width - tile.height * width / height) <= 0.51 * max(1, width / height)
    assert max(tile.height for tile in tiles) >= 960 // 4


def test_tiny_photos_are_enlarged_until_lines_can_be_seen() -> None:
    one, other = lay_out(((8, 8), (20, 10)), 960)
    assert one.height == other.height == LEAST_HEIGHT
    drawn = draw_matches((np.zeros((8, 8, 3), np.uint8), np.zeros((10, 20, 3), np.uint8)), NONE, NONE, 960)
    assert drawn.shape == (LEAST_HEIGHT, 3 * LEAST_HEIGHT + GAP, 3)


def test_the_photos_are_not_changed_by_being_drawn() -> None:
    photo = with_spot(400, 400, 0.5, 0.5)
    before = photo.copy()
    match = DrawnMatches(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]]))
    draw_matches((photo, photo), match, match, 400)
    assert (photo == before).all()
