"""A small similarity of its own for tests: the cosine of two photos shrunk to a few grey pixels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.similarities import SIMILARITIES, SimilarityEntry
from hloc.similarities.base import NOT_COMPARABLE, SCORE_DECIMALS, Rows, Scorer, Scores, Similarity, SimilarityOptions

STRONG, WEAK = 0.9, 0.7
SIDE = 12


class PixelScorer(Scorer):
    """Cosines; a feature without elements is comparable with nothing. It counts what it is asked for."""

    def __init__(self, features: Sequence[NDArray[Any]]) -> None:
        self.vectors = np.stack([feature if feature.size else np.full(SIDE * SIDE, np.nan) for feature in features])
        self.num_scored = 0

    def block(self, first: Rows, second: Rows) -> Scores:
        self.num_scored += len(first) * len(second)
        return self._round(self.vectors[first] @ self.vectors[second].T)

    def pairs(self, first: Rows, second: Rows) -> Scores:
        self.num_scored += len(first)
        return self._round(np.einsum("ij,ij->i", self.vectors[first], self.vectors[second]))

    def _round(self, scores: Scores) -> Scores:
        return np.where(np.isnan(scores), NOT_COMPARABLE, np.clip(np.round(scores, SCORE_DECIMALS), -1, 1))


@dataclass
class PixelSimilarity(Similarity):
    """The difference to white, shrunk to 12 x 12 grey pixels, as a unit vector; a white photo has none."""

    name: str = "tiny"
    lowest: float = -1.0
    highest: float = 1.0
    scores_blocks: bool = False
    side: int = SIDE

    def settings(self) -> dict[str, Any]:
        return {"similarity": self.name, "side": self.side}

    def describe(self, photo: NDArray[np.uint8]) -> NDArray[Any]:
        grey = 255.0 - cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float64)
        small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel()
        length = np.linalg.norm(small)
        return small / length if length > 0 else np.zeros(0)

    def scorer(self, features: Sequence[NDArray[Any]]) -> Scorer:
        return PixelScorer(features)


def create(name: str, options: SimilarityOptions) -> Similarity:
    """Make the similarity; ``tiny_blocks`` scores whole blocks, ``--hash_size`` changes its settings."""
    return PixelSimilarity(name, scores_blocks=name == "tiny_blocks", side=options.hash_size or SIDE)


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register ``tiny`` and ``tiny_blocks`` for one test."""
    module = ModuleType("hloc.similarities.tiny")
    module.create = create  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in ("tiny", "tiny_blocks"):
        monkeypatch.setitem(SIMILARITIES, name, SimilarityEntry("tiny", STRONG, WEAK))
