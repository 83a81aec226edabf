"""Template painting: where templates are found, what is derived, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation.painting.canvas import Canvas
from segmentation.painting.templates import (
    Template,
    derived_attention,
    find_hits,
    find_stamps,
    make_template,
    match_values,
)


def drawn_photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def window_template(photo: np.ndarray, has_attention: bool) -> Template:
    """Rows 20 to 35, columns 30 to 49; its first four rows blanked."""
    picture = photo[20:36, 30:50].copy()
    picture[:4] = 0
    attention = np.ones(picture.shape[:2], np.uint8)
    attention[:4] = not has_attention
    return make_template("window", picture, np.full_like(picture, 9), attention)


def test_the_check_value_is_met() -> None:
    photo = drawn_photo()
    for has_attention, value in ((True, 0.0), (False, 0.2904)):
        template = window_template(photo, has_attention)
        (hit,) = find_hits(match_values(photo, template), template.mask.shape)
        assert (hit.top, hit.left) == (20, 30)
        assert hit.value == pytest.approx(value, abs=5e-5)


def test_attention_of_one_and_of_255_are_alike() -> None:
    photo = drawn_photo()
    template = window_template(photo, True)
    other = make_template("window", template.picture, template.segment, template.attention * np.uint8(255))
    assert (match_values(photo, template) == match_values(photo, other)).all()


@pytest.mark.parametrize("has_attention", [True, False])
def test_where_nothing_can_be_compared_the_value_is_one(has_attention: bool) -> None:
    black = np.zeros((10, 10, 3), np.uint8)
    attention = np.ones((4, 4), np.uint8)
    attention[0] = not has_attention
    template = make_template("dark", black[:4, :4], np.ones((4, 4, 3), np.uint8), attention)
    assert (match_values(black, template) == 1).all()


def test_a_black_patch_is_never_the_best_place() -> None:
    photo = drawn_photo()
    photo[40:, :40] = 0
    template = window_template(photo, True)
    (hit,) = find_hits(match_values(photo, template), template.mask.shape)
    assert (hit.top, hit.left) == (20, 30)


def test_attention_is_all_but_the_black_that_reaches_the_border() -> None:
    picture = np.full((5, 6, 3), 80, np.uint8)
    picture[0] = 0  # outside
    picture[1, 0] = 0  # hangs together with it
    picture[3, 3] = 0  # a dark spot inside
    attention = derived_attention(picture)
    assert not attention[0].any() and not attention[1, 0] and attention.sum() == 30 - 7


def test_black_that_meets_the_outside_at_a_corner_only_is_inside() -> None:
    picture = np.full((4, 4, 3), 80, np.uint8)
    picture[0, 0] = picture[1, 1] = 0
    assert derived_attention(picture).sum() == 15


def test_a_pixel_that_is_black_in_two_channels_only_is_not_black() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 0, 0] = 1  # red alone
    template = make_template("red", picture, picture)
    assert template.attention.sum() == 1 and template.mask.sum() == 1


def test_what_is_derived_is_checked_for_its_size_as_well() -> None:
    picture = np.full((4, 4, 3), 80, np.uint8)
    with pytest.raises(ValueError, match="template 4 x 4, attention 4 x 4, segment 5 x 4, mask 5 x 4"):
        make_template("window", picture, np.full((4, 5, 3), 80, np.uint8))


@pytest.mark.parametrize("part", ["attention", "mask"])
def test_an_empty_attention_or_mask_is_refused(part: str) -> None:
    picture = np.full((4, 4, 3), 80, np.uint8)
    with pytest.raises(ValueError, match=f"{part} is empty"):
        make_template("window", picture, picture, **{part: np.zeros((4, 4), np.uint8)})


def test_a_template_larger_than_the_photo_is_refused() -> None:
    picture = np.full((4, 9, 3), 80, np.uint8)
    with pytest.raises(ValueError, match=r"'window' \(9 x 4\) is larger than the photo \(8 x 8\)"):
        match_values(np.zeros((8, 8, 3), np.uint8), make_template("window", picture, picture))


def facade() -> tuple[np.ndarray, list[tuple[int, int]]]:
    """A noisy wall with six equal windows; the wall, and (top, left) of each window."""
    rng = np.random.default_rng(3)
    photo = rng.integers(120, 160, (90, 140, 3), dtype=np.uint8)
    window = rng.integers(0, 90, (16, 12, 3), dtype=np.uint8)
    places = [(top, left) for top in (10, 55) for left in (15, 60, 105)]
    for top, left in places:
        photo[top : top + 16, left : left + 12] = window
    return photo, places


def test_a_threshold_finds_each_window_of_a_facade_once() -> None:
    photo, places = facade()
    picture = photo[10:26, 15:27]
    template = make_template("window", picture, np.full_like(picture, 200), np.ones((16, 12)))
    for threshold in (0.05, 0.3):
        hits = find_hits(match_values(photo, template), (16, 12), threshold)
        exact = [(hit.top, hit.left) for hit in hits if hit.value < 1e-4]
        assert sorted(exact) == places


@pytest.mark.parametrize("threshold", [None, 0, 0.0])
def test_without_a_threshold_the_single_best_place_counts(threshold: float | None) -> None:
    values = np.ones((5, 5), np.float32)
    values[2, 3] = values[4, 0] = 0.25
    (hit,) = find_hits(values, (2, 2), threshold)
    assert (hit.value, hit.top, hit.left) == (0.25, 2, 3)


def test_of_places_that_overlap_by_more_than_three_tenths_the_better_one_stays() -> None:
    # Boxes of 10 x 10, one row high: 5 columns apart they share 50 of 150 (0.33), 6 apart 40 of 160 (0.25).
    values = np.ones((1, 30), np.float32)
    values[0, [0, 5, 11, 20]] = [0.2, 0.1, 0.3, 0.2]
    assert [hit.left for hit in find_hits(values, (10, 10), 0.5)] == [5, 20, 11]
    assert [hit.left for hit in find_hits(values, (10, 10), 0.5, max_overlap=0.34)] == [5, 0, 20, 11]
    assert [hit.left for hit in find_hits(values, (10, 10), 0.15)] == [5]


def test_suppression_reaches_up_down_and_over_the_border_of_the_photo() -> None:
    values = np.full((9, 9), 0.4, np.float32)
    values[0, 0], values[8, 8] = 0.1, 0.2
    hits = find_hits(values, (6, 6), 0.5)
    for place, one in enumerate(hits):
        for other in hits[:place]:
            shared = max(0, 6 - abs(one.top - other.top)) * max(0, 6 - abs(one.left - other.left))
            assert shared <= 0.3 * (72 - shared)
    assert [(hit.top, hit.left) for hit in hits[:2]] == [(0, 0), (8, 8)]


def test_all_windows_are_painted_where_their_mask_is_in_one_step() -> None:
    photo, places = facade()
    picture = photo[10:26, 15:27]
    segment = np.full_like(picture, 200)
    segment[:, :4] = 0  # black is not painted
    template = make_template("window", picture, segment, np.ones((16, 12)))
    canvas = Canvas(np.ones(photo.shape[:2], int))
    stamps, hits = find_stamps(photo, [template], 0.05)
    canvas.paint_stamps(stamps)
    expected = np.zeros(photo.shape[:2], bool)
    for top, left in places:
        expected[top : top + 16, left + 4 : left + 12] = True
    assert (canvas.is_painted == expected).all() and canvas.colours() == [(200, 200, 200)]
    assert len(hits[0]) == 6 and len(canvas.history.done) == 1
