"""Every versioned format that the project reads: how an example is written, where it lies, how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hloc.engines import graph
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.onnx_input import read_onnx_input
from networks.simclr_weights import read_simclr_weights
from stages import fetch_simclr
from stages.reporting.runs import read_runs
from storage.formats import (
    attack_records,
    calibration,
    clusters,
    comparison_state,
    crop_shards,
    decisions,
    export,
    feature_shards,
    features,
    label_images,
    local_features,
    manifest,
    mask_index,
    matches,
    paint_classes,
    paint_journal,
    paint_script,
    pairs,
    photo_features,
    preprocessed,
    report_record,
    review,
    search_results,
    segment_records,
    shards,
    state,
    template_set,
)
from tests.reliability import example_files as examples

SEGMENT = segment_records.KIND.path(Path(), examples.NAMES[0]).as_posix()
ATTACK = attack_records.KIND.path(Path(), examples.NAMES[0]).as_posix()


@dataclass(frozen=True)
class FileFormat:
    """A format of files.

    Attributes
    ----------
    name : str
        What the files say in ``format``.
    place : str
        Where such a file lies, below the folder that is read.
    write : callable
        Writes an example of the present version below a folder.
    read : callable
        Reads it there; None where the product passes over a file that it cannot use, and makes it anew.
    kept_as : str
        Begin of the names of its files in the archive, where it is another than ``name``.
    beside : str
        A further file that the example needs, below the folder.
    """

    name: str
    place: str
    write: Callable[[Path], object]
    read: Callable[[Path], object]
    kept_as: str = ""
    beside: str = ""

    def archived(self, version: int, place: str) -> str:
        """Give the name of a file of a version in the archive; ``place`` is where it lies otherwise."""
        return f"{self.kept_as or self.name}-{version}{''.join(Path(place).suffixes[-2:])}"


def _read_local_features(folder: Path) -> Any:
    store = local_features.LocalFeatureStore(folder, examples.SETTINGS)
    return [store.read(name) for name in examples.NAMES if name in store.index] or None


def _read_photo_features(folder: Path) -> Any:
    store = photo_features.PhotoFeatureStore(folder, examples.SETTINGS, examples.MADE_BY)
    return store.read([name for name in examples.NAMES if name in store.index]) or None


def _read_shard(folder: Path) -> Any:
    store = shards.ShardFolder(folder, examples.SETTINGS, examples.MADE_BY)
    return list(store.records([name for name in examples.NAMES if name in store.index])) or None


def _read_onnx_input(folder: Path) -> object:
    return read_onnx_input(folder / "network.onnx", ExtractorOptions(model="onnx:network.onnx"), ["B", 3, "h", "w"])


HDF5 = [
    FileFormat(
        "global-features",
        "global-feats.h5",
        examples.write_features,
        lambda folder: (
            features.read_features(folder / "global-feats.h5"),
            features.read_photo_exif(folder / "global-feats.h5"),
        ),
        kept_as="global-feats",
    ),
    FileFormat(
        "binary-pairs",
        "pairs-vlad.h5",
        examples.write_binary_pairs,
        lambda folder: (pairs.read_pairs(folder / "pairs-vlad.h5"), pairs.read_origin(folder / "pairs-vlad.h5")),
        kept_as="pairs",
    ),
    FileFormat(
        "matches",
        "matches-vlad.h5",
        examples.write_matches,
        lambda folder: matches.read_matches(folder / "matches-vlad.h5"),
    ),
    FileFormat("local-features", "features-000000.h5", examples.write_local_features, _read_local_features),
    FileFormat("photo-features", "features-000000.h5", examples.write_photo_features, _read_photo_features),
    FileFormat("shard", "shard-000000.h5", examples.write_shard, _read_shard),
    FileFormat(
        "learnt-state",
        "state.h5",
        examples.write_state,
        lambda folder: (
            state.read_state(folder / "state.h5", examples.SETTINGS, examples.MADE_BY),
            state.read_shared_state(folder / "state.h5", examples.SETTINGS),
        ),
    ),
    FileFormat(
        "unfinished-comparison",
        "state.h5",
        examples.write_comparison,
        lambda folder: comparison_state.read_state(folder / "state.h5", examples.SETTINGS),
    ),
    FileFormat(
        "crops",
        "crops-00000.h5",
        examples.write_crops,
        lambda folder: crop_shards.map_crop_shard(folder / "crops-00000.h5", examples.SETTINGS).crops.sum(),
    ),
]
JSON = [
    FileFormat(
        "manifest",
        "manifest.json",
        examples.write_manifest,
        lambda folder: manifest.read_manifest(folder / "manifest.json"),
    ),
    FileFormat(
        "export", "export.json", examples.write_export, lambda folder: export.read_export(folder / "export.json")
    ),
    FileFormat("report-record", "report-record.json", examples.write_report_record, report_record.read_record),
    FileFormat("preprocessed", "preprocessed.json", examples.write_preprocessed, preprocessed.read_preprocessed),
    FileFormat("paint-masks", "masks.json", examples.write_masks, mask_index.read_mask_index),
    FileFormat(
        "feature-shard", "shards/1-of-2/shard-vlad.json", examples.write_shard_origin, feature_shards.read_shard_origins
    ),
    FileFormat("segment-record", SEGMENT, examples.write_segments, segment_records.read_segment_records),
    FileFormat("attack-record", ATTACK, examples.write_attacks, attack_records.read_records),
    FileFormat("search-experiment", "search.json", examples.write_search, search_results.read_results),
    FileFormat(
        "review-journal",
        "review.jsonl",
        examples.write_journal,
        lambda folder: review.ReviewJournal(folder / "review.jsonl").lines,
    ),
    FileFormat(
        "paint-journal",
        "journal.jsonl",
        examples.write_paint_journal,
        lambda folder: paint_journal.PaintJournal(folder / "journal.jsonl").log.actions,
    ),
    FileFormat(
        "paint-classes",
        "classes.json",
        examples.write_paint_classes,
        lambda folder: paint_classes.read_classes(folder / "classes.json"),
    ),
    FileFormat(
        "paint-script",
        "actions.json",
        examples.write_script,
        lambda folder: paint_script.read_paint_script(folder / "actions.json"),
    ),
    FileFormat("template-set", "set.json", examples.write_template_set, template_set.read_template_set),
    FileFormat(
        "decisions",
        "decisions.json",
        examples.write_decisions,
        lambda folder: decisions.read_decisions(folder / "decisions.json"),
    ),
    FileFormat(
        "calibration",
        "calibration.json",
        examples.write_calibration,
        lambda folder: calibration.read_calibration(folder / "calibration.json", ["a", "b"]),
    ),
    FileFormat(
        "clusters-info",
        "clusters_info.json",
        examples.write_info,
        lambda folder: clusters.read_clusters_info(folder / "clusters_info.json"),
        kept_as="clusters_info",
    ),
    FileFormat(
        "pairs",
        "pairs-vlad.json",
        examples.write_pairs,
        lambda folder: pairs.read_origin(folder / "pairs-vlad.txt"),
        beside="pairs-vlad.txt",
    ),
    FileFormat(
        "run-report", "reports/copy_images/report.json", examples.write_report, lambda folder: read_runs([folder])
    ),
    FileFormat(
        "simclr-sums",
        "sums.json",
        examples.write_sums,
        lambda folder: fetch_simclr._read_sums(folder / "sums.json", examples.CHECKPOINT),
    ),
    FileFormat(
        "engine-check",
        "network.json",
        examples.write_engine_check,
        lambda folder: graph._read_expected(folder / "network.json", 2),
    ),
    FileFormat("onnx-input", "network.onnx.json", examples.write_onnx_input, _read_onnx_input),
]
OTHER = [
    FileFormat(
        "simclr-weights",
        "tiny.pth",
        examples.write_simclr,
        lambda folder: read_simclr_weights(folder / "tiny.pth", examples.TINY),
    ),
    FileFormat(
        "label-image",
        "a.png",
        examples.write_label_image,
        lambda folder: label_images.read_label_image(folder / "a.png"),
    ),
]
ALL = (*HDF5, *JSON, *OTHER)
