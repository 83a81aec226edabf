"""The same actions on two canvases: that of segmentation.painting, and that of the page, in Chromium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.canvas import Canvas
from segmentation.painting.checks import CanvasChecks
from segmentation.painting.history import MAX_BYTES, MAX_STEPS
from segmentation.painting.replay import replay
from segmentation.painting.replies import Stamp
from storage.formats.paint_classes import PaintClass

if TYPE_CHECKING:
    from playwright.sync_api import Page

IN_PAGE = """
async ({ labels, width, height, classes, actions, maxSteps, maxBytes, files, stamps }) => {
  const { Canvas } = await import("/segmentation/static/painting/canvas.js");
  const { replay } = await import("/segmentation/static/painting/replay.js");
  const canvas = new Canvas(labels, width, height, classes);
  Object.assign(canvas.history, { maxSteps, maxBytes });
  const found = stamps.map((stamp) => ({
    ...stamp, paint: Int32Array.from(stamp.paint), mask: Uint8Array.from(stamp.mask),
  }));
  const given = { readLabels: (file) => files[file], findStamps: () => found };
  const { addedBy, checkOf } = await import("/segmentation/static/painting/check.js");
  const sums = { true: checkOf(canvas.paint), false: checkOf(canvas.labelsAndCuts) };
  canvas.onchange = (change, isMade) => {
    sums[change.isPaint] = (sums[change.isPaint] + addedBy(change, isMade)) >>> 0;
  };
  const told = [];
  for (const action of actions) {
    const { numPainted, numLabelled, box, note } = replay(canvas, action, given);
    const planes = new Int32Array([...canvas.labelsAndCuts, ...canvas.paint]);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", planes));
    const checksum = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const { done, undone, numBytes } = canvas.history;
    told.push([numPainted, numLabelled, box, note, canvas.cutFrom, done.length, undone.length, numBytes, checksum,
               sums.true, sums.false]);
  }
  return told;
}
"""
WORDS = (
    "painted",
    "labelled",
    "box",
    "note",
    "cut from",
    "done",
    "undone",
    "bytes of history",
    "checksum",
    "paint",
    "labels",
)


@dataclass(frozen=True)
class Painting:
    """A drawn label image and what is done on it."""

    labels: NDArray[np.int32]
    actions: Sequence[Mapping[str, Any]]
    classes: tuple[PaintClass, ...] = ()
    files: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    stamps: tuple[Stamp, ...] = ()
    max_steps: int = MAX_STEPS
    max_bytes: int = MAX_BYTES


def told_by_reference(painting: Painting) -> list[list[Any]]:
    """Give what segmentation.painting tells after each action."""
    canvas = Canvas(painting.labels, painting.classes)
    canvas.history.max_steps, canvas.history.max_bytes = painting.max_steps, painting.max_bytes
    checks = CanvasChecks(canvas)
    told = []
    for action in painting.actions:
        (reply,) = replay(canvas, [action], lambda _: painting.stamps, lambda file: painting.files[file])
        box = None if reply.box is None else list(reply.box)
        cut_from = None if canvas.cut_from is None else list(canvas.cut_from)
        history = canvas.history
        steps = [len(history.done), len(history.undone), history.num_bytes]
        told.append(
            [reply.num_painted, reply.num_labelled, box, reply.note, cut_from, *steps, canvas.checksum(), *checks.both]
        )
    return told


def told_by_page(page: Page, painting: Painting) -> list[list[Any]]:
    """Give what the page's modules tell after each action."""
    height, width = painting.labels.shape
    given = {
        "labels": painting.labels.ravel().tolist(),
        "width": width,
        "height": height,
        "classes": [{"name": one.name, "colour": list(one.colour)} for one in painting.classes],
        "actions": list(painting.actions),
        "maxSteps": painting.max_steps,
        "maxBytes": painting.max_bytes,
        "files": {name: labels.ravel().tolist() for name, labels in painting.files.items()},
        "stamps": [_stamp(stamp) for stamp in painting.stamps],
    }
    return page.evaluate(IN_PAGE, given)


def assert_equal_in_both(page: Page, painting: Painting) -> None:
    """Compare after each action: the canvas byte by byte, the reply, the history."""
    for place, (reference, found) in enumerate(
        zip(told_by_reference(painting), told_by_page(page, painting), strict=True)
    ):
        differing = [word for word, one, other in zip(WORDS, reference, found, strict=True) if one != other]
        assert not differing, f"action {place} {painting.actions[place]}: {differing}: {reference} but {found}"


def _stamp(stamp: Stamp) -> dict[str, Any]:
    wide = stamp.picture.astype(np.int64)
    paint = (1 << 24) + wide[..., 0] * 65536 + wide[..., 1] * 256 + wide[..., 2]
    height, width = stamp.mask.shape
    box = {"left": stamp.left, "top": stamp.top, "width": width, "height": height}
    return box | {"paint": paint.ravel().tolist(), "mask": stamp.mask.astype(int).ravel().tolist()}
