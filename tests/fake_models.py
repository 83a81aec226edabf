"""Small models for tests of the stream: quick, deterministic, picklable."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors.base import Extractor, LearntExtractor

if TYPE_CHECKING:
    import pytest


class MeanColour(Extractor):
    """The mean colour of a 4 x 4 grid, as a unit vector."""

    name = "mean_colour"
    max_side = 64

    def __init__(self, **extra: Any) -> None:
        self.extra = extra

    @property
    def dimension(self) -> int:
        return 48

    def settings(self) -> dict[str, Any]:
        return {"resize_max": self.max_side, **self.extra}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = np.array_split(photo.astype(np.float32) + 1, 4, axis=0)
        cells = [cell.mean(axis=(0, 1)) for row in rows for cell in np.array_split(row, 4, axis=1)]
        vector = np.concatenate(cells)
        return (vector / np.linalg.norm(vector)).astype(np.float32)


class CentredColour(LearntExtractor):
    """The same, minus the mean of a sample."""

    name = "centred_colour"
    max_side = 64
    sample_size = 6

    def __init__(self) -> None:
        self.inner = MeanColour()
        self.mean = np.zeros(48, dtype=np.float32)

    @property
    def dimension(self) -> int:
        return 48

    def settings(self) -> dict[str, Any]:
        return {"resize_max": self.max_side}

    def prepare_sample(self, photo: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return {"colour": self.inner.prepare(photo)}

    def learn(self, sample: Sequence[dict[str, NDArray[Any]]]) -> None:
        self.mean = np.mean([kept["colour"] for kept in sample], axis=0)
        self.learnt_on = len(sample)

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self.prepare_from_sample(self.prepare_sample(photo))

    def prepare_from_sample(self, kept: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        vector = kept["colour"] - self.mean
        return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean, "learnt_on": np.array(self.learnt_on)}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.mean, self.learnt_on = state["mean"], int(state["learnt_on"])


class Misbehaving(MeanColour):
    """Crashes or hangs on a photo whose top left pixel says so: red is a crash, blue is a hang."""

    name = "misbehaving"

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        red, green, blue = (int(value) for value in photo[0, 0])
        if red > 200 and green + blue < 60:
            os._exit(11)
        if blue > 200 and red + green < 60:
            time.sleep(600)
        return super().prepare(photo)


class Slow(CentredColour):
    """Takes a moment per photo, so that a run can be killed in its middle."""

    name = "slow"

    def prepare_sample(self, photo: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        time.sleep(0.02)
        return super().prepare_sample(photo)


def register_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``extract_features.py`` know both models by their names."""
    from hloc.extractors import MODELS, ModelEntry  # here, as workers import this file and need none of it

    models: dict[str, type[Extractor]] = {"mean_colour": MeanColour, "centred_colour": CentredColour}
    for name in models:
        monkeypatch.setitem(MODELS, name, ModelEntry(name, 0.5, 0.4))
    monkeypatch.setattr("stages.extract.create_extractor", lambda model, options: models[model]())
