"""GrabCut, Segment Anything, templates and saved masks over HTTP: looked at first, then taken as one step."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from segmentation.method_parameters import SamParameters
from segmentation.painting.planes import paint_of
from tests.drawn_painting_session import BLUE, HEIGHT, LEFT, RED, WIDTH, WINDOW
from tests.web.segmentation.conftest import Page

ROUND = {"rectangles": [[31, 8, 45, 24]], "rounds": 1, "colour": BLUE}


def plane_of(page: Page, told: dict[str, Any], photo: int = 0) -> NDArray[np.int32]:
    """Give the paint plane (H, W) of a layer that was answered."""
    runs = np.frombuffer(page.get(f"photos/{photo}/layers/{told['layer']}").body, "<i4").reshape(-1, 3)
    plane = np.zeros(HEIGHT * WIDTH, np.int32)
    for start, length, paint in runs.tolist():
        plane[start : start + length] = paint
    assert len(runs) == told["runs"] and runs[:, 1].sum() == told["pixels"]
    return plane.reshape(HEIGHT, WIDTH)


def png(picture: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def upload(page: Page) -> dict[str, Any]:
    photo = np.asarray(Image.open(page.folder / "photos" / "a.png"))
    window = photo[10:22, 33:43]
    return page.told(
        "templates",
        name="<windows>",
        templates=[{"name": "w.png", "content": png(window)}],
        segments=[{"name": "w.png", "content": png(np.full_like(window, 77))}],
    )


def test_grabcut_finds_an_object_that_becomes_paint_in_one_step(page: Page) -> None:
    page.open()
    told = page.told("photos/0/grabcut", begin=True, **ROUND)
    assert told["rounds"] == 1 and told["scale"] == 1
    plane = plane_of(page, told)
    assert plane[WINDOW[1] - 1, WINDOW[0]] == paint_of((0, 0, 204)) and not plane[:, :30].any()
    answered = page.act(0, told["action"])
    assert answered["undo"] == 1 and answered["painted"] == told["pixels"]
    assert np.array_equal(page.planes()[1], plane)
    page.act(0, {"action": "undo"})
    assert not page.planes()[1].any()


def test_strokes_of_grabcut_stay_and_begin_forgets_them(page: Page) -> None:
    page.open()
    stroke = {"kind": "foreground", "points": [[5, 5], [20, 5]], "brush": 3}
    told = page.told("photos/0/grabcut", strokes=[stroke], colour=RED)
    assert told["rounds"] == 0 and plane_of(page, told)[5, 10] == paint_of((204, 0, 0))
    told = page.told("photos/0/grabcut", begin=True, colour=RED)
    assert told["pixels"] == 0 and told["box"] is None and told["action"] is None


def test_grabcut_of_nothing_says_what_to_draw(page: Page) -> None:
    page.open()
    reply = page.post("photos/0/grabcut", begin=True, rounds=1, colour=RED)
    assert reply.status == 400 and "draw a foreground stroke" in reply.content["error"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "colour None"),
        ({"colour": RED, "rounds": 99}, "rounds is 99"),
        ({"colour": RED, "strokes": [{"kind": "x", "points": [[1, 1]]}]}, "must be one of"),
        ({"colour": RED, "strokes": [{"kind": "foreground", "points": []}]}, "1 to"),
        ({"colour": RED, "strokes": [{"kind": "foreground", "points": [[1e30, 1]]}]}, "far outside"),
        ({"colour": RED, "strokes": [{"kind": "foreground", "points": [[1, 1]], "brush": 200}]}, "brush is 200"),
        ({"colour": RED, "rectangles": [[1, 2, 3]]}, "must be 4 numbers"),
        ({"colour": RED, "rectangles": [[1, 1, 1, 9]]}, "holds no pixel"),
        ({"colour": RED, "strokes": 5}, "must be a list"),
    ],
)
def test_a_wrong_request_of_grabcut_is_named(page: Page, given: dict[str, Any], said: str) -> None:
    page.open()
    reply = page.post("photos/0/grabcut", **given)
    assert reply.status == 400 and said in reply.content["error"]


def test_what_grabcut_found_can_become_segments(page: Page) -> None:
    page.open()
    page.told("photos/0/grabcut", begin=True, **ROUND)
    told = page.told("photos/0/grabcut/labels")
    page.act(0, told["action"])
    labels, paint = page.planes()
    assert not paint.any() and labels.max() == told["count"] and labels[WINDOW[1] - 1, WINDOW[0]] == 1


def test_segment_anything_says_why_it_is_off(page: Page) -> None:
    page.open()
    reply = page.post("photos/0/sam", prompts=[{"point": [1, 1]}], colour=RED)
    assert reply.status == 409 and "--checkpoint" in reply.content["error"]


class BoxPredictor:
    """Finds what is in the box, and the dot at each point; the second mask is the better one."""

    def set_image(self, image: NDArray[np.uint8]) -> None:
        self.shape = image.shape[:2]

    def predict(
        self, point_coords: Any = None, point_labels: Any = None, box: Any = None, multimask_output: bool = True
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        mask = np.zeros(self.shape, bool)
        if box is not None:
            left, top, right, bottom = map(int, box)
            mask[top:bottom, left:right] = True
        for (x, y), is_inside in zip(
            point_coords if point_coords is not None else (), point_labels or (), strict=False
        ):
            mask[int(y), int(x)] = bool(is_inside)
        return np.stack([~mask, mask]), np.array([0.1, 0.9]), np.empty(0)


@pytest.fixture
def with_sam(page: Page, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.setattr("segmentation.sam.load_predictor", lambda parameters: BoxPredictor())
    monkeypatch.setattr("stages.segmenting.painting_tools.check_sam", lambda parameters: None)
    return page


def test_boxes_of_segment_anything_become_paint(with_sam: Page) -> None:
    with_sam.open()
    told = with_sam.told("photos/0/sam", prompts=[{"box": [20, 30, 5, 10]}], colour=BLUE)
    assert told["box"] == [5, 10, 15, 20] and told["pixels"] == 300
    with_sam.act(0, told["action"])
    assert (with_sam.planes()[1][10:30, 5:20] == paint_of((0, 0, 204))).all()


def test_boxes_of_segment_anything_become_segments(with_sam: Page) -> None:
    with_sam.open()
    told = with_sam.told("photos/0/sam", prompts=[{"box": [5, 10, 20, 30]}], **{"as": "labels"})
    assert told["count"] == 2 and told["action"]["action"] == "labels"


@pytest.mark.parametrize("prompts", [[], [{"point": [1]}], [{"box": [1, 2, 3, "4"]}], ["x"], 7])
def test_wrong_prompts_are_refused(with_sam: Page, prompts: Any) -> None:
    assert with_sam.post("photos/0/sam", prompts=prompts, colour=RED).status in (400, 409)


def test_the_network_is_a_setting_of_the_program(page: Page) -> None:
    assert page.tools.desk.settings.sam == SamParameters()


def test_uploaded_templates_are_found_and_painted_in_one_step(page: Page) -> None:
    page.open()
    found = upload(page)
    assert found == {"set": 0, "name": "<windows>", "source": "upload", "count": 1, "problem": ""}
    assert page.get("templates").content["templates"] == [found]
    assert page.get("templates/0/pictures/0").body.startswith(b"\x89PNG")
    job = page.ended(page.told("photos/0/templates", set=0, most=0.2))
    result = job["result"]
    assert [hit["box"] for hit in result["hits"][:2]] == [[33, 10, 10, 12], [45, 22, 10, 12]]
    assert result["hits"][1]["value"] == pytest.approx(0, abs=1e-4)
    assert all(one["value"] <= two["value"] for one, two in zip(result["hits"], result["hits"][1:], strict=False))
    told = page.told("photos/0/templates/layer", job=job["job"], threshold=0.01)
    assert told["pixels"] == 2 * 120
    answered = page.act(0, told["action"])
    assert answered["undo"] == 1 and (page.planes()[1][10:22, 33:43] == paint_of((77, 77, 77))).all()


def test_without_a_threshold_the_single_best_place_is_taken(page: Page) -> None:
    page.open()
    upload(page)
    job = page.ended(page.told("photos/0/templates", set=0))
    assert page.told("photos/0/templates/layer", job=job["job"], threshold=0)["pixels"] == 120
    assert len(job["result"]["best"]) == 1


def test_a_painted_object_is_a_template_for_all_others(page: Page) -> None:
    page.open()
    page.act(0, {"action": "colour", "colour": BLUE}, {"action": "fill", "at": list(WINDOW)})
    told = page.told("templates", photo=0, box=[32, 9, 12, 14])
    assert told["source"] == "photo" and told["count"] == 1
    job = page.ended(page.told("photos/0/templates", set=told["set"], most=0.1))
    layer = page.told("photos/0/templates/layer", job=job["job"], threshold=0.1)
    plane = plane_of(page, layer)
    assert plane[22 + 5, 45 + 5] == plane[15, 38] == paint_of((0, 0, 204))


def test_a_box_without_paint_is_no_template(page: Page) -> None:
    page.open()
    reply = page.post("templates", photo=0, box=[0, 0, 10, 10])
    assert reply.status == 400 and "nothing is painted" in reply.content["error"]
    assert page.post("templates", photo=0, box=[55, 0, 10, 10]).status == 400
    assert page.get("templates").content["templates"] == []


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"name": "x"}, 400),
        ({"name": "x", "templates": [{"name": "a", "content": "%%"}], "segments": []}, 400),
        ({"name": "x", "templates": ["a"], "segments": ["a"]}, 400),
        ({"name": "x", "templates": [{"name": "a", "content": ""}], "segments": [{"name": "a", "content": ""}]}, 409),
    ],
)
def test_what_is_no_set_of_templates_is_refused_and_not_kept(page: Page, given: Any, status: int) -> None:
    assert page.post("templates", **given).status == status
    assert page.get("templates").content["templates"] == []


def test_a_set_that_is_not_there_is_refused(page: Page) -> None:
    assert page.post("photos/0/templates", set=4).status == 409
    assert page.get("templates/4/pictures/0").status == 409
    assert page.post("photos/0/templates/layer", job=999, threshold=0).status == 409


def test_hits_of_another_photo_are_refused(page: Page) -> None:
    page.open()
    upload(page)
    job = page.ended(page.told("photos/0/templates", set=0))
    assert page.post("photos/1/templates/layer", job=job["job"], threshold=0).status == 409


def test_a_preview_that_is_forgotten_is_said_to_be(page: Page) -> None:
    page.open()
    first = page.told("photos/0/grabcut", begin=True, **ROUND)
    for shift in range(8):
        stroke = {"kind": "foreground", "points": [[5, 5 + shift]], "brush": 1}
        page.told("photos/0/grabcut", begin=True, strokes=[stroke], colour=RED)
    assert page.get(f"photos/0/layers/{first['layer']}").status == 409
    reply = page.post("photos/0/actions", revision=0, actions=[first["action"]])
    assert reply.status == 409 and "make it again" in reply.content["error"]


def test_masks_of_the_disk_come_as_a_layer(page: Page) -> None:
    page.open()
    page.act(0, {"action": "fill", "at": list(LEFT)})
    page.told("photos/0/save")
    page.act(0, {"action": "reset"})
    told = page.told("photos/0/masks")
    assert told["pixels"] == 30 * 40
    page.act(0, told["action"])
    assert (page.planes()[1][:, :30] == paint_of((204, 0, 0))).all()
