"""Similarity of global descriptors: every model that ``extract_features.py --model`` takes, joined ones included."""

from __future__ import annotations

import numpy as np

from hloc.extraction import extract
from hloc.extractors import AUTO, JOINT, MODELS, ONNX, choose_models, create_extractor, default_thresholds
from hloc.extractors.base import ExtractorOptions
from hloc.feature_run import FeatureRun, Resources
from hloc.joining import join_features
from hloc.scoring import SCORE_DECIMALS
from stages.similarities.base import SampledPairs, SampleRequest
from storage.errors import StageError
from storage.formats.features import features_path

KNOWN = f"{AUTO}, {', '.join(MODELS)}, {ONNX}FILE, or A+B (descriptors)"


def understands(method: str) -> bool:
    """Say whether every part of the method is a model."""
    return method == AUTO or all(part in MODELS or part.startswith(ONNX) for part in method.split(JOINT))


def score_sample(request: SampleRequest) -> SampledPairs:
    """Describe the photos and score all pairs; the features stay in ``request.cache_dir``.

    Raises
    ------
    UsageError
        When models cannot be joined.
    StageError
        When fewer than two photos can be used.
    """
    options = ExtractorOptions()
    resources = Resources(request.num_workers, max_megapixels=request.max_megapixels)
    models = choose_models(request.method, options)
    parts = []
    for model in models:
        extractor = create_extractor(model, options)
        path = features_path(request.cache_dir, extractor.name)
        run = FeatureRun(request.image_dir, path, extractor, resources=resources)
        parts.append(extract(run, request.names).features)
    joined = join_features(parts)
    if len(joined.names) < 2:
        reasons = "; ".join(f"{photo.name!r} {photo.reason}" for photo in joined.skipped[:3]) or "there are no others"
        raise StageError(f"{len(joined.names)} photos of the sample can be used, two are needed: {reasons}")
    vectors = np.asarray(joined.descriptors, dtype=np.float32)
    first, second = np.triu_indices(len(vectors), 1)
    products = (vectors @ vectors.T)[first, second].astype(np.float64)
    scores = np.round(products - joined.background, SCORE_DECIMALS) + 0.0
    is_usable = np.any(vectors, axis=1)  # a photo without any feature is like no other
    scores[~(is_usable[first] & is_usable[second])] = np.nan
    return SampledPairs(
        joined.model, joined.names, first, second, scores, default_thresholds(joined.model), joined.skipped
    )
