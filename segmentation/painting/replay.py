"""Replaying recorded actions on a canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.canvas import Canvas
from segmentation.painting.lines import Point
from segmentation.painting.replies import Reply, Stamp

FindStamps = Callable[[Mapping[str, Any]], Iterable[Stamp]]
ReadLabels = Callable[[str], NDArray[Any]]
ReadPicture = Callable[[str], tuple[NDArray[np.uint8], NDArray[np.bool_]]]


def replay(
    canvas: Canvas,
    actions: Iterable[Mapping[str, Any]],
    find_stamps: FindStamps | None = None,
    read_labels: ReadLabels | None = None,
    read_picture: ReadPicture | None = None,
) -> list[Reply]:
    """Do actions one after the other; give what each answered.

    Parameters
    ----------
    canvas : Canvas
        It is changed.
    actions : iterable of mapping
        As ``storage.formats.paint_script`` reads them.
    find_stamps : callable, optional
        Gives what an action ``templates`` paints.
    read_labels : callable, optional
        Gives the label image of an action ``labels`` by its ``file``.
    read_picture : callable, optional
        Gives colours (h, w, 3) and mask (h, w) of an action ``picture`` by its ``file``.

    Raises
    ------
    ValueError
        When an action is not known, or does not fit the canvas, with its place, from 1.
    """
    replies = []
    for place, action in enumerate(actions, 1):
        try:
            replies.append(_do(canvas, action, find_stamps, read_labels, read_picture))
        except (ValueError, KeyError) as error:
            raise ValueError(f"action {place} ({action.get('action')!r:.40}): {error}") from error
    return replies


def _do(
    canvas: Canvas,
    action: Mapping[str, Any],
    find_stamps: FindStamps | None,
    read_labels: ReadLabels | None,
    read_picture: ReadPicture | None,
) -> Reply:
    kind = action["action"]
    if kind in _OF_A_POINT:
        return _OF_A_POINT[kind](canvas, _point(action["at"]))
    if kind in _OF_POINTS:
        return _OF_POINTS[kind](canvas, [_point(point) for point in action["points"]])
    if kind in _OF_NOTHING:
        return _OF_NOTHING[kind](canvas)
    if kind == "colour":
        return canvas.set_colour(tuple(action["colour"]))
    if kind == "class":
        return canvas.set_class(action["name"])
    if kind == "labels" and read_labels is not None:
        return canvas.apply_labels(read_labels(action["file"]))
    if kind == "picture" and read_picture is not None:
        left, top = _point(action["at"])
        return canvas.paint_stamps([Stamp(left, top, *read_picture(action["file"]))])
    if kind == "templates" and find_stamps is not None:
        return canvas.paint_stamps(find_stamps(action))
    raise ValueError("cannot be done here")


def _cut(canvas: Canvas, points: list[Point]) -> Reply:
    """Cut along a chain of points; the reply tells of all its lines together."""
    replies = [canvas.cut(point) for point in points]
    boxes = np.array([reply.box for reply in replies if reply.box is not None])
    painted, labelled = (sum(getattr(reply, count) for reply in replies) for count in ("num_painted", "num_labelled"))
    if not len(boxes):
        return replies[-1]
    corner, end = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    left, top, width, height = (int(value) for value in (*corner, *(end - corner)))
    return Reply(painted, labelled, (left, top, width, height), next((r.note for r in replies[1:] if r.note), ""))


def _point(point: Any) -> Point:
    x, y = point
    return int(x), int(y)


_OF_A_POINT: dict[str, Callable[[Canvas, Point], Reply]] = {"fill": Canvas.fill, "unfill": Canvas.unfill}
_OF_POINTS: dict[str, Callable[[Canvas, list[Point]], Reply]] = {
    "cut": _cut,
    "fill_stroke": Canvas.fill_stroke,
    "unfill_stroke": Canvas.unfill_stroke,
}
_OF_NOTHING: dict[str, Callable[[Canvas], Reply]] = {"reset": Canvas.reset, "undo": Canvas.undo, "redo": Canvas.redo}
