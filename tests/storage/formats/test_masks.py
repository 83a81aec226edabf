"""Masks as files: their names, what they hold, and what is no mask."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.errors import DamagedFileError, UsageError
from storage.formats import masks
from storage.formats.masks import (
    check_names,
    class_png,
    default_names,
    mask_files,
    mask_name,
    mask_png,
    photo_stems,
    read_mask,
    read_numbers_png,
)
from storage.formats.outlines import mask_outlines

RED = (204, 0, 0)


def drawn_mask() -> np.ndarray:
    return np.random.default_rng(0).random((7, 9)) < 0.5


def test_names_are_those_of_the_original_or_safe_ones() -> None:
    # S4
    assert mask_name("jet1", RED, "original") == "jet1_mask_(R:204,G:0,B:0).png"
    assert mask_name("sub/jet1", RED, "safe") == "sub/jet1_mask_R204_G0_B0.png"


def test_safe_names_are_the_default_on_windows_which_takes_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "REFUSES_COLONS", True)
    assert default_names() == "safe"
    with pytest.raises(UsageError, match="--names safe"):
        check_names("original")
    monkeypatch.setattr(masks, "REFUSES_COLONS", False)
    assert default_names() == "original"
    with pytest.raises(UsageError, match="--names is 'x'"):
        check_names("x")


def test_a_stem_is_the_name_up_to_its_last_dot_and_photos_never_share_one() -> None:
    stems = photo_stems(["a.jpg", "a.png", "sub/a.jpg", "b.tar.jpg", "A.jpg"])
    assert stems["b.tar.jpg"] == "b.tar" and stems["sub/a.jpg"] == "sub/a"
    assert sorted(stems[name] for name in ("a.jpg", "a.png", "A.jpg")) == ["A", "a~2", "a~3"]


def test_a_stem_that_was_given_stays_when_another_photo_comes() -> None:
    assert photo_stems(["a.jpg", "a.bmp"], {"a.jpg": "a"}) == {"a.jpg": "a", "a.bmp": "a~2"}


def test_a_mask_is_white_on_black_in_three_channels_and_comes_back(tmp_path: Path) -> None:
    mask = drawn_mask()
    (tmp_path / "a.png").write_bytes(mask_png(mask))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "RGB" and (np.asarray(image) == mask[..., None] * np.uint8(255)).all()
    assert (read_mask(tmp_path / "a.png", (7, 9)) == mask).all()


def test_the_mask_of_a_photo_beyond_the_usual_limit_is_read(tmp_path: Path) -> None:
    Image.new("1", (12_000, 10_000)).save(tmp_path / "a.png")
    assert read_mask(tmp_path / "a.png", (10_000, 12_000)).shape == (10_000, 12_000)
    with pytest.raises(DamagedFileError, match="more than 100 megapixels"):
        read_mask(tmp_path / "a.png", (100, 120))


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_a_mask_that_another_program_saved_in_another_mode_is_read(tmp_path: Path, mode: str) -> None:
    mask = drawn_mask()
    Image.fromarray(mask * np.uint8(255)).convert(mode).save(tmp_path / "a.png")
    assert (read_mask(tmp_path / "a.png", (7, 9)) == mask).all()


def test_a_mask_of_another_size_or_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(mask_png(drawn_mask()))
    with pytest.raises(DamagedFileError, match="has 9 x 7 pixels, its photo 7 x 9"):
        read_mask(path, (9, 7))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DamagedFileError, match=r"mask .*a\.png"):
        read_mask(path, (7, 9))


def test_the_masks_of_a_photo_are_found_in_both_forms_and_no_other_file(tmp_path: Path) -> None:
    safe = ["a_mask_R1_G2_B3.png", "sub/a_mask_R9_G9_B9.png"]
    others = ["a_mask_R1_G2_B3.png.1.bak", "a_mask_R1_G2_B999.png", "a_mask_R0_G0_B0.png", "ba_mask_R1_G2_B3.png"]
    others += ["a_labels.png", "a_mask_R1_G2_B.png", "aa_mask_R1_G2_B3.png"]
    original = [] if os.name == "nt" else ["a_mask_(R:4,G:5,B:6).png"]
    (tmp_path / "sub").mkdir()
    for name in (*safe, *others, *original):
        (tmp_path / name).write_bytes(b"")
    found = {path.name: colour for path, colour in mask_files(tmp_path, "a").items()}
    assert found == {"a_mask_R1_G2_B3.png": (1, 2, 3)} | dict.fromkeys(original, (4, 5, 6))
    assert list(mask_files(tmp_path, "sub/a").values()) == [(9, 9, 9)]
    assert mask_files(tmp_path, "none/a") == {}


def test_class_numbers_are_a_palette_picture_in_the_colours_of_the_classes(tmp_path: Path) -> None:
    numbers = np.array([[0, 1], [2, 2]])
    (tmp_path / "a.png").write_bytes(class_png(numbers, [RED, (0, 0, 9)]))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P" and np.asarray(image.convert("RGB"))[1, 0].tolist() == [0, 0, 9]
    assert (read_numbers_png(tmp_path / "a.png") == numbers).all()


def test_more_than_255_classes_are_16_bit_grey(tmp_path: Path) -> None:
    numbers = np.array([[0, 1], [255, 300]])
    (tmp_path / "a.png").write_bytes(class_png(numbers, [(1, 1, place % 256) for place in range(300)]))
    assert (read_numbers_png(tmp_path / "a.png") == numbers).all()


def test_labels_of_three_bytes_are_read_and_other_channels_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[[1, 2, 3]]], np.uint8)).save(tmp_path / "a.png")
    assert read_numbers_png(tmp_path / "a.png").tolist() == [[65536 + 2 * 256 + 3]]
    Image.fromarray(np.zeros((1, 1, 4), np.uint8)).save(tmp_path / "b.png")
    with pytest.raises(DamagedFileError, match="mode RGBA"):
        read_numbers_png(tmp_path / "b.png")
    with pytest.raises(DamagedFileError, match="does not exist"):
        read_numbers_png(tmp_path / "c.png")


def test_outlines_and_holes_drawn_again_give_the_mask() -> None:
    import cv2

    mask = np.zeros((40, 50), bool)
    mask[3:30, 4:40] = True
    mask[8:20, 10:25] = False  # a hole
    mask[35, 45] = True  # a single pixel
    mask[2, 45:48] = True  # a line
    outer, holes = mask_outlines(mask)
    assert len(outer) == 3 and len(holes) == 1 and all(len(points) >= 6 for points in (*outer, *holes))
    drawn = np.zeros(mask.shape, np.uint8)
    as_points = [[np.array(points, np.int32).reshape(-1, 1, 2) for points in part] for part in (outer, holes)]
    cv2.fillPoly(drawn, as_points[0], 1)
    cv2.fillPoly(drawn, as_points[1], 0)
    cv2.polylines(drawn, as_points[1], True, 1)
    assert (drawn.astype(bool) == mask).all()


def test_an_empty_mask_has_no_outline() -> None:
    assert mask_outlines(np.zeros((3, 3), bool)) == ([], [])
