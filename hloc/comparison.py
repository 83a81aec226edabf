"""Photos to the features of a similarity, each once; and their scores on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.feature_run import Resources
from hloc.similarities.base import Rows, Scorer, Scores, Similarity
from hloc.stream import PhotoWork, Prepared, automatic_workers, run_in_workers
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.hdf5 import settings_text
from storage.formats.photo_features import PHOTOS_PER_SHARD, FeatureRecord, PhotoFeatureStore
from storage.progress import progress_bar
from storage.report import SkippedPhoto

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

    def num_workers(self, num_jobs: int) -> int:
        """Give the number of worker processes for so many jobs."""
        wanted = automatic_workers() if self.resources.num_workers is None else self.resources.num_workers
        return min(wanted, num_jobs)


@dataclass
class Described:
    """What :func:`describe_photos` did.

    Attributes
    ----------
    store : PhotoFeatureStore
        The features of all photos that could be used.
    fingerprints : dict of str to Fingerprint
        Of those photos, as they are now; in sorted order of names.
    computed : list of str
        Photos whose feature was computed in this run.
    skipped : list of SkippedPhoto
        Photos that cannot be used, with the reason.
    """

    store: PhotoFeatureStore
    fingerprints: dict[str, Fingerprint]
    computed: list[str]
    skipped: list[SkippedPhoto]


def describe_photos(run: SimilarityRun, names: Sequence[str]) -> Described:
    """Bring the features of ``names`` up to date; those of photos that did not change stay as they are.

    Call it under the lock of the outputs folder. Killed at any moment, the next call goes on from the last shard.
    """
    similarity = run.similarity
    store = PhotoFeatureStore(run.features_dir, similarity.settings(), MADE_BY)
    store.clean()
    kept = {name: found for name in names if (found := _unchanged(run, store, name)) is not None}
    todo = [name for name in names if name not in kept]
    work = PhotoWork(run.image_dir, similarity.describe, None, run.resources.max_megapixels)
    jobs = ((name, None) for name in todo)
    num_workers, resources = run.num_workers(len(todo)), run.resources
    results = run_in_workers(work, jobs, num_workers, resources.timeout_s, max_megapixels=resources.max_megapixels)
    shown = iter(progress_bar(results, len(todo), f"features ({similarity.name})"))
    skipped: list[SkippedPhoto] = []
    computed: list[str] = []
    while batch := list(islice(shown, PHOTOS_PER_SHARD)):
        skipped += [item for item in batch if isinstance(item, SkippedPhoto)]
        records = [
            FeatureRecord(item.name, item.fingerprint, item.value) for item in batch if isinstance(item, Prepared)
        ]
        if records:
            store.write(records)
        kept |= {record.name: record.fingerprint for record in records}
        computed += [record.name for record in records]
    return Described(store, {name: kept[name] for name in sorted(kept)}, computed, skipped)


def _unchanged(run: SimilarityRun, store: PhotoFeatureStore, name: str) -> Fingerprint | None:
    """Give the present fingerprint of a photo whose feature stands; None when it must be computed."""
    if name not in store.index:
        return None
    known = store.index[name].fingerprint
    try:
        found = fingerprint(run.image_dir / name, known)
    except OSError:  # reading it again names the reason
        return None
    return found if found.sha256 == known.sha256 else None


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
