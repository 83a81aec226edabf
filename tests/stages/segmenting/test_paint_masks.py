"""The stage of ``tools.paint_masks``: a script done again on a photo, its masks on the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.segmenting.paint_masks import paint_masks
from stages.settings.painting import PaintSettings
from storage.errors import StageError, UsageError
from storage.report import RunReport
from tests.stages.drawn_painting import BLUE, HEIGHT, RED, WIDTH, draw_painting, write_script

FILL_LEFT = {"action": "fill", "at": [0, 0]}
RED_MASK = "a_mask_R204_G0_B0.png"


def run(folder: Path, **given: Any) -> RunReport:
    settings: dict[str, Any] = {
        "image": folder / "photos" / "a.png",
        "labels": folder / "labels.png",
        "script": folder / "actions.json",
        "export_dir": folder / "masks",
        "names": "safe",
    }
    return paint_masks(PaintSettings(**(settings | given)))


def mask_in(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)[..., 0] == 255


def test_a_script_gives_a_mask_per_colour(tmp_path: Path) -> None:
    actions = [
        {"action": "colour", "colour": RED},
        FILL_LEFT,
        {"action": "cut", "points": [[0, 20], [WIDTH - 1, 20]]},
        {"action": "colour", "colour": BLUE},
        {"action": "fill", "at": [0, HEIGHT - 1]},
        {"action": "fill", "at": [WIDTH - 1, 0]},
        {"action": "undo"},
    ]
    draw_painting(tmp_path, actions)
    report = run(tmp_path)
    red, blue = mask_in(tmp_path / "masks" / RED_MASK), mask_in(tmp_path / "masks" / "a_mask_R0_G0_B204.png")
    assert red[:20, :30].all() and red.sum() == 20 * 30
    assert blue[21:, :30].all() and blue.sum() == 19 * 30
    assert report.counts["masks"] == 2 and report.counts["painted_pixels"] == 39 * 30
    assert report.exit_code == 0 and not report.notes


def test_the_same_script_gives_the_same_canvas_and_writes_nothing_new(tmp_path: Path) -> None:
    draw_painting(tmp_path, [FILL_LEFT])
    first = run(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "masks").rglob("*.png")}
    again = run(tmp_path)
    assert again.is_current and not first.is_current
    assert again.settings["canvas_sha256"] == first.settings["canvas_sha256"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "masks").rglob("*.png")} == before


def test_without_being_asked_to_go_on_the_canvas_is_empty_and_former_masks_are_backed_up(tmp_path: Path) -> None:
    draw_painting(tmp_path, [FILL_LEFT])
    run(tmp_path)
    write_script(tmp_path, [{"action": "fill", "at": [WIDTH - 1, 0]}])
    report = run(tmp_path)
    assert mask_in(tmp_path / "masks" / RED_MASK).sum() == HEIGHT * 30
    assert not mask_in(tmp_path / "masks" / RED_MASK)[:, :30].any() and report.counts["backups"] > 0
    with Image.open(tmp_path / "masks" / f"{RED_MASK}.1.bak", formats=["PNG"]) as backup:
        assert (np.asarray(backup)[:, :30] == 255).all()


def test_masks_are_opened_again_and_continued(tmp_path: Path) -> None:
    draw_painting(tmp_path, [FILL_LEFT])
    run(tmp_path)
    write_script(tmp_path, [{"action": "fill", "at": [WIDTH - 1, 0]}])
    run(tmp_path, continue_masks=True)
    assert mask_in(tmp_path / "masks" / RED_MASK).all()


def test_templates_are_found_and_painted(tmp_path: Path) -> None:
    places = {"templates": "templates", "segments": "segments", "threshold": 0.05}
    draw_painting(tmp_path, [{"action": "templates"} | places])
    run(tmp_path)
    mask = mask_in(tmp_path / "masks" / "a_mask_R77_G77_B77.png")
    assert mask[12:22, 5:13].all() and mask[12:22, 35:43].all() and mask.sum() == 160


def test_template_folders_of_different_numbers_are_refused(tmp_path: Path) -> None:
    draw_painting(tmp_path, [{"action": "templates", "templates": "templates", "segments": "segments"}])
    Image.fromarray(np.ones((3, 3), np.uint8)).save(tmp_path / "templates" / "more.png")
    with pytest.raises(UsageError, match=r"templates 2, segments 1"):
        run(tmp_path)


def test_other_labels_are_taken_up_and_paint_stays(tmp_path: Path) -> None:
    draw_painting(tmp_path, [FILL_LEFT, {"action": "labels", "file": "other.png"}, {"action": "fill", "at": [59, 0]}])
    Image.fromarray(np.ones((HEIGHT, WIDTH), np.uint8)).save(tmp_path / "other.png")
    run(tmp_path)
    assert mask_in(tmp_path / "masks" / RED_MASK).all()


def test_what_an_action_has_to_say_stands_in_the_report(tmp_path: Path) -> None:
    actions = [{"action": "colour", "colour": [0, 0, 0]}, FILL_LEFT, {"action": "fill", "at": [99, 0]}]
    draw_painting(tmp_path, actions)
    report = run(tmp_path)
    assert report.counts["actions_without_effect"] == 1 and report.counts["masks"] == 0
    assert report.notes[0].startswith("action 1 (colour): black means nothing")
    assert report.notes[2].startswith("action 3 (fill): the point is outside")
    assert report.notes[3].startswith("1,200 pixels are painted black")


def test_only_the_first_notes_are_shown(tmp_path: Path) -> None:
    draw_painting(tmp_path, [{"action": "undo"}] * 50)
    report = run(tmp_path)
    assert len(report.notes) == 21 and report.notes[-1].startswith("30 more")


def test_masks_keep_sub_folders_and_photos_of_one_stem_apart(tmp_path: Path) -> None:
    draw_painting(tmp_path, [FILL_LEFT], "photos/sub/a.png")
    Image.new("RGB", (2, 2)).save(tmp_path / "photos" / "sub" / "a.bmp")
    run(tmp_path, image=tmp_path / "photos" / "sub" / "a.png", image_dir=tmp_path / "photos")
    assert (tmp_path / "masks" / "sub" / "a~2_mask_R204_G0_B0.png").is_file()
    index = json.loads((tmp_path / "masks" / "masks.json").read_text(encoding="utf-8"))
    assert [(photo["name"], photo["stem"]) for photo in index["photos"]] == [("sub/a.png", "sub/a~2")]


def test_labels_of_another_size_are_refused_with_both_sizes(tmp_path: Path) -> None:
    draw_painting(tmp_path, [])
    Image.fromarray(np.ones((3, 4), np.uint8)).save(tmp_path / "labels.png")
    with pytest.raises(UsageError, match="4 x 3 pixels.* 60 x 40"):
        run(tmp_path)


def test_a_photo_outside_of_the_image_folder_and_masks_inside_it_are_refused(tmp_path: Path) -> None:
    draw_painting(tmp_path, [])
    with pytest.raises(UsageError, match="does not lie in --image_dir"):
        run(tmp_path, image_dir=tmp_path / "templates")
    with pytest.raises(UsageError, match="--export_dir .* lies in --image_dir"):
        run(tmp_path, export_dir=tmp_path / "photos" / "masks")


def test_a_damaged_photo_is_one_error(tmp_path: Path) -> None:
    draw_painting(tmp_path, [])
    (tmp_path / "photos" / "a.png").write_bytes(b"no photo")
    with pytest.raises(StageError, match="cannot be used"):
        run(tmp_path)


def test_an_action_that_fails_writes_nothing(tmp_path: Path) -> None:
    draw_painting(tmp_path, [FILL_LEFT, {"action": "labels", "file": "small.png"}])
    Image.fromarray(np.ones((3, 4), np.uint8)).save(tmp_path / "small.png")
    with pytest.raises(UsageError, match=r"actions\.json: action 2 \('labels'\): labels have the shape"):
        run(tmp_path)
    assert not list((tmp_path / "masks").glob("*.png"))
