"""Small examples of the files that the project writes, by its own writers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hloc.engines import graph
from networks.simclr import SimclrShape
from networks.simclr_weights import SimclrWeights, write_simclr_weights
from stages import fetch_simclr
from storage.atomic import write_json
from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint
from storage.formats import (
    attack_records,
    binary_pairs,
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
from storage.formats.paint_classes import PaintClass
from storage.report import RunReport, SkippedPhoto
from storage.simclr_files import published_checkpoint
from tests.hloc.matching.tables import one_pair
from tests.networks.tiny_simclr import drawn

MADE_BY = "a test"
SETTINGS: dict[str, Any] = {"made": "for the archive"}
NAMES = ["a b.jpg", "street/ä.jpg"]
TINY = SimclrShape((1, 1, 1, 1), width=1 / 64)
CHECKPOINT = published_checkpoint("simclrv2-r50-1x-sk0")


def _known(number: int) -> Fingerprint:
    return Fingerprint(1000 + number, 10**18 + number, f"{number:064x}")


def _numbers(*shape: int, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)


def _features() -> features.Features:
    exif = [ExifRecord(45.5, 15.25, 120.0, "2026-01-02T03:04:05", "Maker Model", 6), ExifRecord()]
    return features.Features(
        model="vlad",
        settings=SETTINGS,
        names=NAMES,
        descriptors=_numbers(2, 8),
        image_sizes=np.array([[640, 480], [480, 640]]),
        fingerprints=[_known(0), _known(1)],
        skipped=(SkippedPhoto("bad.jpg", "empty file"),),
        state={"codebooks": _numbers(1, 2, 3)},
        exif=exif,
    )


def _matches() -> matches.MatchesFile:
    pair = one_pair(0, 1, inliers=[(3, 2)], overlay=[(1, 1)], num_matches=40, num_places=1, kind=2)
    column = {name: np.zeros(1, np.uint8) for name in ("source", "verdict", "looked_again")}
    hashes = [_known(number).sha256 for number in range(2)]
    score, probability = np.array([0.5]), np.array([0.9])
    return matches.MatchesFile(
        SETTINGS, NAMES, hashes, pair, column["source"], score, probability, column["verdict"], column["looked_again"]
    )


def write_local_features(folder: Path) -> None:
    """Write an example of local features."""
    keypoints = np.abs(_numbers(5, 4)) * 50
    descriptors, picture = np.arange(5 * 128, dtype=np.uint8).reshape(5, 128), np.zeros((64, 64), np.uint8)
    stored = local_features.StoredFeatures(keypoints, descriptors, (640, 480), (4000, 3000), picture)
    store = local_features.LocalFeatureStore(folder, SETTINGS)
    store.write([local_features.LocalRecord(name, _known(row), stored) for row, name in enumerate(NAMES)])


def write_photo_features(folder: Path) -> None:
    """Write an example of photo features."""
    store = photo_features.PhotoFeatureStore(folder, SETTINGS, MADE_BY)
    store.write([photo_features.FeatureRecord(name, _known(row), _numbers(3)) for row, name in enumerate(NAMES)])


def write_shard(folder: Path) -> None:
    """Write an example of shard."""
    store = shards.ShardFolder(folder, SETTINGS, MADE_BY)
    store.write([shards.Record(name, _known(row), {"vector": _numbers(4)}) for row, name in enumerate(NAMES)])


def write_comparison(folder: Path) -> None:
    """Write an example of comparison."""
    two = np.array([0, 1])
    found = comparison_state.ComparisonState(0, 1, 0, (3, 4), two, two + 1, np.array([0.5, 0.25]))
    comparison_state.write_state(folder / "state.h5", found, SETTINGS)


def write_crops(folder: Path) -> None:
    """Write an example of crops."""
    shard = crop_shards.CropShard(
        np.zeros((2, 4, 4, 3), np.uint8), _numbers(2, 4, dtype=np.float16), _numbers(2, 1, 1, 4, dtype=np.float16)
    )
    crop_shards.write_crop_shard(folder / "crops-00000.h5", shard, SETTINGS)


def write_manifest(folder: Path) -> None:
    """Write an example of manifest."""
    resized = manifest.Resized(320, 240, _known(2), manifest.Resized(480, 360, _known(1)))
    entry = manifest.ManifestEntry(NAMES[0], "/photos/a b.jpg", _known(0), 640, 480, resized)
    manifest.write_manifest(folder / "manifest.json", manifest.Manifest("copy", {entry.name: entry}))


def write_export(folder: Path) -> None:
    """Write an example of export."""
    photos = {NAMES[0]: export.ExportedPhoto("0/a b.jpg", NAMES[0], _known(0))}
    record = export.ExportRecord("0123456789abcdef" * 2, "copy", "datasets", _known(0).sha256, photos)
    export.write_export(folder / "export.json", record)


def write_report_record(folder: Path) -> None:
    """Write an example of report record."""
    facts = report_record.PhotoFacts(_known(0), 640, 480, ExifRecord(45.5, 15.25, captured_at="2026-01-02T03:04:05"))
    record = report_record.ReportRecord(True, (320, 1600), {"index.html"}, {NAMES[0]: facts}, {"0": _known(1).sha256})
    report_record.write_record(folder, record)


def write_preprocessed(folder: Path) -> None:
    """Write an example of preprocessed."""
    photo = preprocessed.PreprocessedPhoto(NAMES[0], "a b.jpg", _known(0), _known(1), 64, 48, (1, 2, 3, 4), _known(2))
    preprocessed.write_preprocessed(folder, preprocessed.Preprocessed(SETTINGS, {photo.source: photo}))


def write_masks(folder: Path) -> None:
    """Write an example of masks."""
    entry = mask_index.mask_entry((255, 0, 0), "a_mask.png", np.eye(4, dtype=bool))
    photo = mask_index.PhotoMasks(NAMES[0], "a b", 4, 4, (entry,))
    index = mask_index.MaskIndex([PaintClass("crack", (255, 0, 0))], {photo.name: photo})
    write_json(folder / "masks.json", mask_index.index_json(index))


def write_shard_origin(folder: Path) -> None:
    """Write an example of shard origin."""
    origin = feature_shards.ShardOrigin(
        feature_shards.Shard(1, 2), "vlad", 2, _known(0).sha256, SETTINGS, [SkippedPhoto("bad\n.jpg", "no name")]
    )
    feature_shards.write_shard_origin(folder, origin)


def write_segments(folder: Path) -> None:
    """Write an example of segments."""
    rows = [[1, 16, 1.0, 0, 0, 4, 4, 10, 20, 30]]
    record = segment_records.SegmentRecord(NAMES[0], _known(0), "a b.png", SETTINGS, {"a b.png": _known(1)}, rows)
    segment_records.write_segment_record(folder, record)


def write_attacks(folder: Path) -> None:
    """Write an example of attacks."""
    copies = {"a b/rotation_5.jpg": attack_records.AttackedCopy("rotation", 5.0, _known(1))}
    attack_records.write_record(folder, attack_records.AttackRecord(NAMES[0], _known(0), "a b", SETTINGS, copies))


def search_run() -> dict[str, Any]:
    """Give a run of a search experiment."""
    at_k = {"1": 0.5, "10": 1.0}
    spread = {"median": 1.0, "min": 0.5, "max": 2.0, "std": 0.1}
    run: dict[str, Any] = {"index": "flat", "metric": "l2", "factory": "Flat", "label": "flat l2", "library": "faiss"}
    run |= {"built_with": {}, "searched_with": {}, "is_exact": True, "train_s": 0.0, "add_s": 0.1, "build_s": 0.1}
    run |= {"memory_bytes": 64, "repeats_s": [0.1], "ms_per_query": spread, "groups": {}}
    return run | {"overlap": at_k, "recall": at_k, "map": 0.5, "mrr": 0.5}


def write_search(folder: Path) -> None:
    """Write an example of search."""
    search_results.write_results(folder, {"settings": SETTINGS, "runs": [search_run()]})


def write_journal(folder: Path) -> None:
    """Write an example of journal."""
    review.write_review_journal(folder / "review.jsonl", [{"action": "name", "cluster": "0", "name": "mill"}])


def write_script(folder: Path) -> None:
    """Write an example of script."""
    actions = ({"action": "class", "name": "crack"}, {"action": "fill", "at": [1, 2]})
    script = paint_script.PaintScript(actions, (PaintClass("crack", (255, 0, 0)),))
    paint_script.write_paint_script(folder / "actions.json", script)


def write_paint_journal(folder: Path) -> None:
    """Write an example of the journal of a painted photo."""
    journal = paint_journal.PaintJournal(folder / "journal.jsonl")
    journal.begin(paint_journal.PaintStart(NAMES[0], 4, 3, "labels-0.png"))
    journal.add_actions([{"action": "fill", "at": [1, 1]}], 12, (5, 6))
    journal.add_saved((5, 6))


def write_paint_classes(folder: Path) -> None:
    """Write an example of a table of classes."""
    paint_classes.write_classes(folder / "classes.json", [PaintClass("crack", (255, 0, 0))])


def write_template_set(folder: Path) -> None:
    """Write an example of the record of a set of templates."""
    template_set.write_template_set(folder, "windows", "upload")


def write_decisions(folder: Path) -> None:
    """Write an example of decisions."""
    cluster = decisions.DecidedCluster((NAMES[0],), "mill", True, "a note", (NAMES[0],))
    decided = decisions.Decisions(((NAMES[0], NAMES[1]),), ((NAMES[0], "c.jpg"),), (cluster,), {"c.jpg": (45.5, 15.25)})
    decisions.write_decisions(folder / "decisions.json", decided)


def write_calibration(folder: Path) -> None:
    """Write an example of calibration."""
    made = calibration.Calibration(["a", "b"], [0.0, 1.0], [1.0, 2.0], [0.5, -0.5], 0.25, SETTINGS)
    calibration.write_calibration(folder / "calibration.json", made)


def write_info(folder: Path) -> None:
    """Write an example of info."""
    content = {"settings": SETTINGS, "counts": {"clusters": 1}, "clusters": [], "singletons": []}
    clusters.write_clusters_info(folder / "clusters_info.json", content)


def write_sums(folder: Path) -> None:
    """Write an example of sums."""
    header = {"format": fetch_simclr.SUMS_FORMAT, "format_version": fetch_simclr.SUMS_VERSION, "url": CHECKPOINT.url}
    sums = {CHECKPOINT.needed_files[0]: _known(0).sha256}
    write_json(folder / "sums.json", header | {"files": sums, "converted": {}})


def write_engine_check(folder: Path) -> None:
    """Write an example of engine check."""
    header = {"format": graph.FILE_FORMAT, "format_version": graph.FORMAT_VERSION}
    write_json(folder / "network.json", header | {"expected": [[0.6, 0.8], [1.0, 0.0]]})


def write_onnx_input(folder: Path) -> None:
    """Write an example of onnx input."""
    header = {"format": "onnx-input", "format_version": 1}
    write_json(folder / "network.onnx.json", header | {"input_size": "32x32", "input_fit": "stretch"})


def write_label_image(folder: Path) -> None:
    """Write an example of label image."""
    label_images.write_label_image(folder / "a.png", label_images.LabelImage(np.ones((4, 4), np.int32), SETTINGS))


def write_report(folder: Path) -> None:
    """Write an example of report."""
    RunReport("copy_images", SETTINGS, {"photos": 2}, [SkippedPhoto("bad.jpg", "empty file")], seconds=1.5).write(
        folder
    )


def write_pairs(folder: Path) -> None:
    """Write an example of pairs."""
    pairs.write_pairs(folder / "pairs-vlad.txt", [(NAMES[0], NAMES[1], 0.5)], {"model": "vlad"})


def write_features(folder: Path) -> None:
    """Write an example of features."""
    features.write_features(folder / "global-feats.h5", _features())


def write_binary_pairs(folder: Path) -> None:
    """Write an example of binary pairs."""
    binary_pairs.write_binary_pairs(folder / "pairs-vlad.h5", [(NAMES[0], NAMES[1], 0.5)], {"model": "vlad"})


def write_matches(folder: Path) -> None:
    """Write an example of matches."""
    matches.write_matches(folder / "matches-vlad.h5", _matches())


def write_state(folder: Path) -> None:
    """Write an example of state."""
    state.write_state(folder / "state.h5", {"codebooks": _numbers(2, 3)}, SETTINGS)


def write_simclr(folder: Path) -> None:
    """Write an example of simclr."""
    weights = SimclrWeights(drawn(0, TINY).state_dict(), None, True, None)
    write_simclr_weights(folder / "tiny.pth", weights, {"model": "tiny"})
