"""A folder of masks: what is saved comes back, and nothing that stood there is lost."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.errors import DamagedFileError, UsageError
from storage.formats.masks import read_numbers_png
from storage.formats.paint_classes import PaintClass
from storage.formats.rle import rle_mask
from storage.mask_folder import MaskFolder

RED, BLUE, BLACK = (204, 0, 0), (0, 0, 204), (0, 0, 0)
SHAPE = (6, 8)
RED_NAME, BLUE_NAME = "a_mask_R204_G0_B0.png", "a_mask_R0_G0_B204.png"


def box(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left:right] = True
    return mask


def opened(folder: Path, **given: Any) -> MaskFolder:
    return MaskFolder(folder, "safe", **given)


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_masks_come_back_in_a_later_session(tmp_path: Path) -> None:
    masks = [(RED, box(0, 0, 3, 3)), (BLUE, box(4, 4, 8, 6))]
    opened(tmp_path).save("a.jpg", masks, SHAPE)
    assert names_in(tmp_path) == [
        "a_labels.png",
        BLUE_NAME,
        RED_NAME,
        "areas.csv",
        "coco.json",
        "masks.json",
    ]
    found = dict(opened(tmp_path).read("a.jpg", SHAPE))
    assert all((found[colour] == mask).all() for colour, mask in masks) and len(found) == 2
    assert opened(tmp_path).read("b.jpg", SHAPE) == []


def test_a_second_save_of_the_same_writes_nothing(tmp_path: Path) -> None:
    masks = [(RED, box(0, 0, 3, 3))]
    opened(tmp_path).save("a.jpg", masks, SHAPE)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    saved = opened(tmp_path).save("a.jpg", masks, SHAPE)
    assert not (saved.written or saved.backups or saved.removed)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_mask_of_an_earlier_session_is_never_overwritten_without_a_backup(tmp_path: Path) -> None:
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    saved = opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 4, 4))], SHAPE)
    assert {path.name for path in saved.backups} == {f"{name}.1.bak" for name in before}
    assert all((tmp_path / f"{name}.1.bak").read_bytes() == content for name, content in before.items())


def test_within_a_session_one_backup_is_enough(tmp_path: Path) -> None:
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE)
    session = opened(tmp_path)
    for right in (4, 5, 6):
        session.save("a.jpg", [(RED, box(0, 0, right, 4))], SHAPE)
    assert len(list(tmp_path.glob(f"{RED_NAME}.*.bak"))) == 1


def test_a_foreign_file_of_the_same_name_is_backed_up_as_well(tmp_path: Path) -> None:
    (tmp_path / "coco.json").write_text("mine", encoding="utf-8")
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE)
    assert (tmp_path / "coco.json.1.bak").read_text(encoding="utf-8") == "mine"


def test_the_mask_of_a_colour_that_is_gone_is_put_away_as_a_backup(tmp_path: Path) -> None:
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3)), (BLUE, box(4, 4, 8, 6))], SHAPE)
    saved = opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE)
    assert [path.name for path in saved.removed] == [BLUE_NAME]
    assert (tmp_path / f"{BLUE_NAME}.1.bak").is_file() and not (tmp_path / BLUE_NAME).exists()
    assert [colour for colour, _ in opened(tmp_path).read("a.jpg", SHAPE)] == [RED]


def test_a_photo_without_paint_has_no_mask_but_is_listed(tmp_path: Path) -> None:
    opened(tmp_path).save("a.jpg", [(BLACK, box(0, 0, 3, 3)), (RED, box(0, 0, 0, 0))], SHAPE)
    assert names_in(tmp_path) == ["areas.csv", "coco.json", "masks.json"]
    assert json.loads((tmp_path / "coco.json").read_text(encoding="utf-8"))["images"][0]["file_name"] == "a.jpg"


def test_when_all_paint_is_gone_the_labels_are_put_away_too(tmp_path: Path) -> None:
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE)
    opened(tmp_path).save("a.jpg", [], SHAPE)
    assert not (tmp_path / "a_labels.png").exists() and (tmp_path / "a_labels.png.1.bak").is_file()


def test_photos_of_one_stem_and_of_sub_folders_stay_apart(tmp_path: Path) -> None:
    session = opened(tmp_path)
    photos = ["a.jpg", "a.png", "sub/a.jpg"]
    for right, name in enumerate(photos, 1):
        session.save(name, [(RED, box(0, 0, right, 1))], SHAPE, others=photos)
    assert (tmp_path / "sub" / RED_NAME).is_file()
    for right, name in enumerate(photos, 1):
        ((_, mask),) = opened(tmp_path).read(name, SHAPE)
        assert mask.sum() == right


def test_classes_keep_their_numbers_over_photos_and_sessions(tmp_path: Path) -> None:
    crack = PaintClass("crack", BLUE)
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE)
    opened(tmp_path).save("b.jpg", [(BLUE, box(0, 0, 3, 3)), (RED, box(4, 4, 8, 6))], SHAPE, [crack])
    coco = json.loads((tmp_path / "coco.json").read_text(encoding="utf-8"))
    assert [(one["id"], one["name"]) for one in coco["categories"]] == [(1, "R204_G0_B0"), (2, "crack")]
    numbers = read_numbers_png(tmp_path / "b_labels.png")
    assert (numbers[box(0, 0, 3, 3)] == 2).all() and (numbers[box(4, 4, 8, 6)] == 1).all() and numbers[5, 0] == 0
    renamed = PaintClass("spall", RED)
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE, [renamed])
    coco = json.loads((tmp_path / "coco.json").read_text(encoding="utf-8"))
    assert [(one["id"], one["name"]) for one in coco["categories"]] == [(1, "spall"), (2, "crack")]


@pytest.mark.parametrize("segmentation", ["rle", "rle_counts", "polygons"])
def test_coco_has_the_masks_of_all_photos(tmp_path: Path, segmentation: str) -> None:
    ring = box(1, 1, 7, 6) & ~box(3, 3, 5, 4)
    session = opened(tmp_path, segmentation=segmentation)
    session.save("b.jpg", [(RED, ring)], SHAPE)
    session.save("a.jpg", [(BLUE, box(0, 0, 2, 2))], SHAPE)
    coco = json.loads((tmp_path / "coco.json").read_text(encoding="utf-8"))
    assert [(one["id"], one["file_name"], one["width"], one["height"]) for one in coco["images"]] == [
        (1, "a.jpg", 8, 6),
        (2, "b.jpg", 8, 6),
    ]
    first, second = coco["annotations"]
    assert (first["image_id"], first["category_id"], first["bbox"], first["area"]) == (1, 2, [0, 0, 2, 2], 4)
    assert (second["image_id"], second["bbox"], second["area"], second["iscrowd"]) == (2, [1, 1, 6, 5], 28, 0)
    if segmentation == "polygons":
        assert first["segmentation"] == [[0, 0, 0, 1, 1, 1, 1, 0]] and "holes" not in first
        assert len(second["segmentation"]) == 1 and len(second["holes"]) == 1
    else:
        assert isinstance(second["segmentation"]["counts"], str if segmentation == "rle" else list)
        assert (rle_mask(second["segmentation"]) == ring).all()


def test_areas_have_a_line_per_photo_and_class(tmp_path: Path) -> None:
    session = opened(tmp_path)
    session.save("b.jpg", [(RED, box(0, 0, 4, 3)), (BLUE, box(6, 5, 8, 6))], SHAPE, [PaintClass("crack", RED)])
    session.save("a, b.jpg", [(RED, box(0, 0, 8, 6))], SHAPE)
    with (tmp_path / "areas.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["photo"], row["class"], row["pixels"], row["share"]) for row in rows] == [
        ("a, b.jpg", "crack", "48", "1.000000"),
        ("b.jpg", "crack", "12", "0.250000"),
        ("b.jpg", "R0_G0_B204", "2", "0.041667"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"area": 9', '"area": 8'),
        ('"name": "a.jpg"', '"name": "../a.jpg"'),
        ('"file": "a_', '"file": "/a_'),
        ('"width": 8', '"width": 9'),
        ('"counts": "0', '"counts": "p'),
        ('"stem"', '"other"'),
    ],
)
def test_a_damaged_index_is_named(tmp_path: Path, old: str, new: str) -> None:
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE)
    path = tmp_path / "masks.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DamagedFileError, match=r"damaged: .*masks\.json"):
        opened(tmp_path)


def test_an_unknown_form_of_names_or_of_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--names"):
        MaskFolder(tmp_path, "short")
    with pytest.raises(UsageError, match="--segmentation"):
        opened(tmp_path, segmentation="png")


def test_two_classes_of_one_name_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    opened(tmp_path).save("a.jpg", [(RED, box(0, 0, 3, 3))], SHAPE, [PaintClass("crack", RED)])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match="share a name"):
        opened(tmp_path).save("a.jpg", [(BLUE, box(0, 0, 4, 3))], SHAPE, [PaintClass("crack", BLUE)])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
