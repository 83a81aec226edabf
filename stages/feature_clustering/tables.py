"""``selection.csv`` and ``statistics.csv``: all fits, and the measures of all clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clustering.features.cluster_statistics import ClusterStatistics
from clustering.features.clusterers import feature_parameters
from clustering.features.fits import Fit
from storage.formats.csv_text import csv_text

_FIT_COLUMNS = (
    "clusters",
    "alone",
    "silhouette",
    "davies_bouldin",
    "calinski_harabasz",
    "silhouette_photos",
    "value",
    "is_chosen",
    "seconds",
    "problem",
)
STATISTICS_COLUMNS = (
    "cluster",
    "size",
    "diameter",
    "diameter_quantile",
    "diameter_photos",
    "is_sampled",
    "separation",
    "dispersion",
    "centroid_to_centroid",
    "ratio_1",
    "ratio_2",
)


def selection_columns() -> tuple[str, ...]:
    """Give the columns of ``selection.csv``: among them the parameters of all algorithms."""
    return ("part", "algorithm", *feature_parameters(), *_FIT_COLUMNS)


def selection_text(parts: Sequence[tuple[str, Sequence[Fit]]]) -> str:
    """Give ``selection.csv``: a line per fit, in the order in which they were made."""
    return csv_text(selection_columns(), (_fit_row(part, fit) for part, fits in parts for fit in fits))


def _fit_row(part: str, fit: Fit) -> list[Any]:
    parameters, scores = fit.clusterer.parameters(), fit.scores
    return [
        part,
        fit.clusterer.name,
        *(_shown(parameters.get(name)) for name in feature_parameters()),
        fit.num_clusters,
        fit.num_alone,
        *(
            (None,) * 4
            if scores is None
            else (
                _shown(scores.silhouette),
                _shown(scores.davies_bouldin),
                _shown(scores.calinski_harabasz),
                scores.num_sampled,
            )
        ),
        _shown(fit.value),
        int(fit.is_chosen),
        f"{fit.seconds:.3f}",
        fit.problem,
    ]


def statistics_text(statistics: Mapping[int, ClusterStatistics], quantile: float) -> str:
    """Give ``statistics.csv``: a line per cluster, by its number."""
    return csv_text(STATISTICS_COLUMNS, _statistics_rows(statistics, quantile))


def _statistics_rows(statistics: Mapping[int, ClusterStatistics], quantile: float) -> Iterator[list[Any]]:
    for number, each in sorted(statistics.items()):
        yield [
            number,
            each.size,
            _shown(each.diameter),
            _shown(quantile),
            each.diameter_members,
            int(each.diameter_members < each.size),
            *map(_shown, (each.separation, each.dispersion, each.centroid_to_centroid, each.ratio_1, each.ratio_2)),
        ]


def _shown(value: Any) -> Any:
    """Give six digits of a fraction."""
    return f"{value:.6g}" if isinstance(value, float) else value
