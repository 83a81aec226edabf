"""A page that is loaded again has planes and history, and needs nothing else: both are enough to go on from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.drawn_painting_session import BLUE, HEIGHT, LEFT, RED, RIGHT, WIDTH, WINDOW
from tests.web.segmentation.conftest import Page

MODULUS = 1 << 32


@dataclass
class Change:
    """Runs of a plane, as the history answers them."""

    is_paint: bool
    starts: list[int]
    lengths: list[int]
    before: list[int]
    after: list[int]


@dataclass
class LoadedPage:
    """What a browser makes of the answers: two flat planes, two lists of steps, two checks kept run by run."""

    labels: NDArray[np.int32]
    paint: NDArray[np.int32]
    done: list[list[Change]] = field(default_factory=list)
    undone: list[list[Change]] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)

    def undo(self) -> None:
        step = self.done.pop()
        for change in reversed(step):
            self._put(change, change.after, change.before)
        self.undone.append(step)

    def redo(self) -> None:
        step = self.undone.pop()
        for change in step:
            self._put(change, change.before, change.after)
        self.done.append(step)

    def _put(self, change: Change, now: list[int], then: list[int]) -> None:
        plane = self.paint if change.is_paint else self.labels
        for place, (start, length) in enumerate(zip(change.starts, change.lengths, strict=True)):
            old, new = now[place % len(now)], then[place % len(then)]
            assert (plane[start : start + length] == old).all()
            plane[start : start + length] = new
            weight = length * (2 * start + length + 1) // 2
            which = 0 if change.is_paint else 1
            self.checks[which] = (self.checks[which] + (new - old) * weight) % MODULUS

    @property
    def standing(self) -> dict[str, Any]:
        return {"check": self.checks, "undo": len(self.done), "redo": len(self.undone)}


def load(page: Page, photo: int = 0) -> LoadedPage:
    """Load a photo as a page does that was closed meanwhile."""
    state = page.get(f"photos/{photo}").content
    labels, paint = (plane.reshape(-1).copy() for plane in page.planes(photo))
    numbers = np.frombuffer(page.get(f"photos/{photo}/history").body, "<i4").tolist()
    reader = iter(numbers)
    num_done, num_undone = next(reader), next(reader)
    steps = [[read_change(reader) for _ in range(next(reader))] for _ in range(num_done + num_undone)]
    assert next(reader, None) is None
    return LoadedPage(labels, paint, steps[:num_done], steps[num_done:], list(state["check"]))


def read_change(reader: Any) -> Change:
    is_paint, num_runs, num_before, num_after = (next(reader) for _ in range(4))
    assert num_before in (1, num_runs) and num_after in (1, num_runs)
    lists = [[next(reader) for _ in range(count)] for count in (num_runs, num_runs, num_before, num_after)]
    return Change(bool(is_paint), *lists)


def standing(page: Page, photo: int = 0) -> dict[str, Any]:
    told = page.get(f"photos/{photo}").content
    return {name: told[name] for name in ("check", "undo", "redo")}


def busy_photo(page: Page) -> None:
    """Do one of everything to the first photo."""
    page.open()
    job = page.ended(page.told("photos/0/labels", method="superpixel", parameters={"region_size": 9}))
    layer = page.told("photos/0/grabcut", begin=True, rectangles=[[31, 8, 45, 24]], rounds=1, colour=BLUE)
    page.act(
        0,
        {"action": "fill", "at": list(LEFT)},
        {"action": "cut", "points": [[0, 20], [29, 20], [29, 5]]},
        {"action": "colour", "colour": BLUE},
        {"action": "fill_stroke", "points": [[31, 2], [50, 30], [40, 38]]},
        job["result"]["action"],
        layer["action"],
        {"action": "unfill", "at": list(WINDOW)},
        {"action": "reset"},
        {"action": "undo"},
        {"action": "undo"},
    )


def test_planes_and_history_lead_back_to_the_start_and_forth_again(page: Page) -> None:
    page.open()
    first_labels, _ = page.planes()
    busy_photo(page)
    loaded = load(page)
    last = loaded.labels.copy(), loaded.paint.copy()
    assert loaded.standing == standing(page)
    num_done, num_undone = len(loaded.done), len(loaded.undone)
    assert num_done >= 5 and num_undone == 2
    while loaded.done:
        loaded.undo()
    assert np.array_equal(loaded.labels.reshape(HEIGHT, WIDTH), first_labels) and not loaded.paint.any()
    for _ in range(num_done):
        loaded.redo()
    assert np.array_equal(loaded.labels, last[0]) and np.array_equal(loaded.paint, last[1])


def test_page_and_server_agree_at_every_undo_and_redo(page: Page) -> None:
    busy_photo(page)
    loaded = load(page)
    for name in ["undo"] * len(loaded.done) + ["redo"] * 5 + ["undo"] * 2:
        getattr(loaded, name)()
        told = page.act(0, {"action": name})
        assert loaded.standing == {key: told[key] for key in ("check", "undo", "redo")}
    labels, paint = page.planes()
    assert np.array_equal(loaded.labels, labels.reshape(-1)) and np.array_equal(loaded.paint, paint.reshape(-1))


def test_the_memory_of_steps_is_what_the_page_counts(page: Page) -> None:
    busy_photo(page)
    history = page.tools.desk.opened(0).canvas.history
    loaded = load(page)
    counted = [
        sum(4 * (2 * len(c.starts) + len(c.before) + len(c.after)) for c in step)
        for step in (*loaded.done, *loaded.undone)
    ]
    assert counted == [step.num_bytes for step in (*history.done, *history.undone)]


def test_numbers_that_are_all_equal_are_answered_once(page: Page) -> None:
    page.open()
    page.act(0, {"action": "fill", "at": list(LEFT)}, {"action": "cut", "points": [[0, 20], [45, 20]]})
    fill, cut = load(page).done
    assert (len(fill[0].starts), len(fill[0].before), len(fill[0].after)) == (HEIGHT, 1, 1)
    assert [change.is_paint for change in cut] == [False, True]
    assert len(cut[0].before) == len(cut[0].starts) > 1


def test_a_new_gesture_ends_what_can_be_redone(page: Page) -> None:
    page.open()
    page.act(0, {"action": "fill", "at": list(LEFT)}, {"action": "undo"}, {"action": "fill", "at": list(RIGHT)})
    loaded = load(page)
    assert (len(loaded.done), len(loaded.undone)) == (1, 0)


def test_an_untouched_photo_has_an_empty_history(page: Page) -> None:
    page.open()
    loaded = load(page)
    assert loaded.done == loaded.undone == [] and not loaded.paint.any()


def test_two_windows_find_each_others_paint(page: Page) -> None:
    page.open()
    one = load(page)
    page.act(0, {"action": "colour", "colour": RED}, {"action": "fill", "at": list(LEFT)})
    reply = page.post("photos/0/actions", revision=0, actions=[{"action": "fill", "at": list(RIGHT)}])
    assert reply.status == 409 and reply.content["revision"] == 2
    other = load(page)
    assert not one.paint.any() and other.paint.any() and len(other.done) == 1
    told = page.told("photos/0/actions", revision=2, actions=[{"action": "fill", "at": list(RIGHT)}])
    assert told["undo"] == 2


@pytest.mark.parametrize("photo", [1, 2])
def test_photos_do_not_share_anything(page: Page, photo: int) -> None:
    page.open(0)
    page.open(photo)
    page.act(0, {"action": "fill", "at": list(LEFT)})
    assert not load(page, photo).paint.any() and load(page, photo).done == []
    page.act(photo, {"action": "fill", "at": list(RIGHT)})
    assert len(load(page, 0).done) == 1


def test_more_steps_than_are_kept_are_forgotten_from_the_oldest(page: Page) -> None:
    page.open()
    limit = page.get("overview").content["limits"]["steps"]
    fills = [{"action": name, "at": list(LEFT)} for name in ("fill", "unfill")] * (limit // 2 + 5)
    told = page.act(0, *fills)
    assert told["undo"] == limit == len(load(page).done)
