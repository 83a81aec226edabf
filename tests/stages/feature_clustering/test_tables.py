"""The tables of fits and of statistics as text."""

from __future__ import annotations

import csv
import io

import numpy as np

from clustering.features.cluster_statistics import ClusterStatistics
from clustering.features.clusterers import feature_parameters
from clustering.features.clusterers.agglomerative import AgglomerativeClusterer
from clustering.features.clusterers.dbscan import DbscanClusterer
from clustering.features.fits import Fit
from clustering.features.selection import Scores
from stages.feature_clustering.tables import STATISTICS_COLUMNS, selection_columns, selection_text, statistics_text


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_fit_is_a_line_with_its_parameters_scores_and_labels_counted() -> None:
    fit = Fit(
        AgglomerativeClusterer(n_clusters=None, distance_threshold=0.25, linkage="single"),
        np.array([0, 0, 1, -1]),
        1.23456,
        Scores(0.5, 1.25, 1234567.0, 4),
        value=1.5,
        is_chosen=True,
    )
    (row,) = rows_of(selection_text([("all", [fit])]))
    assert row["part"] == "all" and row["algorithm"] == "agglomerative" and row["n_clusters"] == ""
    assert row["distance_threshold"] == "0.25" and row["linkage"] == "single" and row["eps"] == ""
    assert (row["clusters"], row["alone"]) == ("1", "2")
    assert (row["silhouette"], row["davies_bouldin"], row["calinski_harabasz"]) == ("0.5", "1.25", "1.23457e+06")
    assert (row["value"], row["is_chosen"], row["seconds"], row["problem"]) == ("1.5", "1", "1.235", "")
    assert row["silhouette_photos"] == "4"


def test_a_fit_that_failed_says_why_and_has_no_scores() -> None:
    fit = Fit(DbscanClusterer(eps=0.1, min_samples=3), None, 0.0, problem='too "few", it says')
    (row,) = rows_of(selection_text([("2", [fit])]))
    assert row["problem"] == 'too "few", it says' and row["silhouette"] == row["value"] == row["alone"] == ""
    assert row["clusters"] == "0" and row["is_chosen"] == "0" and row["min_samples"] == "3"


def test_every_parameter_has_a_column() -> None:
    assert set(feature_parameters()) <= set(selection_columns())
    assert selection_text([]) == ",".join(selection_columns()) + "\n"


def test_statistics_stand_by_number_and_what_is_not_there_is_empty() -> None:
    alone = ClusterStatistics(12, 0.5, 4, None, 0.25, None, [1], [])
    other = ClusterStatistics(3, 0.5, 3, 2.0, 0.25, 1.0, [2], [])
    rows = rows_of(statistics_text({7: alone, 2: other}, 0.9))
    assert [row["cluster"] for row in rows] == ["2", "7"]
    assert list(rows[0]) == list(STATISTICS_COLUMNS)
    assert (rows[0]["ratio_1"], rows[0]["ratio_2"], rows[0]["is_sampled"]) == ("0.25", "0.25", "0")
    assert (rows[1]["separation"], rows[1]["ratio_1"], rows[1]["ratio_2"]) == ("", "", "")
    assert (rows[1]["is_sampled"], rows[1]["diameter_photos"], rows[1]["diameter_quantile"]) == ("1", "4", "0.9")
