"""COCO's run lengths of a mask: plain counts, and the short text that COCO's tools exchange.

The mask is read column by column from the top left; counts go by turns, zeros first (the first count may be 0). The
text is that of the COCO API (https://github.com/cocodataset/cocoapi, ``maskApi``): from the fourth count on, the
difference to the count two before; in groups of 5 bits, low ones first, bit 5 set where more follow, 48 added to each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_CHARACTER = 48
_GROUP_BITS = 5
_MORE = 1 << _GROUP_BITS
_SIGN = 1 << (_GROUP_BITS - 1)
_MOST_GROUPS = 8  # 40 bits: more than any photo has pixels


def mask_counts(mask: NDArray[np.bool_]) -> list[int]:
    """Give the counts of a mask (H, W)."""
    flat = np.asarray(mask, dtype=bool).T.reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first = [0] if flat.size and flat[0] else []
    counts: list[int] = np.diff(np.concatenate([first, changes, [flat.size]]).astype(np.int64), prepend=0).tolist()
    return counts


def counts_mask(counts: Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """Give the mask (H, W) of counts; ValueError when they do not add up to its pixels, or one is below 0."""
    lengths = np.asarray(counts, dtype=np.int64)
    if lengths.ndim != 1 or (lengths < 0).any() or int(lengths.sum()) != height * width:
        raise ValueError(f"run lengths do not add up to {width} x {height} pixels")
    is_set = np.arange(len(lengths)) % 2 == 1
    return np.ascontiguousarray(np.repeat(is_set, lengths).reshape(width, height).T)


def counts_text(counts: Sequence[int]) -> str:
    """Give counts as COCO's short text."""
    lengths = np.asarray(counts, dtype=np.int64)
    values = lengths.copy()
    values[3:] -= lengths[1:-2]
    characters = np.zeros((len(values), _MOST_GROUPS), dtype=np.uint8)  # 0 where a count has no more
    rows = np.arange(len(values))
    for group in range(_MOST_GROUPS):
        bits, values = values & (_MORE - 1), values >> _GROUP_BITS  # the shift keeps the sign
        goes_on = values != np.where(bits & _SIGN, -1, 0)
        characters[rows, group] = bits + _MORE * goes_on + _FIRST_CHARACTER
        rows, values = rows[goes_on], values[goes_on]
        if not len(rows):
            break
    return characters[characters != 0].tobytes().decode("ascii")


def text_counts(text: str) -> list[int]:
    """Give the counts of COCO's short text; ValueError when it is none."""
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        bits = ord(character) - _FIRST_CHARACTER
        if not 0 <= bits < 2 * _MORE or shift >= _MOST_GROUPS * _GROUP_BITS:
            raise ValueError(f"run lengths hold {character!r}, which does not belong there")
        value |= (bits & (_MORE - 1)) << shift
        shift += _GROUP_BITS
        if bits & _MORE:
            continue
        if bits & _SIGN:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value, shift = 0, 0
    if shift:
        raise ValueError("run lengths end in the middle of a number")
    return counts


def mask_rle(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Give a mask (H, W) as COCO's object: ``size`` (height, width) and ``counts`` as short text."""
    return {"size": [int(mask.shape[0]), int(mask.shape[1])], "counts": counts_text(mask_counts(mask))}


def rle_mask(rle: Any) -> NDArray[np.bool_]:
    """Give the mask (H, W) of COCO's object, its counts as text or as numbers; ValueError when it is none."""
    try:
        height, width = (int(side) for side in rle["size"])
        counts = rle["counts"]
        return counts_mask(text_counts(counts) if isinstance(counts, str) else list(counts), height, width)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no run lengths of a mask: {rle!r:.60}") from error
