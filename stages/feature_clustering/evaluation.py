"""How well clusters agree with labels that a person gave: ``evaluation.json``."""

from __future__ import annotations

from typing import Any

from clustering.evaluation import SINGLE, evaluate, number_groups
from stages.evaluate import match_labels
from stages.settings.cluster_features import FeatureClusterSettings
from storage.atomic import write_json
from storage.errors import StageError
from storage.formats.clusters import CLUSTERS_NAME, SINGLETONS_KEY, read_clusters
from storage.formats.labels import SINGLE_LABEL, read_labels
from storage.report import RunReport

NAME = "evaluation.json"


def write_evaluation(settings: FeatureClusterSettings, report: RunReport) -> None:
    """Compare ``clusters.json`` with ``settings.labels``; write the measures, and note the main ones.

    Raises
    ------
    StageError
        When the labels are missing or damaged, or none fits a photo.
    """
    assert settings.labels is not None
    clusters = read_clusters(settings.results_dir / CLUSTERS_NAME, settings.image_dir)
    number_of = {name: int(key) for key, names in clusters.items() for name in names}
    label_of, missing = match_labels(number_of, read_labels(settings.labels))
    if not label_of:
        raise StageError(
            f"none of the photos labelled in {settings.labels} is in {settings.results_dir / CLUSTERS_NAME}"
        )
    names = sorted(label_of)
    numbers: dict[str, int] = {}
    true = [
        SINGLE if label_of[name] == SINGLE_LABEL else numbers.setdefault(label_of[name], len(numbers)) for name in names
    ]
    predicted = [SINGLE if number_of[name] == int(SINGLETONS_KEY) else number_of[name] for name in names]
    measures = measure(true, predicted)
    path = settings.results_dir / "cluster_features" / NAME
    write_json(path, measures | {"missing": sorted(missing), "unlabelled": sorted(number_of.keys() - label_of.keys())})
    report.outputs["evaluation"] = str(path)
    shown = {
        "homogeneity": "homogeneity",
        "completeness": "completeness",
        "v_measure": "V-measure",
        "adjusted_rand_index": "adjusted Rand index",
        "normalised_mutual_information": "NMI",
        "bcubed_f1": "B-cubed F1",
    }
    report.notes.append("against the labels: " + ", ".join(f"{shown[key]} {measures[key]:.4f}" for key in shown))


def measure(true: list[int], predicted: list[int]) -> dict[str, Any]:
    """Give all measures of :func:`clustering.evaluation.evaluate`, and homogeneity, completeness and V-measure.

    Homogeneity is 1 where no cluster mixes classes, completeness where no class is split; V-measure is their harmonic
    mean (Rosenberg and Hirschberg 2007). A photo that is alone is a group of its own in all of them.
    """
    from sklearn.metrics import homogeneity_completeness_v_measure

    found = homogeneity_completeness_v_measure(number_groups(true), number_groups(predicted))
    named = dict(zip(("homogeneity", "completeness", "v_measure"), map(float, found), strict=True))
    return {**evaluate(true, predicted).as_dict(), **named}
