"""Whatever was painted: canvas, masks and a reload are those of the replayed script."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.painting.canvas import Canvas
from segmentation.painting.replay import replay
from stages.segmenting.paint_masks import paint_masks
from stages.segmenting.painting_tools import PaintingTools
from stages.settings.painting import PaintSettings
from storage.formats.label_images import read_label_image
from storage.formats.paint_pictures import read_paint_picture
from tests.drawn_painting_session import (
    BLUE,
    HEIGHT,
    NAMES,
    WIDTH,
    Action,
    act,
    draw_photos,
    make_ready,
    painting_session,
)

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


def by_reference(tools: PaintingTools) -> tuple[Canvas, Path, Path]:
    """Replay a photo's script on the reference; give its canvas, the first labels, and the script's folder."""
    photo = tools.desk.opened(0)
    kept, first = tools.desk.folder.photo_dir(NAMES[0]), tools.desk.folder.find(NAMES[0], photo.labels_file)
    canvas = Canvas(read_label_image(first).labels)
    replay(
        canvas,
        photo.script()["actions"],
        None,
        lambda file: read_label_image(kept / file).labels,
        lambda file: read_paint_picture(kept / file),
    )
    return canvas, first, kept


def masks_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*_mask_*.png")}


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
                canvas, first, kept = by_reference(tools)
                assert canvas.checksum() == photo.canvas.checksum()
                tools.desk.save(0)
        script = kept / "script.json"
        script.write_text(json.dumps(photo.script()))
        image, again = folder / "photos" / NAMES[0], folder / "again"
        report = paint_masks(PaintSettings(image, first, script, again, names="safe"))
        assert report.settings["canvas_sha256"] == canvas.checksum()
        assert masks_in(folder / "masks") == masks_in(again)
