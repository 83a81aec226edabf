"""What every kind of similarity is: a module with ``KNOWN``, ``understands(method)`` and ``score_sample(request)``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.report import SkippedPhoto


@dataclass(frozen=True)
class SampleRequest:
    """What is to be scored.

    Attributes
    ----------
    method : str
        As ``--method`` gives it.
    image_dir : Path
        The image folder.
    names : sequence of str
        Image names of the sample, sorted.
    cache_dir : Path
        A folder of this sample's own; what is kept in it is taken up by the next call.
    num_workers : int or None
        Worker processes; None for the kind's own choice.
    max_megapixels : float
        Larger photos are skipped.
    """

    method: str
    image_dir: Path
    names: Sequence[str]
    cache_dir: Path
    num_workers: int | None = None
    max_megapixels: float = 100.0


@dataclass(frozen=True, eq=False)
class SampledPairs:
    """Scores of all pairs of a sample.

    Attributes
    ----------
    method : str
        The method in full (``auto`` resolved).
    names : list of str
        The photos that can be used, sorted, S.
    first, second : ndarray, (S * (S - 1) / 2,), int64
        Indices into ``names``, the lower first.
    scores : ndarray, (S * (S - 1) / 2,), float64
        Similarities, higher is closer.
    thresholds : tuple of float or None
        Default strong and weak threshold; None where there are none.
    skipped : sequence of SkippedPhoto
        Photos of the sample that cannot be used.
    """

    method: str
    names: list[str]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    scores: NDArray[np.float64]
    thresholds: tuple[float, float] | None = None
    skipped: Sequence[SkippedPhoto] = ()
