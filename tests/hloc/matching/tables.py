"""Tables of pairs for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from storage.formats.matches import COLUMN_TYPES, PairMatches


def one_pair(
    first: int, second: int, inliers: Sequence[Any] = (), overlay: Sequence[Any] = (), **columns: Any
) -> PairMatches:
    """Give the table of one pair; columns that are not given are zero."""
    values = {"first": first, "second": second, "num_overlay": len(overlay), **columns}
    plain = {
        name: np.broadcast_to(np.array(values.get(name, 0), dtype), shape).reshape(1, *shape).copy()
        for name, (dtype, shape) in COLUMN_TYPES.items()
    }
    return PairMatches(
        **plain,
        inlier_ends=np.array([len(inliers)], np.int64),
        overlay_ends=np.array([len(overlay)], np.int64),
        inliers=np.array(inliers, np.uint16).reshape(-1, 2),
        overlays=np.array(overlay, np.uint16).reshape(-1, 2),
    )


def equal(one: PairMatches, other: PairMatches) -> bool:
    """Say whether two tables hold the same."""
    return all(np.array_equal(getattr(one, each.name), getattr(other, each.name)) for each in fields(PairMatches))
