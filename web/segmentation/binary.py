"""Planes, histories and layers as little-endian int32, which a page reads without parsing."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import numpy as np
from flask import Response, request
from numpy.typing import NDArray

from segmentation.painting.canvas import Canvas
from segmentation.painting.changes import Change
from segmentation.painting.history import History, Step

CHUNK_BYTES = 1 << 20
_LEVEL = 1  # a plane of labels shrinks to a few per cent of itself at any level
Numbers = NDArray[np.int32]


def planes(canvas: Canvas) -> Numbers:
    """Give labels and cuts, then paint, (2 H W,); a copy."""
    found = np.empty(2 * canvas.paint.size, "<i4")
    found[: canvas.paint.size] = canvas.labels_and_cuts.reshape(-1)
    found[canvas.paint.size :] = canvas.paint.reshape(-1)
    return found


def history(history: History) -> Numbers:
    """Give all steps: their numbers, then those done from the oldest on, then those taken back, the next redo last."""
    parts: list[Numbers] = [np.array([len(history.done), len(history.undone)], "<i4")]
    for step in (*history.done, *history.undone):
        parts += _step(step)
    return np.concatenate(parts).astype("<i4")


def _step(step: Step) -> Iterator[Numbers]:
    yield np.array([len(step.changes)], "<i4")
    for change in step.changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[Numbers]:
    counts = len(change.starts), len(change.before), len(change.after)
    yield np.array([change.is_paint, *counts], "<i4")
    yield from (change.starts, change.lengths, change.before, change.after)


def binary_answer(numbers: Numbers, is_far: bool, revision: int | None = None) -> Response:
    """Answer numbers, a chunk at a time; ``is_far`` packs them for a browser on another machine."""
    content = memoryview(np.ascontiguousarray(numbers, "<i4").view(np.uint8).data)
    headers = {"Cache-Control": "no-store"}
    if revision is not None:
        headers["X-Revision"] = str(revision)
    if is_far and "gzip" in request.headers.get("Accept-Encoding", ""):
        content = memoryview(gzip.compress(content, _LEVEL))
        headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(content.nbytes)
    return Response(_chunks(content), mimetype="application/octet-stream", headers=headers)


def _chunks(content: memoryview) -> Iterator[bytes]:
    for start in range(0, content.nbytes, CHUNK_BYTES):
        yield bytes(content[start : start + CHUNK_BYTES])
