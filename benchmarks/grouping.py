"""Labelled photos, their pairs, and how well clusters of given thresholds agree with the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clustering.evaluation import SINGLE, Evaluation, evaluate
from clustering.graph import ScoredPairs
from clustering.specified import SpecifiedSettings, cluster_specified
from hloc.joining import background_similarity, join_descriptors
from hloc.retrieval import top_k
from storage.formats.labels import SINGLE_LABEL


class Labelled:
    """Photos with labels, and their pairs by the models that are joined."""

    def __init__(self, parts: Sequence[NDArray[np.floating]], labels: list[str], num_to_match: int) -> None:
        numbers: dict[str, int] = {}
        self.labels = [SINGLE if label == SINGLE_LABEL else numbers.setdefault(label, len(numbers)) for label in labels]
        vectors, _ = join_descriptors(parts)
        background = background_similarity(vectors) if len(parts) > 1 else 0.0
        rows = [(row, others, scores - background) for row, others, scores in top_k(vectors, num_to_match, background)]
        first = np.concatenate([np.full(len(others), row) for row, others, _ in rows])
        self.pairs = ScoredPairs.from_arrays(
            len(labels),
            first,
            np.concatenate([others for _, others, _ in rows]),
            np.concatenate([scores for *_, scores in rows]),
        )

    def evaluate(self, strong: float, weak: float) -> Evaluation:
        """Cluster with these thresholds and compare with the labels."""
        grouping = cluster_specified(self.pairs, SpecifiedSettings(strong, weak))
        predicted = np.full(len(self.labels), SINGLE)
        for number, members in grouping.clusters.items():
            predicted[members] = number
        return evaluate(self.labels, predicted)
