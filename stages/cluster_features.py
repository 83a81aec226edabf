"""The stage of ``tools.cluster_features``: vectors to clusters, by the best of many fits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.features.batches import Clustered, cluster_vectors
from clustering.features.cluster_statistics import measure_clusters
from clustering.features.clusterers import feature_parameters
from clustering.features.clusterers.base import NOISE, Labels, Vectors
from clustering.features.decided_labels import obey
from clustering.features.fits import Fit, chosen_fit, fit_grid
from clustering.features.grid import Grid, check_given, make_grid
from clustering.features.minimum_sizes import SizeTrial
from clustering.features.pipeline import Pipeline, without_singles
from clustering.features.space import FeatureSpace, check_space, normalize_vectors, reduce_vectors
from clustering.numbering import carry_numbers
from stages.checks import check_range, settings_as_json
from stages.clustering.decisions import constrain, decided_of_clusters, name_clusters
from stages.clustering.former import Former, current_info, read_former
from stages.feature_clustering.evaluation import write_evaluation
from stages.feature_clustering.inputs import FeatureInputs, gather_feature_inputs
from stages.feature_clustering.outputs import FOLDER, Made, write_results
from stages.feature_clustering.plots import check_matplotlib
from stages.feature_clustering.preset import check_steps, size_notes, sized, steps_after_clustering, with_preset
from stages.settings.cluster_features import SELECTIONS, FeatureClusterSettings
from stages.work_folder import clear_leftovers
from storage.errors import UsageError
from storage.formats.clusters import CLUSTERS_INFO_NAME, CLUSTERS_NAME
from storage.lock import work_lock
from storage.machine import usable_cores
from storage.progress import progress_bar
from storage.report import RunReport, check_accounting

STAGE = "cluster_features"


def cluster_features(settings: FeatureClusterSettings) -> RunReport:
    """Group the photos of a folder by their vectors, as far as decisions do not say otherwise.

    Writes ``clusters.json`` and ``clusters_info.json`` to ``settings.results_dir``, as ``create_clusters.py`` does, and
    tables and plots to ``cluster_features/`` there; ``docs/formats.md`` specifies them. Clusters keep the numbers of
    the former clusters in that folder that they have most photos in common with.

    Raises
    ------
    UsageError
        When a setting is out of range, settings do not go together, it is not clear which features are meant, or
        decisions contradict each other.
    StageError
        When a file is missing or damaged.
    """
    started = time.monotonic()
    settings = with_preset(settings)
    given = check_settings(settings)
    inputs = gather_feature_inputs(settings)
    with work_lock(settings.results_dir):
        clear_leftovers(settings.results_dir, STAGE)
        report = _report(settings, inputs)
        current = current_info(settings.results_dir, inputs.checksum)
        if current is not None and (settings.results_dir / FOLDER / "selection.csv").is_file():
            report.counts, report.is_current = current["counts"], True
        else:
            former = read_former(settings.results_dir, settings.image_dir)
            write_results(settings, inputs, _cluster(settings, inputs, given, former, report), report)
        if settings.labels is not None:
            write_evaluation(settings, report)
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.results_dir)
    return report


def check_settings(settings: FeatureClusterSettings) -> dict[str, tuple[Any, ...]]:
    """Check settings without reading anything; give the values of the parameters that were given."""
    given = dict(settings.parameters)
    check_space(_space(settings))
    check_given(settings.algorithm, given, settings.metric)
    check_steps(settings)
    if settings.selection not in SELECTIONS:
        raise UsageError(f"--selection {settings.selection!r}: must be one of {', '.join(SELECTIONS)}")
    check_range("--seed", settings.seed, 0, 2**32 - 1)
    check_range("--diameter_quantile", settings.diameter_quantile, 0, 1)
    check_range("--max_pairs", settings.max_pairs, 1)
    if settings.batch_size is not None:
        check_range("--batch_size", settings.batch_size, 2)
    if settings.num_workers is not None:
        check_range("--num_workers", settings.num_workers, 0)
    if settings.plots:
        check_matplotlib()
    return given


def _space(settings: FeatureClusterSettings) -> FeatureSpace:
    return FeatureSpace(settings.metric, settings.normalize, settings.pca, settings.seed)


# -- clustering -------------------------------------------------------------------------------------------------------


@dataclass
class Clustering:
    """The step of a pipeline that fits a grid; what it found besides the labels is kept in it.

    Attributes
    ----------
    settings : FeatureClusterSettings
        What is fitted.
    given : dict
        Parameter to values.
    found : Clustered
        All fits and notes, once it was called.
    trials : list of SizeTrial
        The minimum sizes that ``auto`` tried.
    """

    settings: FeatureClusterSettings
    given: dict[str, tuple[Any, ...]]
    found: Clustered = field(default_factory=lambda: Clustered(np.zeros(0, dtype=np.int64)))
    trials: list[SizeTrial] = field(default_factory=list)

    def __call__(self, vectors: Vectors) -> Labels:
        """Give the labels of the best fit, -1 for noise."""
        settings = self.settings
        self.found = cluster_vectors(vectors, self._grid, self._fit, settings.batch_size, settings.metric)
        _refuse_unfitted(self.found)
        return self.found.labels

    def _grid(self, vectors: Vectors) -> Grid:
        settings = self.settings
        given, self.trials = sized(self.given, vectors)
        return make_grid(settings.algorithm, given, vectors, settings.metric, settings.seed)

    def _fit(self, grid: Grid, vectors: Vectors) -> list[Fit]:
        workers = usable_cores() if self.settings.num_workers is None else max(1, self.settings.num_workers)
        return fit_grid(
            grid.clusterers,
            vectors,
            self.settings.selection,
            workers,
            lambda fits, total: iter(progress_bar(fits, total, "fits")),
        )

    @property
    def chosen(self) -> Fit | None:
        """The best fit; None where there is none, or each batch has its own."""
        best = chosen_fit(self.found.fits[0][1]) if len(self.found.fits) == 1 else None
        return None if best is None or best.labels is None else best


def _refuse_unfitted(found: Clustered) -> None:
    """Refuse flags that no fit could be made with (UsageError), instead of leaving every photo alone."""
    every = [fit for _, fits in found.fits for fit in fits]
    refused = [fit.problem for fit in every if fit.labels is None and fit.problem.startswith("--")]
    if refused and len(refused) == len(every):
        raise UsageError("; ".join(dict.fromkeys(refused)))


def _cluster(
    settings: FeatureClusterSettings,
    inputs: FeatureInputs,
    given: dict[str, tuple[Any, ...]],
    former: Former,
    report: RunReport,
) -> Made:
    """Make the clusters, and measure them; fill in the report."""
    space, clustering = _space(settings), Clustering(settings, given)
    usable = np.flatnonzero(inputs.is_usable)
    descriptors = np.asarray(inputs.features.descriptors)
    vectors = normalize_vectors(descriptors if len(usable) == len(descriptors) else descriptors[usable], space)
    steps = steps_after_clustering(settings, vectors)
    pipeline = Pipeline(lambda each: reduce_vectors(each, space), clustering, steps)
    reduced = pipeline.reduce(vectors)
    rows = inputs.rows[usable]
    labels = np.full(len(inputs.names), NOISE, dtype=np.int64)
    if len(rows) > 1:
        labels[rows] = pipeline.run_reduced(reduced)
    labels, is_decided = _decide(inputs, labels, reduced, rows)
    statistics = measure_clusters(vectors, labels[rows], settings.diameter_quantile, settings.max_pairs, settings.seed)
    made = Made(labels, rows, vectors, reduced, statistics, is_decided, clustering.found, clustering.chosen)
    made.trials = clustering.trials
    made.parents = steps[-1].parents() if steps else {}
    _number(inputs, made, former, report)
    report.notes += [
        *former.notes,
        *inputs.notes,
        *clustering.found.notes,
        *_notes(settings, made, inputs),
        *(note for step in steps for note in step.notes()),
    ]
    return made


def _decide(
    inputs: FeatureInputs, labels: Labels, reduced: Vectors, rows: NDArray[np.int64]
) -> tuple[Labels, NDArray[np.bool_]]:
    """Carry out decisions; photos without a vector take part with a zero one."""
    constraints = constrain(inputs.decisions, inputs.names)
    if not constraints:
        return labels, np.zeros(len(labels), dtype=bool)
    vectors = np.zeros((len(labels), reduced.shape[1]), dtype=reduced.dtype)
    vectors[rows] = reduced
    labels, is_decided = obey(vectors, labels, constraints)
    return without_singles(labels), is_decided


def _number(inputs: FeatureInputs, made: Made, former: Former, report: RunReport) -> None:
    """Give the clusters the numbers and names of those that they continue, and count everything."""
    labels = made.labels
    clusters: dict[int, list[str]] = {label: [] for label in range(int(labels.max(initial=NOISE)) + 1)}
    for name, label in zip(inputs.names, labels.tolist(), strict=True):
        if label >= 0:
            clusters[label].append(name)
    fresh = {label: label for label in clusters}
    made.number_of = carry_numbers(former.clusters, clusters, former.next_number) if former.next_number else fresh
    made.clusters = {made.number_of[label]: photos for label, photos in clusters.items()}
    made.singletons = [name for name, label in zip(inputs.names, labels.tolist(), strict=True) if label < 0]
    made.next_number = max([former.next_number, *(number + 1 for number in made.clusters)])
    made.cluster_names, unused = name_clusters(inputs.decisions, made.clusters)
    report.notes += [f"the name {name!r} fits no cluster now" for name in unused]
    made.decided = decided_of_clusters(inputs.decisions, made.clusters)
    report.counts = {
        "photos": len(inputs.names) + len(inputs.skipped),
        "clusters": len(clusters),
        "clustered": sum(map(len, clusters.values())),
        "singletons": len(made.singletons),
        "skipped": len(inputs.skipped),
        "to_review": 0,
        "fits": sum(len(fits) for _, fits in made.found.fits),
        "infeasible_fits": sum(fit.scores is None for _, fits in made.found.fits for fit in fits),
    }
    check_accounting(
        report, report.counts["photos"], **{part: report.counts[part] for part in ("clustered", "singletons")}
    )


def _notes(settings: FeatureClusterSettings, made: Made, inputs: FeatureInputs) -> list[str]:
    notes = size_notes(made.trials)
    if made.chosen is not None:
        parameters = {name: value for name, value in made.chosen.clusterer.parameters().items() if value is not None}
        told = ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in parameters.items()
        )
        judged = "" if made.chosen.value is None else f" ({settings.selection} {made.chosen.value:.3f})"
        notes.append(f"chosen: {made.chosen.clusterer.name} with {told}{judged}")
    if num_empty := int((~inputs.is_usable).sum()):
        notes.append(f"{num_empty} photos have a zero vector (no feature was found) and are not clustered")
    if made.is_decided.any():
        notes.append(f"decisions moved {int(made.is_decided.sum())} photos")
    sampled = sum(each.diameter_members < each.size for each in made.statistics.values())
    if sampled:
        notes.append(f"the diameter of {sampled} clusters is that of a sample (--max_pairs {settings.max_pairs:,})")
    return notes


def _report(settings: FeatureClusterSettings, inputs: FeatureInputs) -> RunReport:
    told = settings_as_json(settings)
    told |= dict.fromkeys(feature_parameters()) | dict(told.pop("parameters"))
    report = RunReport(STAGE, told, skipped=list(inputs.skipped))
    report.settings["features"] = [path.as_posix() for path in settings.features or ()]
    report.settings["model"] = inputs.features.model
    folder = settings.results_dir
    report.outputs = {
        "clusters": str(folder / CLUSTERS_NAME),
        "reasons": str(folder / CLUSTERS_INFO_NAME),
        "fits": str(folder / FOLDER / "selection.csv"),
        "statistics": str(folder / FOLDER / "statistics.csv"),
    }
    return report
