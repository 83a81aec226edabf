"""What the scores of pairs count as where a person reviews clusters."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clustering.clusterers.evidence import STRONG_THRESH, WEAK_THRESH
from web.review.review import Review


def chances(scores: list[float], **info: Any) -> list[float]:
    chance = Review._chance(SimpleNamespace(info=info))  # type: ignore[arg-type]
    assert chance is not None
    return [float(value) for value in chance(np.array(scores))]


def test_scores_are_put_in_line_with_the_two_thresholds() -> None:
    settings = {"weak_edg_thresh": 0.2, "strong_edg_thresh": 0.4}
    assert chances([0.2, 0.4], method="specified", settings=settings) == pytest.approx([WEAK_THRESH, STRONG_THRESH])


def test_with_one_threshold_a_pair_speaks_for_a_cluster_or_does_not() -> None:
    settings = {"weak_edg_thresh": 0.84, "strong_edg_thresh": 0.84}
    found = chances([0.83, 0.84, 1.0], method="components", settings=settings)
    assert found == [0.0, STRONG_THRESH, STRONG_THRESH]


def test_probabilities_are_left_as_they_are() -> None:
    assert Review._chance(SimpleNamespace(info={"method": "evidence"})) is None  # type: ignore[arg-type]
