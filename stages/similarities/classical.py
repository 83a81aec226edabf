"""The classical similarities: every method that ``tools.compare_images`` takes."""

from __future__ import annotations

import numpy as np

from hloc.comparison import SimilarityRun, describe_photos, scoring_threads
from hloc.feature_run import Resources
from hloc.similarities import SIMILARITIES, create_similarity
from hloc.similarities.base import SimilarityOptions
from stages.similarities.base import SampledPairs, SampleRequest
from storage.errors import StageError
from storage.machine import usable_cores
from storage.progress import progress_bar

KNOWN = f"{', '.join(SIMILARITIES)} (classical similarities)"
PAIRS_AT_ONCE = 1 << 12


def understands(method: str) -> bool:
    """Say whether the method is a classical similarity."""
    return method in SIMILARITIES


def score_sample(request: SampleRequest) -> SampledPairs:
    """Describe the photos and score all pairs; the features stay in ``request.cache_dir``.

    Raises
    ------
    StageError
        When fewer than two photos can be used.
    """
    similarity = create_similarity(request.method, SimilarityOptions())
    resources = Resources(request.num_workers, max_megapixels=request.max_megapixels)
    described = describe_photos(
        SimilarityRun(request.image_dir, request.cache_dir, similarity, resources), request.names
    )
    names = list(described.fingerprints)
    if len(names) < 2:
        reasons = "; ".join(f"{photo.name!r} {photo.reason}" for photo in described.skipped[:3]) or "no others"
        raise StageError(f"{len(names)} photos of the sample can be used, two are needed: {reasons}")
    first, second = np.triu_indices(len(names), 1)
    parts = range(0, len(first), PAIRS_AT_ONCE)
    scores = np.empty(len(first))
    num_threads = usable_cores() if request.num_workers is None else max(1, request.num_workers)
    with scoring_threads(num_threads) as spread:
        scorer = spread(similarity.scorer(described.store.read(names)))
        for start in progress_bar(parts, len(parts), "comparing"):
            rows = slice(start, start + PAIRS_AT_ONCE)
            scores[rows] = scorer.pairs(first[rows], second[rows])
    scores[~np.isfinite(scores)] = np.nan  # what cannot be compared
    thresholds = SIMILARITIES[request.method].thresholds
    return SampledPairs(request.method, names, first, second, scores, thresholds, described.skipped)
