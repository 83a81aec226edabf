"""Photos to the features of a similarity, each once; and their scores on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.feature_keeping import Described, Making, bring_up_to_date
from hloc.feature_run import Resources
from hloc.similarities.base import Rows, Scorer, Scores, Similarity
from hloc.stream import PhotoWork
from storage.formats.hdf5 import settings_text
from storage.formats.photo_features import PHOTOS_PER_SHARD, FeatureRecord, PhotoFeatureStore

MADE_BY = "python -m tools.compare_images"
LEAST_SHARE = 4  # scores that are worth a thread of their own, where one takes half a millisecond


@dataclass(frozen=True)
class SimilarityRun:
    """One similarity over one folder of photos.

    Attributes
    ----------
    image_dir : Path
        The image folder.
    outputs_dir : Path
        Where the features are kept.
    similarity : Similarity
        What describes the photos.
    resources : Resources
        How the machine may be used.
    """

    image_dir: Path
    outputs_dir: Path
    similarity: Similarity
    resources: Resources = field(default_factory=Resources)

    @property
    def features_dir(self) -> Path:
        """Where the shards of features lie; those of other settings have a folder of their own."""
        text = settings_text(self.similarity.settings())
        return self.outputs_dir / f"features-{self.similarity.name}-{sha256(text.encode()).hexdigest()[:8]}"


def describe_photos(run: SimilarityRun, names: Sequence[str]) -> Described[PhotoFeatureStore]:
    """Bring the features of ``names`` up to date; see :func:`hloc.feature_keeping.bring_up_to_date`."""
    similarity = run.similarity
    making = Making(
        PhotoWork(run.image_dir, similarity.describe, None, run.resources.max_megapixels),
        lambda item: FeatureRecord(item.name, item.fingerprint, item.value),
        PHOTOS_PER_SHARD,
        f"features ({similarity.name})",
    )
    store = PhotoFeatureStore(run.features_dir, similarity.settings(), MADE_BY)
    return bring_up_to_date(store, names, making, run.resources)


class ThreadedScorer(Scorer):
    """Shares the work of a scorer among threads; the scores are the same.

    Parameters
    ----------
    scorer : Scorer
        Does the work.
    pool : ThreadPoolExecutor
        The threads.
    num_threads : int
        How many there are.
    """

    def __init__(self, scorer: Scorer, pool: ThreadPoolExecutor, num_threads: int) -> None:
        self._scorer = scorer
        self._pool = pool
        self._num_threads = num_threads

    def block(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (A, B) of each of A photos with each of B."""
        if len(first) >= len(second):
            parts = self._shared(lambda rows: self._scorer.block(first[rows], second), len(first), len(second))
            return np.concatenate(parts)
        parts = self._shared(lambda rows: self._scorer.block(first, second[rows]), len(second), len(first))
        return np.concatenate(parts, axis=1)

    def pairs(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (P,) of P pairs."""
        return np.concatenate(self._shared(lambda rows: self._scorer.pairs(first[rows], second[rows]), len(first), 1))

    def _shared(self, score: Callable[[slice], NDArray[Any]], count: int, scores_each: int) -> list[NDArray[Any]]:
        """Score ``count`` rows of ``scores_each`` scores in as many parts as pay."""
        num_parts = max(1, min(self._num_threads, count, count * scores_each // LEAST_SHARE))
        ends = [count * part // num_parts for part in range(num_parts + 1)]
        slices = [slice(start, end) for start, end in zip(ends, ends[1:], strict=False)]
        if num_parts == 1:
            return [score(slices[0])]
        return list(self._pool.map(score, slices))


@contextmanager
def scoring_threads(num_threads: int) -> Iterator[Callable[[Scorer], Scorer]]:
    """Give, within the block, what spreads a scorer over so many threads; the scorer itself for one thread."""
    if num_threads <= 1:
        yield lambda scorer: scorer
        return
    with ThreadPoolExecutor(num_threads, thread_name_prefix="scoring") as pool:
        yield lambda scorer: ThreadedScorer(scorer, pool, num_threads)
