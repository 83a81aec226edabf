"""A painting session: what was painted comes back, what is wrong is told, memory is bounded."""

from __future__ import annotations

import gc
import json
import shutil
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segmentation.painting.canvas import Canvas
from stages.segmenting.painted_photo import RevisionError
from stages.segmenting.painting_desk import LEAST_OPEN
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.paint_classes import PaintClass
from storage.mask_folder import SavedMasks
from tests.drawn_painting_session import (
    BLUE,
    HEIGHT,
    LEFT,
    NAMES,
    RIGHT,
    WIDTH,
    WINDOW,
    act,
    draw_photos,
    fill,
    journal_path,
    make_ready,
    painting_session,
    standing,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw_photos(tmp_path / "photos")
    return tmp_path


def test_paint_history_colour_and_cut_are_there_after_a_restart(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT), {"action": "colour", "colour": BLUE}, fill(WINDOW), {"action": "undo"})
        act(tools, {"action": "cut", "points": [[0, 20], [29, 20], [29, 30]]})
        before = standing(tools)
    with painting_session(folder) as tools:
        assert tools.desk.begin(0) is None  # without its labels being made again
        assert standing(tools) == before and before[2] == (29, 30)
        assert tools.desk.opened(0).note == ""


@pytest.mark.parametrize("cut", ["after the first line", "in the first line"])
def test_a_photo_whose_journal_was_cut_at_its_beginning_can_be_painted(folder: Path, cut: str) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
    path = journal_path(folder)
    heading = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(heading if cut == "after the first line" else heading[:20])
    with painting_session(folder) as tools:
        assert tools.desk.summary(0).problem == ""
        make_ready(tools)
        assert tools.desk.opened(0).revision == 0
        act(tools, fill(LEFT), fill(RIGHT))
        before = standing(tools)
    with painting_session(folder) as tools:
        make_ready(tools)
        assert standing(tools) == before


