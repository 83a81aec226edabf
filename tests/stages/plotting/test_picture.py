"""The map as a picture: no tile covers another, every photo has its colour, one photo is enough."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from stages.plotting.picture import HEIGHT, WIDTH, PictureOfMap, _places, _with_room, draw_map

RED, BLUE = "#c01020", "#1020c0"


def content(num_photos: int, labels: list[int] | None = None) -> PictureOfMap:
    random = np.random.default_rng(0)
    points = random.uniform(-1, 1, (num_photos, 2))
    tiles = np.full((num_photos, 16, 16, 3), 255, dtype=np.uint8)
    colours = [RED if number % 2 else BLUE for number in range(num_photos)]
    return PictureOfMap("a title with <b> and é", points, tiles, colours, np.array(labels or [-1] * num_photos))


def pixels(picture: bytes) -> np.ndarray:
    with Image.open(BytesIO(picture)) as image:
        assert image.size == (WIDTH, HEIGHT)
        return np.asarray(image)


def count(picture: np.ndarray, colour: str) -> int:
    return int((picture == np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])).all(axis=2).sum())


def test_frames_have_the_colours_of_the_photos() -> None:
    drawn = pixels(draw_map(content(30)))
    assert count(drawn, RED) > 1000 and count(drawn, BLUE) > 1000


@pytest.mark.parametrize("num_photos", [1, 2])
def test_one_photo_is_drawn_in_the_middle(num_photos: int) -> None:
    drawn = pixels(draw_map(content(num_photos)))
    assert count(drawn, BLUE) > 100


def test_photos_at_one_place_share_one_tile() -> None:
    same = [(500, 500)] * 40
    assert _with_room(same, 72) == [0]


def test_tiles_do_not_overlap_and_what_is_left_out_lies_under_one() -> None:
    places = [(int(x), int(y)) for x, y in np.random.default_rng(1).integers(0, 1000, (400, 2))]
    chosen = _with_room(places, 72)
    at = np.array(places)
    apart = np.abs(at[chosen][:, None] - at[chosen][None]).max(axis=2) + 10_000 * np.eye(len(chosen), dtype=int)
    assert apart.min() >= 72
    assert np.abs(at[:, None] - at[chosen][None]).max(axis=2).min(axis=1).max() < 72


def test_every_place_lies_on_the_sheet_and_y_grows_upwards() -> None:
    places = _places(np.array([[-1.0, -0.2], [1.0, 0.2], [0.0, 0.0]]), 64)
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in places)
    assert places[0][1] > places[2][1] > places[1][1] and places[0][0] < places[1][0]


def test_a_cluster_has_its_number_on_its_tiles() -> None:
    plain, numbered = (pixels(draw_map(content(6, [label] * 6))) for label in (-1, 7))
    assert not np.array_equal(plain, numbered)
