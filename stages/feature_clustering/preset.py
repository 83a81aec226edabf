"""What ``--preset`` sets, the minimum size of clusters, and the steps on the labels of the best fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from clustering.features.clusterers.base import Labels, Vectors
from clustering.features.density_hierarchy import dense_clusters, hierarchy_of
from clustering.features.density_validity import reachability_tree
from clustering.features.label_steps import MIN_SAMPLES, StepResult, StepRule, take_steps
from clustering.features.minimum_sizes import SizeTrial, minimum_cluster_size, sizes_to_try, try_sizes
from clustering.features.noise import NoiseRule
from clustering.features.space import as_euclidean
from stages.checks import check_range
from stages.settings.cluster_features import (
    BOOSTS,
    MERGES,
    NOISE_ASSIGNMENTS,
    PRESETS,
    FeatureClusterSettings,
)
from storage.errors import UsageError
from storage.formats.csv_text import csv_text

SIZES_NAME = "sizes.csv"
SIZES_COLUMNS = (
    "min_cluster_size",
    "clusters",
    "noise_share",
    "largest",
    "validity",
    "stability",
    "value",
    "is_chosen",
)
_PRESET: dict[str, dict[str, Any]] = {
    "resnet_hdbscan": {
        "parameters": {"min_samples": (MIN_SAMPLES,), "min_cluster_size": ("rule",)},
        "merge": "average",
        "assign_noise": "centroid",
    }
}
_ALGORITHM = {"resnet_hdbscan": "hdbscan"}


def with_preset(settings: FeatureClusterSettings) -> FeatureClusterSettings:
    """Give settings with what their preset sets; what was given by itself stays.

    Raises
    ------
    UsageError
        When there is no such preset, or another algorithm was given.
    """
    if settings.preset is None:
        return replace(settings, merge=settings.merge or "none", assign_noise=settings.assign_noise or "keep")
    if settings.preset not in PRESETS:
        raise UsageError(f"--preset {settings.preset!r}: must be one of {', '.join(PRESETS)}")
    algorithm = _ALGORITHM[settings.preset]
    if settings.algorithm != algorithm:
        raise UsageError(f"--preset {settings.preset} is --algorithm {algorithm}, not {settings.algorithm}")
    preset = _PRESET[settings.preset]
    unset = {name: value for name, value in preset.items() if getattr(settings, name) is None}
    return replace(settings, **unset, parameters=preset["parameters"] | settings.parameters)


def check_steps(settings: FeatureClusterSettings) -> None:
    """Refuse values of the steps, and sizes, that have no meaning (UsageError)."""
    for flag, value, known in (
        ("--merge", settings.merge, MERGES),
        ("--assign_noise", settings.assign_noise, NOISE_ASSIGNMENTS),
        ("--precision_boost", settings.precision_boost, BOOSTS),
    ):
        if value not in known:
            raise UsageError(f"{flag} {value!r}: must be one of {', '.join(known)}")
    check_range("--merge_threshold", settings.merge_threshold, 0, 2)
    check_range("--noise_neighbours", settings.noise_neighbours, 1)
    if not isinstance(settings.noise_max_distance, str):
        check_range("--noise_max_distance", settings.noise_max_distance, 0)
    elif settings.noise_max_distance not in ("auto", "none"):
        raise UsageError(f"--noise_max_distance {settings.noise_max_distance!r}: must be auto, none or a distance")
    if settings.split_larger_than is not None:
        check_range("--split_larger_than", settings.split_larger_than, 2)
    if settings.merge != "none" and settings.metric == "hamming":
        raise UsageError(
            f"--merge {settings.merge} takes cosines of means, which --metric hamming has not: --merge none"
        )
    sizes = settings.parameters.get("min_cluster_size", ())
    if "auto" in sizes:
        for name in ("min_samples", "cluster_selection_method"):
            if len(settings.parameters.get(name, ())) > 1:
                raise UsageError(f"--{name}: give one value with --min_cluster_size auto")
    if "auto" in sizes and (len(sizes) > 1 or settings.batch_size is not None):
        raise UsageError("--min_cluster_size auto chooses one size for all photos: leave out other sizes and batches")


# -- the minimum size -------------------------------------------------------------------------------------------------


def sized(given: dict[str, tuple[Any, ...]], vectors: Vectors) -> tuple[dict[str, tuple[Any, ...]], list[SizeTrial]]:
    """Give parameters with numbers in the place of ``rule`` and ``auto``, and the sizes that were tried."""
    sizes = given.get("min_cluster_size", ())
    if "auto" in sizes:
        samples = min((given.get("min_samples") or (MIN_SAMPLES,))[0], len(vectors))
        method = (given.get("cluster_selection_method") or ("eom",))[0]
        tree = reachability_tree(vectors, samples)
        hierarchy = hierarchy_of(tree)
        trials, _ = try_sizes(sizes_to_try(len(vectors)), lambda size: dense_clusters(hierarchy, size, method), tree)
        best = next(trial.min_cluster_size for trial in trials if trial.is_chosen)
        return given | {"min_cluster_size": (best,), "min_samples": (samples,)}, trials
    if "rule" in sizes:
        rule = minimum_cluster_size(len(vectors))
        given = given | {"min_cluster_size": tuple(rule if size == "rule" else size for size in sizes)}
    return given, []


def sizes_text(trials: list[SizeTrial]) -> str:
    """Give ``sizes.csv``: a line per size that was tried."""
    rows = (
        [
            trial.min_cluster_size,
            trial.num_clusters,
            f"{trial.noise_share:.6g}",
            trial.largest,
            f"{trial.validity:.6g}",
            f"{trial.stability:.6g}",
            "" if trial.value is None else f"{trial.value:.6g}",
            int(trial.is_chosen),
        ]
        for trial in trials
    )
    return csv_text(SIZES_COLUMNS, rows)


def size_notes(trials: list[SizeTrial]) -> list[str]:
    """Say what each size gave, for the report."""
    return [
        f"min_cluster_size {trial.min_cluster_size}: {trial.num_clusters} clusters, the largest of {trial.largest}, "
        f"noise {trial.noise_share:.1%}, validity {trial.validity:.3f}, stability {trial.stability:.3f}"
        f"{': chosen' if trial.is_chosen else ''}"
        for trial in trials
    ]


# -- the steps --------------------------------------------------------------------------------------------------------


@dataclass
class LabelSteps:
    """The steps on labels, as one step of a pipeline; what they did is kept in it.

    Attributes
    ----------
    settings : FeatureClusterSettings
        With what a preset sets.
    directions : ndarray, (N, D)
        The vectors before they were reduced.
    result : StepResult or None
        What came of it, once it was called.
    """

    settings: FeatureClusterSettings
    directions: Vectors = field(repr=False)
    result: StepResult | None = None

    def __call__(self, vectors: Vectors, labels: Labels) -> Labels:
        """Take the steps."""
        self.result = take_steps(vectors, self.directions, labels, step_rule(self.settings))
        return self.result.labels

    def notes(self) -> list[str]:
        """Say what the steps did; nothing before they were taken."""
        result = self.result
        if result is None:
            return []
        total = max(len(result.labels), 1)
        notes = [
            f"noise: {result.noise_found} photos ({result.noise_found / total:.1%}) before the steps, "
            f"{result.noise_left} ({result.noise_left / total:.1%}) after"
        ]
        if result.num_merged < result.num_found:
            notes.append(f"close clusters joined: {result.num_found} became {result.num_merged}")
        if result.num_split:
            notes.append(
                f"{result.num_split} clusters of more than {self.settings.split_larger_than} photos were split"
            )
        return notes

    def parents(self) -> dict[int, dict[str, int]]:
        """Give the split cluster, as number and size, that each vector was in; vectors of others are left out."""
        if self.result is None or not self.result.num_split:
            return {}
        labels, parents = self.result.labels, self.result.parents
        sizes = np.bincount(parents[parents >= 0])
        is_split = np.array([len(np.unique(labels[parents == parent])) > 1 for parent in range(len(sizes))])
        numbers = np.cumsum(is_split)
        return {
            place: {"number": int(numbers[parent]), "size": int(sizes[parent])}
            for place, parent in enumerate(parents.tolist())
            if parent >= 0 and is_split[parent]
        }


def steps_after_clustering(settings: FeatureClusterSettings, directions: Vectors) -> list[LabelSteps]:
    """Give what is done to the labels of the best fit; nothing where settings and preset ask for nothing."""
    return [LabelSteps(settings, directions)] if has_steps(settings) else []


def has_steps(settings: FeatureClusterSettings) -> bool:
    """Say whether settings, with their preset, ask for any step."""
    return step_rule(settings) != StepRule(seed=settings.seed)


def step_rule(settings: FeatureClusterSettings) -> StepRule:
    """Give the rule that settings, with their preset, mean."""
    wanted = settings.noise_max_distance
    limit: float | str | None = wanted
    if wanted == "none":
        limit = None
    elif not isinstance(wanted, str):
        limit = as_euclidean(wanted, settings.metric)
    is_moved = settings.assign_noise != "keep" or settings.precision_boost != "none"
    return StepRule(
        merge=settings.merge or "none",
        merge_threshold=settings.merge_threshold if settings.merge not in (None, "none") else StepRule.merge_threshold,
        noise=NoiseRule(settings.assign_noise or "keep", settings.noise_neighbours, limit) if is_moved else NoiseRule(),
        boost=settings.precision_boost,
        split_larger_than=settings.split_larger_than,
        seed=settings.seed,
    )
