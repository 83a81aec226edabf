"""Vectors to groups: the clusterers of ``tools.cluster_features``, one per file.

A new one is one file in this folder, with a class that follows :class:`clustering.features.clusterers.base.
FeatureClusterer`, and one line in ``FEATURE_CLUSTERERS``; ``docs/adding.md`` shows one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from clustering.parameters import Parameter, owned_parameters
from storage.errors import UsageError

if TYPE_CHECKING:
    from clustering.features.clusterers.base import FeatureClusterer

# name -> module and class, imported when asked for
FEATURE_CLUSTERERS = {
    "kmeans": "clustering.features.clusterers.kmeans:KMeansClusterer",
    "agglomerative": "clustering.features.clusterers.agglomerative:AgglomerativeClusterer",
    "dbscan": "clustering.features.clusterers.dbscan:DbscanClusterer",
    "gaussian_mixture": "clustering.features.clusterers.gaussian_mixture:GaussianMixtureClusterer",
    "hdbscan": "clustering.features.clusterers.hdbscan:HdbscanClusterer",
}


def get_feature_clusterer(name: str) -> type[FeatureClusterer]:
    """Give the clusterer of that name: a class whose arguments are its parameters.

    Raises
    ------
    UsageError
        When there is none; the message lists the names.
    """
    if name not in FEATURE_CLUSTERERS:
        raise UsageError(f"--algorithm {name!r}: is not known; choose one of {', '.join(FEATURE_CLUSTERERS)}, auto")
    module, class_name = FEATURE_CLUSTERERS[name].split(":")
    clusterer: type[FeatureClusterer] = getattr(importlib.import_module(module), class_name)
    return clusterer


def feature_parameters() -> dict[str, dict[str, Parameter]]:
    """Give the parameters of all clusterers: name to what each of its owners says of it, by the owner's name."""
    return owned_parameters({name: get_feature_clusterer(name) for name in FEATURE_CLUSTERERS})
