"""The stage of ``tools.compare_images``: photos compared pair by pair, the similar pairs written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from clustering.comparisons import label_components
from hloc.comparison import SimilarityRun, describe_photos, scoring_threads
from hloc.feature_keeping import Described
from hloc.feature_run import Resources
from hloc.similarities.base import Similarity
from stages.checks import settings_as_json
from stages.comparing.batches import BatchedComparison, Outcome
from stages.comparing.plan import (
    MERGE,
    Plan,
    check_settings,
    chosen_similarity,
    chosen_threshold,
    find_batches_to_merge,
    read_current,
)
from stages.image_folder import photos_in, usable_names
from stages.settings.compare import CompareSettings
from stages.work_folder import clear_leftovers
from storage.errors import StageError
from storage.formats.comparison_state import state_path
from storage.formats.pairs import read_pairs, write_pairs
from storage.formats.photo_features import PhotoFeatureStore
from storage.lock import work_lock
from storage.machine import usable_cores
from storage.report import RunReport, check_accounting

STAGE = "compare_images"
COUNTED = ("num_compared", "num_skipped", "num_compared_across", "num_skipped_across")


def compare_images(settings: CompareSettings) -> RunReport:
    """Bring the pairs of similar photos of a folder up to date.

    Writes ``pairs-<method>.txt`` (or ``.h5``) and its origin to ``settings.outputs_dir``, and keeps the features there;
    ``docs/formats.md`` specifies all of it.

    Raises
    ------
    UsageError
        When a setting is out of range, or pairs of batches that are to be merged were made with other settings.
    StageError
        When there are no photos, none can be used, or a file cannot be written.
    """
    started = time.monotonic()
    check_settings(settings)
    similarity = chosen_similarity(settings)
    chosen_threshold(settings, similarity)
    with work_lock(settings.outputs_dir):
        clear_leftovers(settings.outputs_dir, STAGE)
        names, unnamable = usable_names(photos_in(settings.image_dir, settings.follow_links))
        described = describe_photos(_run(settings, similarity), names)
        if not described.fingerprints:
            raise StageError(f"none of the {len(names)} photos in {settings.image_dir} can be used")
        plan = Plan.of(settings, similarity, described.fingerprints, [*described.skipped, *unnamable])
        report = _report(plan, described)
        origin = read_current(plan)
        report.is_current = origin is not None and not described.computed
        if origin is None:
            origin = _compare(plan, described)
        report.counts |= {key: value for key, value in _counts_of(origin).items() if value is not None}
        report.notes = _notes(plan)
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.outputs_dir)
    return report


def _run(settings: CompareSettings, similarity: Similarity) -> SimilarityRun:
    resources = Resources(settings.num_workers, 1, settings.max_megapixels, settings.timeout_s)
    return SimilarityRun(settings.image_dir, settings.outputs_dir, similarity, resources)


def _compare(plan: Plan, described: Described[PhotoFeatureStore]) -> dict[str, Any]:
    """Compare the photos and write the pairs; give their origin."""
    unfinished = state_path(plan.settings.outputs_dir, plan.similarity.name)
    of_batches = _read_batches(plan) if plan.settings.option == MERGE else None
    with scoring_threads(_num_threads(plan.settings)) as spread:
        outcome = BatchedComparison(plan, described.store, spread, unfinished).run(of_batches)
    origin = plan.identity() | _results(plan, outcome)
    count = write_pairs(plan.path, _rows(plan, outcome), origin)
    unfinished.unlink(missing_ok=True)
    return origin | {"num_pairs": count}


def _num_threads(settings: CompareSettings) -> int:
    return usable_cores() if settings.num_workers is None else max(1, settings.num_workers)


def _read_batches(plan: Plan) -> Outcome:
    """Read what was found within batches."""
    path, origin = find_batches_to_merge(plan)
    pairs = read_pairs(path, plan.names)
    place_of = {name: place for place, name in enumerate(plan.names)}
    places = np.array([place_of[name] for name in pairs.names], dtype=np.int64)
    one, two = places[pairs.first], places[pairs.second]
    outcome = Outcome(np.minimum(one, two), np.maximum(one, two), pairs.scores)
    outcome.num_compared = int(origin["num_compared"])
    return outcome


def _results(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    """Give what the origin tells of the comparison, beside what it hangs on."""
    label = label_components(len(plan.names), outcome.first, outcome.second)
    sizes = np.bincount(label)
    return {
        "num_batches": len(plan.batches),
        **{key: getattr(outcome, key) for key in COUNTED},
        "num_clusters": int((sizes > 1).sum()),
        "num_alone": int((sizes == 1).sum()),
        "representatives": [
            {"batch": batch, "photo": plan.names[place], "num_photos": count}
            for batch, place, count in outcome.representatives
        ],
    }


def _rows(plan: Plan, outcome: Outcome) -> Iterator[tuple[str, str, float]]:
    """Give each pair once, the lower name first, in the order of names."""
    ranks, names = plan.ranks(), sorted(plan.names)
    one, two = ranks[outcome.first], ranks[outcome.second]
    low, high = np.minimum(one, two), np.maximum(one, two)
    order = np.lexsort((high, low))
    columns = low[order].tolist(), high[order].tolist(), outcome.score[order].tolist()
    for first, second, score in zip(*columns, strict=True):
        yield names[first], names[second], score


def _report(plan: Plan, described: Described[PhotoFeatureStore]) -> RunReport:
    settings = plan.settings
    report = RunReport(STAGE, settings_as_json(settings))
    report.settings |= {"method": plan.similarity.name, "threshold": plan.threshold}
    report.skipped = list(plan.skipped)
    report.counts = {
        "photos": len(plan.names) + len(plan.skipped),
        "described": len(plan.names),
        "computed_now": len(described.computed),
        "skipped": len(plan.skipped),
    }
    report.outputs = {"pairs": str(plan.path)}
    check_accounting(report, report.counts["photos"], described=len(plan.names))
    return report


def _counts_of(origin: dict[str, Any]) -> dict[str, Any]:
    """Give the numbers of an origin by the names that the report shows."""
    counts = {"batches": origin.get("num_batches"), "comparisons": origin.get("num_compared")}
    counts["pairs_not_compared"] = origin.get("num_skipped")
    if origin.get("num_batches", 1) > 1:
        counts["representatives"] = len(origin.get("representatives", ()))
        counts["comparisons_across_batches"] = origin.get("num_compared_across")
    counts["similar_pairs"] = origin.get("num_pairs")
    counts["clusters"] = origin.get("num_clusters")
    counts["photos_without_a_pair"] = origin.get("num_alone")
    return counts


def _notes(plan: Plan) -> list[str]:
    notes = []
    if plan.settings.skip == "leader":
        notes.append("--skip leader: what is found depends on the order of the photos, and chains may be broken")
    if not plan.is_merged:
        notes.append("batches were not merged: run again with --option merge")
    return notes
