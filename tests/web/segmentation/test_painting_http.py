"""The painting page over HTTP: photos opened, painted, saved, opened again."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from segmentation.painting.checks import plane_check
from segmentation.painting.planes import paint_of
from tests.drawn_painting_session import BLUE, HEIGHT, LEFT, NAMES, RED, RIGHT, WIDTH, WINDOW
from tests.web.segmentation.conftest import Page


def fill(point: tuple[int, int]) -> dict[str, Any]:
    return {"action": "fill", "at": list(point)}


def test_the_overview_tells_photos_methods_and_settings(page: Page) -> None:
    told = page.get("overview").content
    assert [photo["name"] for photo in told["photos"]] == list(NAMES)
    assert told["settings"]["method"] == "graph" and told["base"] == "/" and not told["can_quit"]
    assert len(told["methods"]) == 10
    graph = next(method for method in told["methods"] if method["name"] == "graph")
    assert {each["name"] for each in graph["parameters"]} >= {"k", "sigma", "min_segment_size"}
    sam = next(method for method in told["methods"] if method["name"] == "sam")
    assert "--checkpoint" in sam["problem"] and told["sam"] == {"is_ready": False, "message": sam["problem"]}
    assert "checkpoint" not in {each["name"] for each in sam["parameters"]}
    assert not any(photo["is_begun"] for photo in told["photos"])


def test_a_photo_is_opened_when_its_labels_are_made(page: Page) -> None:
    assert page.get("photos/0").content["is_ready"] is False
    state = page.open()
    assert (state["width"], state["height"], state["revision"], state["undo"]) == (WIDTH, HEIGHT, 0, 0)
    assert state["labels"]["method"] == "graph" and state["labels"]["count"] > 2
    labels, paint = page.planes()
    assert not paint.any() and labels.max() == state["labels"]["count"]
    assert state["check"] == [0, plane_check(labels)]


def test_a_fill_paints_the_segment_and_is_checked(page: Page) -> None:
    page.open()
    told = page.act(0, {"action": "colour", "colour": BLUE}, fill(LEFT))
    labels, paint = page.planes()
    is_left = labels == labels[LEFT[1], LEFT[0]]
    assert np.array_equal(paint == paint_of((0, 0, 204)), is_left)
    assert told["revision"] == 2 and told["undo"] == 1 and told["painted"] == is_left.sum()
    assert told["replies"][1] == {"painted": int(is_left.sum()), "labelled": 0, "box": [0, 0, 30, 40], "note": ""}
    assert told["check"] == [plane_check(paint), plane_check(labels)]


def test_undo_and_redo_move_through_steps(page: Page) -> None:
    page.open()
    page.act(0, fill(LEFT), fill(WINDOW))
    painted = page.planes()[1]
    told = page.act(0, {"action": "undo"})
    assert (told["undo"], told["redo"]) == (1, 1)
    told = page.act(0, {"action": "redo"})
    assert (told["undo"], told["redo"]) == (2, 0) and np.array_equal(page.planes()[1], painted)


def test_a_cut_parts_a_segment(page: Page) -> None:
    page.open()
    told = page.act(0, {"action": "cut", "points": [[0, 20]]})
    assert told["cut_from"] == [0, 20] and told["replies"][0]["note"]
    told = page.act(0, {"action": "cut", "points": [[29, 20]]}, fill((10, 5)))
    assert told["replies"][1]["painted"] == 20 * 30
    labels, _ = page.planes()
    assert (labels[20, :30] == -1 - labels[0, 0]).all()


def test_the_history_holds_the_runs_of_every_step(page: Page) -> None:
    page.open()
    page.act(0, fill(LEFT), fill(WINDOW), {"action": "undo"})
    reply = page.get("photos/0/history")
    numbers = np.frombuffer(reply.body, "<i4").tolist()
    assert reply.headers["x-revision"] == "3" and numbers[:2] == [1, 1]
    num_changes, is_paint, num_runs, num_before, num_after = numbers[2:7]
    assert (num_changes, is_paint, num_runs, num_before, num_after) == (1, 1, HEIGHT, 1, 1)
    starts, lengths = numbers[7 : 7 + HEIGHT], numbers[7 + HEIGHT : 7 + 2 * HEIGHT]
    assert starts == [row * WIDTH for row in range(HEIGHT)] and set(lengths) == {30}
    assert numbers[7 + 2 * HEIGHT : 9 + 2 * HEIGHT] == [0, paint_of((204, 0, 0))]


def test_what_was_done_at_another_revision_is_refused_with_the_present_one(page: Page) -> None:
    page.open()
    page.act(0, fill(LEFT))
    reply = page.post("photos/0/actions", revision=0, actions=[fill(RIGHT)])
    assert reply.status == 409 and reply.content["revision"] == 1
    assert page.get("photos/0").content["revision"] == 1


def test_actions_that_are_sent_twice_are_done_once(page: Page) -> None:
    page.open()
    first = page.told("photos/0/actions", revision=0, actions=[fill(LEFT)])
    again = page.told("photos/0/actions", revision=0, actions=[fill(LEFT)])
    assert first == again and first["revision"] == 1


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ([{"action": "fly"}], "is not one of"),
        ([{"action": "fill", "at": [1.5, 2]}], "whole pixels"),
        ([{"action": "class", "name": "x"}], "table of classes"),
        ([{"action": "templates", "templates": "/etc", "segments": "/etc"}], "not taken here"),
        ([{"action": "labels", "file": "../../../etc/passwd"}], "is no label image"),
        ([{"action": "picture", "file": "picture-" + "0" * 24 + ".png", "at": [0, 0]}], "make it again"),
        ([fill(LEFT)] * 1001, "at most 1000"),
        (["fill"], "must be an object"),
    ],
)
def test_a_wrong_action_is_named_and_nothing_is_done(page: Page, actions: list[Any], said: str) -> None:
    page.open()
    reply = page.post("photos/0/actions", revision=0, actions=[fill(LEFT), *actions])
    assert reply.status in (400, 409) and said in reply.content["error"]
    assert page.get("photos/0").content["revision"] == 0 and not page.planes()[1].any()


def test_other_labels_are_an_action_that_can_be_undone(page: Page) -> None:
    page.open()
    before, _ = page.planes()
    page.act(0, fill(LEFT))
    job = page.ended(page.told("photos/0/labels", method="superpixel", parameters={"region_size": 10}))
    assert job["state"] == "done" and job["result"]["count"] > 4
    told = page.act(0, job["result"]["action"])
    assert told["replies"][0]["labelled"] > 0 and told["painted"] == 30 * 40
    raw = np.frombuffer(page.get(f"photos/0/labels/{job['result']['file']}").body, "<i4").reshape(HEIGHT, WIDTH)
    assert np.array_equal(page.planes()[0], raw)
    assert page.get("photos/0").content["labels"]["method"] == "superpixel"
    page.act(0, {"action": "undo"})
    assert np.array_equal(page.planes()[0], before)


def test_labels_that_were_made_before_are_there_at_once(page: Page) -> None:
    first = page.ended(page.told("photos/0/labels", method="graph", parameters={}))
    again = page.told("photos/0/labels", method="graph", parameters={})
    assert again["state"] == "done" and again["result"] == first["result"]


def test_a_wrong_parameter_is_named(page: Page) -> None:
    for given, said in (({"k": -1}, "--k is -1"), ({"ruler": 3}, "superpixel"), ({"k": "x"}, "--k is x")):
        reply = page.post("photos/0/labels", method="graph", parameters=given)
        assert reply.status == 400 and said in reply.content["error"]


def test_files_and_devices_cannot_be_named_by_a_page(page: Page) -> None:
    for given in ({"checkpoint": "/etc/passwd"}, {"device": "cuda"}, {"model_type": "x"}):
        assert page.post("photos/0/labels", method="sam", parameters=given).status == 400


def test_settings_count_for_photos_that_were_not_begun(page: Page) -> None:
    page.open(0)
    page.act(0, fill(LEFT))
    told = page.told("settings", method="superpixel", parameters={"region_size": 10})
    assert told["settings"]["method"] == "superpixel"
    assert page.open(1)["labels"]["method"] == "superpixel"
    assert page.open(0)["labels"]["method"] == "graph"


def test_the_sheet_makes_all_eight_and_shows_each(page: Page) -> None:
    told = page.told("photos/0/sheet", parameters={"superpixel": {"region_size": 12}})
    assert len(told["jobs"]) == 8
    for method, job in told["jobs"].items():
        done = page.ended(job)
        assert done["state"] == "done", (method, done["error"])
        picture = page.get(f"photos/0/labels/{done['result']['file']}/preview?side=256")
        assert picture.status == 200 and picture.headers["content-type"] == "image/jpeg"
    assert page.post("photos/0/sheet", parameters={"sam": {}}).status == 400


def test_photos_are_prefetched_and_then_open_at_once(page: Page) -> None:
    page.told("prefetch", photos=[2, 1])
    while page.get("jobs").content["prefetch"]["running"]:
        page.ended(page.get("jobs").content["jobs"][-1])
    assert page.get("jobs").content["prefetch"] == {"wanted": 2, "done": 2, "running": False}
    assert page.told("photos/1/open")["is_ready"] and page.told("photos/2/open")["is_ready"]


def test_photos_that_are_not_there_are_refused(page: Page) -> None:
    assert page.post("prefetch", photos=[3]).status == 400
    assert page.post("prefetch", photos=["0"]).status == 400
    for target in ("photos/3", "photos/3/image", "photos/3/planes"):
        assert page.get(target).status in (400, 404, 409)
    assert page.post("photos/99/open").status == 409


def test_a_photo_is_answered_whole_and_small(page: Page) -> None:
    for target in ("image", "thumbnail"):
        reply = page.get(f"photos/1/{target}")
        assert reply.status == 200 and reply.headers["content-type"] == "image/jpeg"
        assert reply.body.startswith(b"\xff\xd8")


def test_masks_are_saved_and_the_photo_is_clean(page: Page) -> None:
    page.open()
    page.told("classes", classes=[{"name": "crack", "colour": RED}])
    page.act(0, fill(LEFT))
    assert page.get("photos/0").content["is_saved"] is False
    told = page.told("photos/0/save", names="safe")
    assert "a_mask_R204_G0_B0.png" in told["written"] and told["is_saved"] and told["notes"] == []
    assert told["canvas_sha256"] == page.get("photos/0/checksum").content["canvas_sha256"]
    content = json.loads((page.folder / "masks" / "masks.json").read_text(encoding="utf-8"))
    assert content["classes"] == [{"name": "crack", "colour": RED}]
    page.act(0, {"action": "undo"})
    assert page.get("photos/0").content["is_saved"] is False
    page.act(0, {"action": "redo"})
    assert page.get("photos/0").content["is_saved"] is True


def test_black_paint_is_warned_of_when_it_is_saved(page: Page) -> None:
    page.open()
    page.act(0, {"action": "colour", "colour": [0, 0, 0]}, fill(LEFT))
    told = page.told("photos/0/save")
    assert "1,200 pixels are painted black" in told["notes"][0]


def test_saving_a_photo_that_nothing_was_done_to_writes_nothing(page: Page) -> None:
    page.open()
    assert page.told("photos/0/save")["written"] == []
    assert not page.get("overview").content["photos"][0]["is_begun"]


def test_a_wrong_form_of_names_is_refused(page: Page) -> None:
    page.open()
    assert page.post("photos/0/save", names="../x").status == 400


def test_classes_are_checked_and_kept(page: Page) -> None:
    assert page.post("classes", classes=[{"name": "a", "colour": [0, 0, 0]}]).status == 400
    assert page.post("classes", classes="x").status == 400
    rows = [{"name": "crack", "colour": RED}, {"name": "<b>", "colour": BLUE}]
    assert page.told("classes", classes=rows)["classes"] == rows
    assert page.get("overview").content["classes"] == rows


def test_the_script_is_a_download(page: Page) -> None:
    page.open()
    page.act(0, fill(LEFT))
    reply = page.get("photos/0/script")
    assert "attachment" in reply.headers["content-disposition"]
    assert reply.content["format"] == "paint-script" and reply.content["actions"] == [fill(LEFT)]


def test_the_page_can_end_only_a_program_of_its_own(page: Page) -> None:
    assert page.post("quit").status == 400
