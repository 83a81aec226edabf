"""Judging a student while it learns: labelled photos, decoded once, measured again and again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.formats.labels import read_labels
from storage.photos import load_photo
from training.measures import RetrievalMeasures, measure_retrieval
from training.whitening import Whitening

if TYPE_CHECKING:
    import torch

DECODED_SIDE = 512
BATCH = 20


class Jury:
    """Labelled photos.

    Parameters
    ----------
    labels : Path
        CSV file with the columns path,building; the photos lie beside it.
    input_side : int
        Side in pixels at which the student sees whole photos.
    """

    def __init__(self, labels: Path, input_side: int) -> None:
        labelled = read_labels(labels)
        self.buildings = list(labelled.values())
        self.photos = [load_photo(labels.parent / name, DECODED_SIDE) for name in labelled]
        self.pictures = as_pictures(self.photos, input_side)

    def measure(self, student: torch.nn.Module, whitening: Whitening | None = None) -> RetrievalMeasures:
        """Measure the student's descriptors of all photos against the labels."""
        descriptors = describe(student, self.pictures)
        if whitening is not None:
            descriptors = whitening.apply(descriptors)
        return measure_retrieval(descriptors @ descriptors.T, self.buildings)


def as_pictures(photos: list[NDArray[np.uint8]], side: int) -> NDArray[np.uint8]:
    """Turn photos into squares (N, S, S, 3), as the extractor does."""
    return np.stack(
        [np.asarray(cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA), np.uint8) for photo in photos]
    )


def describe(student: torch.nn.Module, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give the student's unit vectors (N, D) of pictures (N, S, S, 3), before whitening."""
    import torch

    device = next(student.parameters()).device
    rows = []
    was_training = student.training
    student.eval()
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            pixels = torch.from_numpy(pictures[start : start + BATCH]).to(device).permute(0, 3, 1, 2).float()
            vectors = student(pixels.contiguous(memory_format=torch.channels_last))[0]
            rows.append(torch.nn.functional.normalize(vectors.float(), dim=1).cpu().numpy())
    student.train(was_training)
    return np.concatenate(rows)
