"""A painting session: what was painted survives any end, equals the reference, and takes bounded memory."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segmentation.painting.canvas import Canvas
from segmentation.painting.replay import replay
from stages.segmenting.paint_masks import paint_masks
from stages.segmenting.painted_photo import RevisionError
from stages.segmenting.painting_desk import LEAST_OPEN
from stages.segmenting.painting_tools import PaintingTools
from stages.settings.painting import PaintSettings
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.label_images import read_label_image
from storage.formats.paint_classes import PaintClass
from storage.formats.paint_pictures import read_paint_picture
from tests.conftest import ROOT
from tests.drawn_painting_session import (
    BLUE,
    HEIGHT,
    LEFT,
    NAMES,
    RIGHT,
    WIDTH,
    WINDOW,
    draw_photos,
    make_ready,
    painting_session,
)

Action = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw_photos(tmp_path / "photos")
    return tmp_path


def fill(point: tuple[int, int]) -> Action:
    return {"action": "fill", "at": list(point)}


def act(tools: PaintingTools, *actions: Action, photo: int = 0) -> None:
    tools.desk.do(photo, tools.desk.opened(photo).revision, actions)


def standing(tools: PaintingTools, photo: int = 0) -> tuple[Any, ...]:
    """Give everything that a reload has to bring back."""
    canvas = tools.desk.opened(photo).canvas
    sizes = [(step.label, step.num_bytes) for step in (*canvas.history.done, *canvas.history.undone)]
    return canvas.checksum(), canvas.colour, canvas.cut_from, len(canvas.history.done), sizes


def journal_path(folder: Path, name: str = NAMES[0]) -> Path:
    paths = list((folder / "masks" / ".painting" / "photos").glob("*/actions.jsonl"))
    return next(path for path in paths if json.loads(path.read_text().splitlines()[0])["photo"] == name)


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


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_journal_that_was_cut_short_opens_at_the_last_whole_request(folder: Path, cut: int) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        whole = standing(tools)
        act(tools, fill(WINDOW), {"action": "cut", "points": [[0, 20], [29, 20]]}, {"action": "undo"})
    path = journal_path(folder)
    path.write_bytes(path.read_bytes()[:-cut])
    with painting_session(folder) as tools:
        assert tools.desk.begin(0) is None and standing(tools) == whole
        act(tools, fill(RIGHT))
        again = standing(tools)
    with painting_session(folder) as tools:
        assert tools.desk.begin(0) is None and standing(tools) == again


KILLED = """
import sys
from pathlib import Path
from tests.drawn_painting_session import make_ready, painting_session
with painting_session(Path(sys.argv[1])) as tools:
    make_ready(tools)
    number = 0
    while True:
        point = [number % 60, number * 7 % 40]
        tools.desk.do(0, number, [{"action": "fill" if number % 3 else "unfill", "at": point}])
        number += 1
        print(number, tools.desk.opened(0).canvas.checksum(), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_what_was_answered_before_a_kill_is_there_after_it(folder: Path) -> None:
    program = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    told = [program.stdout.readline().split() for _ in range(12)]
    program.send_signal(signal.SIGKILL)
    told += [line.split() for line in program.stdout.read().splitlines() if len(line.split()) == 2]
    program.wait(30)
    with painting_session(folder) as tools:
        make_ready(tools)
        photo = tools.desk.opened(0)
        assert photo.revision >= len(told) >= 12
        canvas = Canvas(read_label_image(journal_path(folder).parent / photo.labels_file).labels)
        replay(canvas, photo.actions[: len(told)])
        assert canvas.checksum() == told[-1][1]


def test_a_journal_that_cannot_be_written_leaves_the_photo_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with painting_session(folder) as tools:
        make_ready(tools)
        act(tools, fill(LEFT))
        before = standing(tools)

        def fail(*_: Any) -> None:
            raise StageError("cannot write: No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("storage.formats.journal.Journal.add", fail)
            with pytest.raises(StageError, match="No space"):
                act(tools, fill(RIGHT))
        assert standing(tools) == before
        act(tools, fill(RIGHT))
        assert tools.desk.opened(0).revision == 2


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
        saved = tools.desk.save(0)
        assert (folder / "masks" / "a_mask_R204_G0_B0.png.1.bak") in saved.backups


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


points = st.tuples(st.integers(-2, WIDTH + 1), st.integers(-2, HEIGHT + 1)).map(list)
actions = st.lists(
    st.one_of(
        points.map(lambda point: {"action": "fill", "at": point}),
        points.map(lambda point: {"action": "unfill", "at": point}),
        st.tuples(
            st.sampled_from(["cut", "fill_stroke", "unfill_stroke"]), st.lists(points, min_size=1, max_size=3)
        ).map(lambda pair: {"action": pair[0], "points": pair[1]}),
        st.sampled_from([{"action": name} for name in ("undo", "redo", "reset")]),
        st.sampled_from([{"action": "colour", "colour": colour} for colour in ([0, 0, 0], [204, 0, 0], BLUE)]),
        st.just({"action": "grabcut"}),
        st.just({"action": "superpixel"}),
    ),
    min_size=1,
    max_size=14,
)


def resolved(tools: PaintingTools, action: Action) -> Action:
    """Give what a page sends for what the server computed."""
    if action["action"] == "grabcut":
        tools.grabcut_state(0, begin=True)
        tools.add_to_grabcut(0, [], [[31, 8, 45, 24]], 1)
        layer = tools.grabcut(0, (9, 8, 7))
        assert layer.box is not None
        return {"action": "picture", "file": tools.desk.layers.add(0, layer), "at": list(layer.box[:2])}
    if action["action"] == "superpixel":
        job = tools.desk.labels.segment(0, tools.desk.labels.segmentation("superpixel", {"region_size": 12}))
        result = tools.desk.jobs.find(job.number, 60).result
        assert result is not None
        return dict(result["action"])
    return action


@settings(deadline=None, max_examples=12)
@given(actions, st.integers(0, 5))
def test_canvas_masks_and_reload_are_those_of_the_replayed_script(done: list[Action], restart: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_photos(folder / "photos", NAMES[:1])
        for part in (done[:restart], done[restart:]):
            with painting_session(folder, names="safe") as tools:
                make_ready(tools)
                for action in part:
                    act(tools, resolved(tools, action))
                photo = tools.desk.opened(0)
                standing_now, script, kept = (
                    photo.canvas.checksum(),
                    photo.script(),
                    tools.desk.folder.photo_dir(NAMES[0]),
                )
                first = tools.desk.folder.find(NAMES[0], photo.labels_file)
                by_reference = Canvas(read_label_image(first).labels)
                replay(
                    by_reference,
                    script["actions"],
                    None,
                    lambda file, kept=kept: read_label_image(kept / file).labels,
                    lambda file, kept=kept: read_paint_picture(kept / file),
                )
                assert by_reference.checksum() == standing_now
                tools.desk.save(0)
        (kept / "script.json").write_text(json.dumps(script))
        replayed = PaintSettings(
            image=folder / "photos" / NAMES[0],
            labels=kept / photo.labels_file,
            script=kept / "script.json",
            export_dir=folder / "replayed",
            names="safe",
        )
        if photo.revision:
            assert paint_masks(replayed).settings["canvas_sha256"] == standing_now
            saved, again = (
                {p.name: p.read_bytes() for p in (folder / d).glob("*_mask_*.png")} for d in ("masks", "replayed")
            )
            assert saved == again
