"""Template painting: where a small picture stands in a photo, and what is painted there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.painting.floods import flood
from segmentation.painting.replies import Stamp

MAX_OVERLAP = 0.3
NO_MATCH = 1.0  # the value where there is nothing to compare: the photo or the template is black there


@dataclass(frozen=True, eq=False)
class Template:
    """One thing to find and what to paint over it.

    Attributes
    ----------
    name : str
        For messages.
    picture : ndarray of uint8, shape (h, w, 3)
        What it looks like, RGB.
    attention : ndarray of bool, shape (h, w)
        Where it has to look so.
    segment : ndarray of uint8, shape (h, w, 3)
        The colours that are painted.
    mask : ndarray of bool, shape (h, w)
        Where they are painted.
    """

    name: str
    picture: NDArray[np.uint8]
    attention: NDArray[np.bool_]
    segment: NDArray[np.uint8]
    mask: NDArray[np.bool_]


@dataclass(frozen=True, order=True)
class Hit:
    """A place where a template was found: its value (0 is equal), its top left pixel."""

    value: float
    top: int
    left: int


def make_template(
    name: str,
    picture: NDArray[np.uint8],
    segment: NDArray[np.uint8],
    attention: NDArray[Any] | None = None,
    mask: NDArray[Any] | None = None,
) -> Template:
    """Make a template, with what is missing derived, and check that all sizes agree.

    Parameters
    ----------
    name : str
        For messages.
    picture, segment : ndarray of uint8, shape (h, w, 3)
        RGB.
    attention : ndarray, shape (h, w) or (h, w, 3), optional
        Anything but 0 counts. Without one: all but the black that reaches the picture's border by 4 neighbours.
    mask : ndarray, shape (h, w) or (h, w, 3), optional
        Anything but 0 is painted. Without one: the pixels of the segment that are not black.

    Raises
    ------
    ValueError
        When sizes differ, the attention is empty, or the mask is.
    """
    looked_at = derived_attention(picture) if attention is None else _as_mask(attention)
    painted = _as_mask(segment if mask is None else mask)
    sizes = {"template": picture, "attention": looked_at, "segment": segment, "mask": painted}
    if len({part.shape[:2] for part in sizes.values()}) > 1:
        said = ", ".join(f"{part} {array.shape[1]} x {array.shape[0]}" for part, array in sizes.items())
        raise ValueError(f"template {name!r}: sizes differ ({said}); make them equal")
    for part, array in (("attention", looked_at), ("mask", painted)):
        if not array.any():
            raise ValueError(f"template {name!r}: its {part} is empty, so it can never be painted")
    return Template(name, picture, looked_at, segment, painted)


def derived_attention(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Give all pixels (h, w) of a picture (h, w, 3) but the black ones that reach its border by 4 neighbours."""
    is_black = np.pad(~_as_mask(picture), 1, constant_values=True).astype(np.int32)
    outside = flood(is_black, 0, 0)  # the added border makes it reach all sides
    return np.asarray(~outside.mask[1:-1, 1:-1])


def match_values(photo: NDArray[np.uint8], template: Template) -> NDArray[np.float32]:
    """Compare a template with every place of a photo.

    Squared differences over attended pixels, divided by the root of the product of both sums of squares (OpenCV's
    ``TM_SQDIFF_NORMED``). Where that root is 0 the value is 1: nothing was compared.

    Parameters
    ----------
    photo : ndarray of uint8, shape (H, W, 3)
        RGB.
    template : Template
        Not larger than the photo.

    Returns
    -------
    ndarray of float32, shape (H - h + 1, W - w + 1)
        Value by top left pixel, 0 (equal) or more.

    Raises
    ------
    ValueError
        When the template is larger than the photo.
    """
    if any(template.picture.shape[axis] > photo.shape[axis] for axis in (0, 1)):
        raise ValueError(
            f"template {template.name!r} ({template.picture.shape[1]} x {template.picture.shape[0]}) is larger than "
            f"the photo ({photo.shape[1]} x {photo.shape[0]})"
        )
    mask = None if template.attention.all() else np.repeat(template.attention[..., None], 3, axis=2).astype(np.uint8)
    values = cv2.matchTemplate(photo, template.picture, cv2.TM_SQDIFF_NORMED, mask=mask)
    values = np.where(np.isfinite(values), values, NO_MATCH)
    return np.maximum(values, 0).astype(np.float32)  # what the Fourier transform rounds below 0 is 0


def find_hits(
    values: NDArray[np.float32], size: tuple[int, int], threshold: float | None = None, max_overlap: float = MAX_OVERLAP
) -> list[Hit]:
    """Choose where a template is painted, best first.

    Parameters
    ----------
    values : ndarray of float32, shape (P, Q)
        As :func:`match_values` gives them.
    size : tuple of int
        Height and width of the template.
    threshold : float, optional
        Without one, or with 0, the single best place; else all places of at most this value of which no two overlap
        by more than ``max_overlap`` of their union (non-maximum suppression: the better one stays; ties go to the
        upper, then the left one).
    """
    if not threshold:
        top, left = np.unravel_index(int(values.argmin()), values.shape)
        return [Hit(float(values[top, left]), int(top), int(left))]
    is_free = values <= threshold
    tops, lefts = np.nonzero(is_free)
    order = np.argsort(values[tops, lefts], kind="stable")  # nonzero counts row by row
    too_near, hits = _too_near(size, max_overlap), []
    for top, left in zip(tops[order].tolist(), lefts[order].tolist(), strict=True):
        if is_free[top, left]:
            hits.append(Hit(float(values[top, left]), top, left))
            _clear_around(is_free, top, left, too_near)
    return hits


def find_stamps(
    photo: NDArray[np.uint8], templates: Iterable[Template], threshold: float | None = None
) -> tuple[list[Stamp], list[list[Hit]]]:
    """Find all templates in a photo; give what is to be painted, in order, and the hits of each template.

    Within a template worse hits come first, so that of two that overlap the better one lies on top.
    """
    stamps, found = [], []
    for template in templates:
        hits = find_hits(match_values(photo, template), template.mask.shape, threshold)
        stamps += [Stamp(hit.left, hit.top, template.segment, template.mask) for hit in reversed(hits)]
        found.append(hits)
    return stamps, found


def _too_near(size: tuple[int, int], max_overlap: float) -> NDArray[np.bool_]:
    """Say for each offset (2h - 1, 2w - 1) of two boxes, (0, 0) in the middle, whether they overlap too much."""
    down, right = (length - np.abs(np.arange(1 - length, length)) for length in size)
    shared = down[:, None] * right
    return np.asarray(shared > max_overlap * (2 * size[0] * size[1] - shared))


def _clear_around(is_free: NDArray[np.bool_], top: int, left: int, too_near: NDArray[np.bool_]) -> None:
    reach_down, reach_right = too_near.shape[0] // 2, too_near.shape[1] // 2
    first_row, first_column = max(0, top - reach_down), max(0, left - reach_right)
    window = is_free[first_row : top + reach_down + 1, first_column : left + reach_right + 1]
    from_row, from_column = first_row - (top - reach_down), first_column - (left - reach_right)
    window &= ~too_near[from_row : from_row + window.shape[0], from_column : from_column + window.shape[1]]


def _as_mask(picture: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(picture.any(axis=2) if picture.ndim == 3 else picture != 0)
