"""The stage of ``create_clusters.py``: scored pairs, positions and decisions to clusters, with the reason for each."""

from __future__ import annotations

import gc
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import scipy

from clustering.grouping import Grouping
from clustering.numbering import carry_numbers
from stages.checks import settings_as_json
from stages.clustering.decisions import constrain, decided_of_clusters, name_clusters
from stages.clustering.former import Former, NamedClusters, current_info, read_former
from stages.clustering.inputs import (
    ClusterInputs,
    gather_inputs,
    read_numbered_pairs,
    read_positions,
    refuse_great_loss,
)
from stages.clustering.notes import origin_notes
from stages.clustering.reasons import Told, describe
from stages.settings.pipeline import ClusterSettings
from stages.work_folder import clear_leftovers
from storage.atomic import write_text
from storage.formats.clusters import (
    CLUSTERS_INFO_NAME,
    CLUSTERS_NAME,
    SINGLETONS_KEY,
    clusters_text,
    write_clusters_info,
)
from storage.lock import work_lock
from storage.report import PROJECT_VERSION, RunReport, check_accounting

STAGE = "create_clusters"


@dataclass(frozen=True)
class Numbered:
    """Clusters whose numbers are to be kept, in the place of those of the run before."""

    clusters: NamedClusters
    next_number: int


def create_clusters(settings: ClusterSettings, numbered: Numbered | None = None) -> RunReport:
    """Group the photos of a folder by their scored pairs and positions, as far as decisions do not say otherwise.

    Writes ``clusters.json`` and ``clusters_info.json`` to ``settings.results_dir``; ``docs/formats.md`` specifies
    both. Clusters keep the numbers of the former clusters in that folder that they have most photos in common with;
    of those in ``numbered``, where they are given.

    Raises
    ------
    UsageError
        When a setting is out of range, it is not clear which pairs are meant, or decisions contradict each other.
    StageError
        When there are no photos or no pairs file, or one is damaged.
    """
    started = time.monotonic()
    inputs = gather_inputs(settings)
    with work_lock(settings.results_dir):
        clear_leftovers(settings.results_dir, STAGE)
        current = current_info(settings.results_dir, inputs.checksum)
        report = _report(settings, inputs)
        if current is not None:
            report.counts, report.is_current = current["counts"], True
            return report
        former = (
            read_former(settings.results_dir, settings.image_dir)
            if numbered is None
            else Former(numbered.clusters, numbered.next_number)
        )
        with _collection_paused():
            text, info = _cluster(settings, inputs, former, report)
            write_clusters_info(settings.results_dir / CLUSTERS_INFO_NAME, info)
        write_text(settings.results_dir / CLUSTERS_NAME, text)
        report.seconds = time.monotonic() - started
        report.write(settings.results_dir)
    return report


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Look for no unused cycles: clusters have none, and going through millions of photos takes a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _cluster(
    settings: ClusterSettings, inputs: ClusterInputs, former: Former, report: RunReport
) -> tuple[str, dict[str, Any]]:
    """Make the clusters; give the texts of both files, and fill in the report."""
    names, pairs = read_numbered_pairs(inputs)
    if former.next_number:
        refuse_great_loss(names, inputs, settings.results_dir / CLUSTERS_NAME)
    positions = read_positions(settings.image_dir, names, inputs)
    constraints = constrain(inputs.decisions, names)
    grouping = inputs.thresholds.cluster(pairs, positions, constraints)
    clusters = {number: [names[photo] for photo in photos] for number, photos in grouping.clusters.items()}
    number_of = carry_numbers(former.clusters, clusters, former.next_number) if former.next_number else {}
    numbered = {number_of.get(number, number): photos for number, photos in clusters.items()}
    cluster_names, unused = name_clusters(inputs.decisions, numbered)
    singletons = [names[photo] for photo in grouping.singletons]
    report.counts = _counts(names, numbered, len(singletons), inputs)
    if inputs.thresholds.looks_at_positions:
        report.counts["with_position"] = int(np.isfinite(positions[:, 0]).sum())
    report.counts["to_review"] = len(grouping.doubts)
    report.notes += [*former.notes, *origin_notes(inputs, names)]
    report.notes += [f"the name {name!r} fits no cluster now" for name in unused]
    check_accounting(
        report, report.counts["photos"], **{part: report.counts[part] for part in ("clustered", "singletons")}
    )
    text = clusters_text({str(number): photos for number, photos in numbered.items()} | {SINGLETONS_KEY: singletons})
    decided = decided_of_clusters(inputs.decisions, numbered)
    told = Told(names, pairs, grouping, constraints, number_of, cluster_names, inputs.thresholds, decided)
    info = _header(inputs, report, text)
    info["next_number"] = max([former.next_number, *(number + 1 for number in _all_numbers(grouping, number_of))])
    return text, info | describe(told)


def _all_numbers(grouping: Grouping, number_of: Mapping[int, int]) -> list[int]:
    return [number_of.get(number, number) for number in grouping.clusters]


# -- outputs ----------------------------------------------------------------------------------------------------------


def _counts(
    names: Sequence[str], clusters: NamedClusters, num_singletons: int, inputs: ClusterInputs
) -> dict[str, int]:
    return {
        "photos": len(names) + len(inputs.skipped),
        "clusters": len(clusters),
        "clustered": sum(map(len, clusters.values())),
        "singletons": num_singletons,
        "skipped": len(inputs.skipped),
    }


def _report(settings: ClusterSettings, inputs: ClusterInputs) -> RunReport:
    told = settings_as_json(settings)
    report = RunReport(STAGE, told | dict(told.pop("parameters")), skipped=list(inputs.skipped))
    report.settings |= {"pairs_file": inputs.pairs_file.as_posix(), "method": inputs.method}
    report.settings |= asdict(inputs.thresholds)
    report.outputs = {
        "clusters": str(settings.results_dir / CLUSTERS_NAME),
        "reasons": str(settings.results_dir / CLUSTERS_INFO_NAME),
    }
    return report


def _header(inputs: ClusterInputs, report: RunReport, text: str) -> dict[str, Any]:
    return {
        "project_version": PROJECT_VERSION,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
        "model": inputs.model,
        "method": inputs.method,
        "settings": asdict(inputs.thresholds),
        "pairs_file": inputs.pairs_file.name,
        "inputs_checksum": inputs.checksum,
        "clusters_sha256": sha256(text.encode("utf-8")).hexdigest(),
        "counts": dict(report.counts),
        "skipped": [{"name": photo.name, "reason": photo.reason} for photo in inputs.skipped],
    }