def test_another_photo_of_the_same_name_and_size_is_told(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
    with painting_session(folder) as tools:
        make_ready(tools)
        assert tools.desk.opened(0).note == ""
    shutil.copy(folder / "photos" / NAMES[1], folder / "photos" / NAMES[0])
    with painting_session(folder) as tools:
        make_ready(tools)
        assert "is not the one that was painted" in tools.desk.opened(0).note


def test_a_journal_that_does_not_say_which_photo_it_is_of_is_taken_as_it_is(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        before = standing(tools)
    path = journal_path(folder)
    heading, *lines = path.read_text().splitlines()
    fields = json.loads(heading)
    assert len(fields.pop("sha256")) == 64
    path.write_text("\n".join([json.dumps(fields), *lines]) + "\n")
    with painting_session(folder) as tools:
        make_ready(tools)
        assert standing(tools) == before and tools.desk.opened(0).note == ""


def test_a_canvas_that_was_put_away_comes_back(folder: Path) -> None:
    with painting_session(folder) as tools:
        for photo in range(3):
            make_ready(tools, photo)
            act(tools, fill(LEFT), fill(RIGHT), {"action": "undo"}, photo=photo)
        before = standing(tools, 2)
        assert not tools.desk.is_open(0)
        make_ready(tools, 0)
        make_ready(tools, 1)
        assert not tools.desk.is_open(2) and standing(tools, 2) == before


def test_few_canvases_and_pixels_of_one_photo_are_in_memory(folder: Path) -> None:
    draw_photos(folder / "photos", [f"{number:02d}.png" for number in range(12)])
    alive: weakref.WeakSet[Canvas] = weakref.WeakSet()
    with painting_session(folder) as tools:
        for photo in range(12):
            make_ready(tools, photo)
            act(tools, fill(LEFT), photo=photo)
            tools.desk.shelf.pixels(photo)
            alive.add(tools.desk.opened(photo).canvas)
            assert sum(map(tools.desk.is_open, range(12))) <= LEAST_OPEN
        gc.collect()
        assert len(alive) <= LEAST_OPEN


def test_as_many_canvases_stay_in_memory_as_their_bytes_allow(folder: Path) -> None:
    draw_photos(folder / "photos", [f"{number:02d}.png" for number in range(8)])
    with painting_session(folder) as tools:
        canvas = HEIGHT * WIDTH * 8
        tools.desk.settings = replace(tools.desk.settings, max_open_bytes=4 * canvas + 3000)
        for photo in range(8):
            make_ready(tools, photo)
            assert tools.desk.open_bytes <= tools.desk.settings.max_open_bytes
        assert [tools.desk.is_open(photo) for photo in range(8)] == [False] * 4 + [True] * 4
        for _ in range(30):  # a history that grows takes the place of canvases
            act(tools, {"action": "fill_stroke", "points": [[0, 0], [59, 39]]}, {"action": "reset"}, photo=7)
        make_ready(tools, 0)
        assert sum(map(tools.desk.is_open, range(8))) < 4 and tools.desk.is_open(0)


def test_a_photo_that_was_not_begun_follows_the_settings(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        tools.desk.how = tools.desk.labels.segmentation("superpixel", {"region_size": 8})
        make_ready(tools)
        assert tools.desk.opened(0).settings["method"] == "superpixel"


def test_an_action_after_someone_elses_is_refused(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        with pytest.raises(RevisionError) as caught:
            tools.desk.do(0, 0, [fill(RIGHT)])
        assert caught.value.revision == 1


def test_what_was_accepted_before_a_restart_is_not_done_again(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT), fill(WINDOW))
    with painting_session(folder) as tools:
        assert tools.desk.begin(0) is None
        assert tools.desk.do(0, 0, [fill(LEFT), fill(WINDOW)]) == [] and tools.desk.opened(0).revision == 2


def test_masks_of_an_earlier_session_are_taken_up_and_go_with_undo(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT), {"action": "colour", "colour": BLUE}, fill(WINDOW))
        tools.desk.save(0)
        paint = tools.desk.opened(0).canvas.paint.copy()
    shutil.rmtree(folder / "masks" / ".painting")
    with painting_session(folder) as tools:
        make_ready(tools)
        photo = tools.desk.opened(0)
        assert np.array_equal(photo.canvas.paint, paint) and photo.is_saved and "taken up" in photo.note
        act(tools, {"action": "undo"})
        assert not photo.canvas.paint.any() and not photo.is_saved


def test_saving_backs_up_what_stood_before_the_session(folder: Path) -> None:
    with painting_session(folder, names="safe") as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        tools.desk.save(0)
    with painting_session(folder, names="safe") as tools:
        make_ready(tools)
        act(tools, fill(WINDOW))
        saved, _ = tools.desk.save(0)
        assert (folder / "masks" / "a_mask_R204_G0_B0.png.1.bak") in saved.backups


def test_painting_goes_on_while_masks_are_written_and_what_was_painted_since_is_not_saved(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_writing, may_write = threading.Event(), threading.Event()
    with painting_session(folder, names="safe") as tools, ThreadPoolExecutor(1) as others:
        make_ready(tools)
        act(tools, fill(LEFT))
        write = tools.desk.masks.save

        def write_slowly(*args: Any) -> SavedMasks:
            is_writing.set()
            assert may_write.wait(60)
            return write(*args)

        monkeypatch.setattr(tools.desk.masks, "save", write_slowly)
        saving = others.submit(tools.desk.save, 0)
        assert is_writing.wait(60)
        act(tools, fill(WINDOW))
        make_ready(tools, 1)
        may_write.set()
        _, snapshot = saving.result(60)
        white = np.asarray(Image.open(folder / "masks" / "a_mask_R204_G0_B0.png"))[..., 0] == 255
        assert white.sum() == WIDTH // 2 * HEIGHT and snapshot.revision == 1
        assert not tools.desk.opened(0).is_saved
        act(tools, {"action": "undo"})
        assert tools.desk.opened(0).is_saved


def test_a_canvas_that_was_put_away_while_its_masks_were_written_is_saved_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        write = tools.desk.masks.save

        def write_after_others_were_opened(*args: Any) -> SavedMasks:
            for photo in (1, 2):
                make_ready(tools, photo)
            return write(*args)

        monkeypatch.setattr(tools.desk.masks, "save", write_after_others_were_opened)
        tools.desk.save(0)
        assert tools.desk.opened(0).is_saved and tools.desk.summary(0).is_saved


def test_masks_that_cannot_be_written_leave_the_photo_unsaved(folder: Path) -> None:
    with painting_session(folder, names="safe") as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        (folder / "masks" / "a_mask_R204_G0_B0.png").mkdir()
        with pytest.raises(StageError):
            tools.desk.save(0)
        assert not tools.desk.opened(0).is_saved
        (folder / "masks" / "a_mask_R204_G0_B0.png").rmdir()
        tools.desk.save(0)
        assert tools.desk.opened(0).is_saved


def test_summaries_tell_of_photos_that_are_not_open(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
    with painting_session(folder) as tools:
        known, other = tools.desk.summary(0), tools.desk.summary(1)
        assert (known.is_begun, known.is_saved, known.painted) == (True, False, 30 * 40)
        assert (other.is_begun, other.is_saved, other.painted) == (False, True, 0)


def test_a_damaged_journal_is_told_and_costs_its_photo_alone(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
    path = journal_path(folder)
    path.write_bytes(path.read_bytes().replace(b'"at"', b'"an"'))
    with painting_session(folder) as tools:
        assert "actions.jsonl" in tools.desk.summary(0).problem
        with pytest.raises(DamagedFileError, match=r"actions\.jsonl"):
            tools.desk.begin(0)
        make_ready(tools, 1)


def test_a_photo_that_has_another_size_now_is_refused(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
    Image.new("RGB", (30, 30)).save(folder / "photos" / NAMES[0])
    with painting_session(folder) as tools, pytest.raises(StageError, match="30 x 30 pixels, but was painted with 60"):
        tools.desk.begin(0)


def test_a_canvas_that_comes_out_otherwise_is_told(folder: Path) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
    path = journal_path(folder)
    path.write_text(path.read_text().replace('"at":[10,20]', '"at":[50,5]'))
    with painting_session(folder) as tools:
        assert tools.desk.begin(0) is None and "other pixels" in tools.desk.opened(0).note


def test_only_so_many_photos_are_made_ahead(folder: Path) -> None:
    draw_photos(folder / "photos", [f"{number:02d}.png" for number in range(9)])
    with painting_session(folder, precompute=2) as tools:
        tools.desk.prefetch(list(range(9)))
        assert tools.desk.ahead()["wanted"] == 4
        for job in tools.desk.jobs.jobs():
            tools.desk.jobs.find(job.number, 60)
        assert [tools.desk.has_labels(photo) for photo in range(6)] == [True] * 4 + [False] * 2
        assert tools.desk.ahead() == {"wanted": 4, "done": 4, "running": False}


def test_making_ahead_ends_with_an_empty_list(folder: Path) -> None:
    with painting_session(folder) as tools:
        tools.desk.prefetch([0, 1, 2])
        tools.desk.prefetch([])
        assert tools.desk.ahead() == {"wanted": 0, "done": 0, "running": False}
        assert all(job.is_ended for job in tools.desk.jobs.jobs() if job.rank == 2)


def test_classes_come_from_the_file_then_from_the_last_session(folder: Path) -> None:
    (folder / "classes.json").write_text(json.dumps([{"name": "crack", "colour": [1, 2, 3]}]))
    wanted = (PaintClass("crack", (1, 2, 3)),)
    with painting_session(folder, classes=folder / "classes.json") as tools:
        assert tools.desk.classes == wanted
    with painting_session(folder) as tools:
        assert tools.desk.classes == wanted


def test_wrong_settings_are_named(folder: Path) -> None:
    for given_, said in (
        ({"precompute": -1}, "--precompute"),
        ({"method": "magic"}, "--method"),
        ({"export_dir": folder / "photos" / "masks"}, "--export_dir"),
        ({"given": {"ruler": "3"}}, "--ruler"),
        ({"building": 3}, "--building 3 needs --work_dir"),
    ):
        with pytest.raises(UsageError, match=said), painting_session(folder, **given_):
            pass


def test_flags_of_segment_anything_are_taken_with_every_method(folder: Path) -> None:
    with painting_session(folder, given={"k": "40", "points_per_side": "8"}) as tools:
        assert tools.desk.how.parameters.as_json()["k"] == 40
        assert tools.desk.settings.sam.points_per_side == 8
