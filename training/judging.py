"""Judging a student while it learns: labelled photos, decoded once, measured again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from storage.formats.labels import SINGLE_LABEL, read_labels
from storage.photos import load_photo
from storage.pictures import as_picture
from training.student import TOTAL_STRIDE
from training.whitening import Whitening

if TYPE_CHECKING:
    import torch

DECODED_SIDE = 512
BATCH = 20
MEASURES = ("mean_average_precision", "precision_at_1", "true_pairs_in_top_10")


class RetrievalMeasures(Protocol):
    """How well descriptors find the other photos of a building; shares from 0 to 1."""

    @property
    def mean_average_precision(self) -> float:
        """Mean of the average precision of each query."""

    @property
    def precision_at_1(self) -> float:
        """Share of queries whose best photo is of the same building."""

    @property
    def recall_of_pairs(self) -> float:
        """Share of all true (query, photo) pairs that stand among the query's ten best."""


# Takes unit vectors (N, D) and N labels; a label that occurs once only distracts.
Measure = Callable[[NDArray[np.float32], NDArray[Any]], RetrievalMeasures]


class Jury:
    """Labelled photos; those that are labelled as the only one of their building are ranked, but not asked for.

    Parameters
    ----------
    labels : Path
        CSV file with the columns path,building; the photos lie beside it.
    input_side : int
        Side in pixels of a square with the area at which the student sees whole photos.
    measure : callable
        What measures.
    """

    def __init__(self, labels: Path, input_side: int, measure: Measure) -> None:
        labelled = read_labels(labels)
        self._measure = measure
        alone = {name: f"{SINGLE_LABEL} {name}" for name, building in labelled.items() if building == SINGLE_LABEL}
        self.buildings = list((labelled | alone).values())
        self.photos = [load_photo(labels.parent / name, DECODED_SIDE) for name in labelled]
        self.pictures = as_pictures(self.photos, input_side)

    def measure(self, student: torch.nn.Module, whitening: Whitening | None = None) -> dict[str, float]:
        """Measure the student's descriptors of all photos against the labels; gives ``MEASURES`` by name."""
        descriptors = describe(student, self.pictures)
        if whitening is not None:
            descriptors = whitening.apply(descriptors)
        found = self._measure(descriptors, np.array(self.buildings))
        return dict(
            zip(MEASURES, (found.mean_average_precision, found.precision_at_1, found.recall_of_pairs), strict=True)
        )


def as_pictures(photos: list[NDArray[np.uint8]], side: int) -> list[NDArray[np.uint8]]:
    """Turn photos into what the student sees of them, as the extractor does."""
    return [as_picture(photo, side, TOTAL_STRIDE) for photo in photos]


def describe(student: torch.nn.Module, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Give the student's unit vectors (N, D) of pictures (H, W, 3), before whitening."""
    rows: dict[int, NDArray[np.float32]] = {}
    was_training = student.training
    student.eval()
    by_shape = sorted(range(len(pictures)), key=lambda number: pictures[number].shape)
    for _, group in groupby(by_shape, key=lambda number: pictures[number].shape):
        numbers = list(group)
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start : start + BATCH]
            vectors = _unit_vectors(student, np.stack([pictures[number] for number in batch]))
            rows |= dict(zip(batch, vectors, strict=True))
    student.train(was_training)
    return np.stack([rows[number] for number in range(len(pictures))])


def _unit_vectors(student: torch.nn.Module, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    import torch

    device = next(student.parameters()).device
    with torch.inference_mode():
        pixels = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float()
        vectors = student(pixels.contiguous(memory_format=torch.channels_last))[0]
        return np.asarray(torch.nn.functional.normalize(vectors.float(), dim=1).cpu().numpy(), np.float32)
