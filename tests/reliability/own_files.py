"""Every kind of file that the program writes and reads again, tiny, with its writer and its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint, sha256_of_file
from storage.formats.attack_records import KIND as ATTACK_RECORDS
from storage.formats.attack_records import AttackedCopy, AttackRecord, read_records, write_record
from storage.formats.binary_pairs import read_binary_pairs
from storage.formats.calibration import Calibration, read_calibration, write_calibration
from storage.formats.clusters import read_clusters_info, write_clusters_info
from storage.formats.export import ExportedPhoto, ExportRecord, read_export, write_export
from storage.formats.features import Features, read_features, read_photo_exif, write_features
from storage.formats.label_images import LabelImage, read_label_image, write_label_image
from storage.formats.local_features import LocalFeatureStore, LocalRecord, StoredFeatures
from storage.formats.manifest import Manifest, ManifestEntry, Resized, read_manifest, write_manifest
from storage.formats.matches import MatchesFile, no_matches, read_matches, write_matches
from storage.formats.paint_script import PaintScript, read_paint_script, write_paint_script
from storage.formats.pairs import read_origin, read_pairs, write_pairs
from storage.formats.photo_features import FeatureRecord, PhotoFeatureStore
from storage.formats.preprocessed import Preprocessed, PreprocessedPhoto, read_preprocessed, write_preprocessed
from storage.formats.report_record import PhotoFacts, ReportRecord, read_record
from storage.formats.report_record import write_record as write_report_record
from storage.formats.search_results import RUN_KEYS, read_results, write_results
from storage.formats.segment_records import KIND as SEGMENT_RECORDS
from storage.formats.segment_records import SegmentRecord, read_segment_records, write_segment_record
from storage.formats.shards import Record, ShardFolder
from storage.formats.state import read_shared_state, write_state

NAMES = ["north/a 1.jpg", "north/straße.jpg", "south/b.jpg", "south/c.jpg"]
PRINTS = [Fingerprint(1000 + number, 10**18 + number, f"{number:064x}") for number in range(len(NAMES))]
ROWS = [(NAMES[0], NAMES[1], 0.75), (NAMES[0], NAMES[2], 0.5), (NAMES[2], NAMES[3], 0.8125)]
ORIGIN = {"model": "vlad", "num_photos": 4, "features_checksum": "ab" * 32, "skipped": []}
SETTINGS = {"resize_max": 1024, "half": False, "weights": "drawn"}
EXIF = [ExifRecord(52.5, 13.25, 34.0, "2023-05-09T09:00:00", "Drawn A", 6), *[ExifRecord()] * 3]


@dataclass(frozen=True)
class OwnFile:
    """A kind of file.

    Attributes
    ----------
    name : str
        Path below the folder that it is written to.
    write : callable
        Writes it, and what belongs to it, to a folder.
    read : callable
        Gives what that folder holds.
    """

    name: str
    write: Callable[[Path], object]
    read: Callable[[Path], Any]


def plain(value: Any) -> Any:
    """Give a value in a form that compares by what it holds, arrays and dataclasses included."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(plain(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def drawn_features() -> Features:
    """Give features of the four photos."""
    vectors = np.random.default_rng(0).normal(size=(4, 12)).astype(np.float32)
    sizes = np.full((4, 2), 640, np.int64)
    state = {"codebook": np.arange(6, dtype=np.float32)}
    return Features("vlad", SETTINGS, NAMES, vectors, sizes, PRINTS, (), state, EXIF)


def _manifest() -> Manifest:
    resized = Resized(320, 240, PRINTS[2], Resized(400, 300, PRINTS[3]))
    first = ManifestEntry(NAMES[0], "/home/someone/photos/a 1.jpg", PRINTS[0], 640, 480, resized)
    return Manifest("copy", {NAMES[0]: first, NAMES[1]: ManifestEntry(NAMES[1], "/home/b.jpg", PRINTS[1])})


def _export() -> ExportRecord:
    photos = [ExportedPhoto(f"building_1/{name}", name, found) for name, found in zip(NAMES, PRINTS, strict=True)]
    return ExportRecord("0123456789abcdef", "copy", "/work/datasets", "cd" * 32, {each.path: each for each in photos})


def drawn_matches() -> MatchesFile:
    """Give a matches file of the four photos, without pairs."""
    empty = [np.zeros(0, kind) for kind in (np.uint8, np.float64, np.float64, np.uint8, np.uint8)]
    return MatchesFile(dict(SETTINGS), NAMES, [found.sha256 for found in PRINTS], no_matches(), *empty)


INFO_KEYS = ("clusters_sha256", "next_number", "model", "skipped", "clusters")


def _write_clusters(folder: Path) -> None:
    (folder / "clusters.json").write_text('{"0": ["north/a 1.jpg", "south/b.jpg"], "-1": ["south/c.jpg"]}\n')
    info = {"clusters_sha256": sha256_of_file(folder / "clusters.json"), "next_number": 1, "model": "vlad"}
    rest: dict[str, Any] = {"skipped": [{"name": NAMES[1], "reason": "cut"}], "clusters": {"0": {"size": 2}}}
    write_clusters_info(folder / "clusters_info.json", info | rest)


def _read_pairs_with_origin(name: str, folder: Path) -> Any:
    return _known(read_origin(folder / name), ORIGIN), read_pairs(folder / name)


def _known(content: Mapping[str, Any] | None, like: Iterable[str]) -> dict[str, Any]:
    """Give the members that are asked for; one whose name was altered is as good as absent."""
    return {key: None if content is None else content.get(key) for key in like}


def _write_local_features(folder: Path) -> None:
    random = np.random.default_rng(1)
    keypoints = random.uniform(0, 300, (5, 4)).astype(np.float32)
    descriptors, thumbnail = (random.integers(0, 256, shape, dtype=np.uint8) for shape in ((5, 128), (64, 64)))
    features = StoredFeatures(keypoints, descriptors, (640, 480), (4000, 3000), thumbnail)
    store = LocalFeatureStore(folder, SETTINGS)
    store.write([LocalRecord(NAMES[0], PRINTS[0], features)])


def _read_local_features(folder: Path) -> Any:
    store = LocalFeatureStore(folder, SETTINGS)
    return {name: store.read(name) for name in store.index}


def _read_photo_features(folder: Path) -> Any:
    store = PhotoFeatureStore(folder, SETTINGS, "this test")
    return dict(zip(store.index, store.read(list(store.index)), strict=True))


def _read_shard(folder: Path) -> Any:
    shards = ShardFolder(folder, SETTINGS, "this test")
    return list(shards.records(list(shards.index)))


def _search_results() -> dict[str, Any]:
    run = dict.fromkeys(RUN_KEYS) | {"ms_per_query": {"median": 0.5}, "recall": {"1": 0.75}, "overlap": {"1": 0.5}}
    run |= dict.fromkeys(("factory", "built_with", "searched_with", "library", "is_exact", "train_s", "add_s"))
    return {"settings": {"k": 3}, "runs": [run | {"groups": {}, "map": 0.25, "mrr": 0.125, "index": "flat"}]}


_ATTACK = AttackRecord(
    NAMES[0], PRINTS[0], "a_1", {"seed": 0, "format": "png"}, {"rotation_5": AttackedCopy("rotation", 5.0, PRINTS[1])}
)
_SEGMENTS = SegmentRecord(
    NAMES[0],
    PRINTS[0],
    "a_1.png",
    {"method": "slic"},
    {"labels/a_1.png": PRINTS[1]},
    [[1, 9, 0.5, 0, 0, 3, 3, 1, 2, 3]],
)
_CALIBRATION = Calibration(["places"], [1.5], [2.0], [0.25], -1.0, {"photos": 9})

OWN_FILES: tuple[OwnFile, ...] = (
    OwnFile(
        "features.h5",
        lambda folder: write_features(folder / "features.h5", drawn_features()),
        lambda folder: read_features(folder / "features.h5"),
    ),
    OwnFile(
        "exif.h5",
        lambda folder: write_features(folder / "exif.h5", drawn_features()),
        lambda folder: read_photo_exif(folder / "exif.h5"),
    ),
    OwnFile(
        "pairs-vlad.txt",
        lambda folder: write_pairs(folder / "pairs-vlad.txt", ROWS, ORIGIN),
        partial(_read_pairs_with_origin, "pairs-vlad.txt"),
    ),
    OwnFile(
        "pairs-vlad.json",
        lambda folder: write_pairs(folder / "pairs-vlad.txt", ROWS, ORIGIN),
        partial(_read_pairs_with_origin, "pairs-vlad.txt"),
    ),
    OwnFile(
        "pairs-vlad.h5",
        lambda folder: write_pairs(folder / "pairs-vlad.h5", ROWS, ORIGIN),
        lambda folder: read_binary_pairs(folder / "pairs-vlad.h5", "this test"),
    ),
    OwnFile(
        "matches.h5",
        lambda folder: write_matches(folder / "matches.h5", drawn_matches()),
        lambda folder: read_matches(folder / "matches.h5"),
    ),
    OwnFile("features-000000.h5", _write_local_features, _read_local_features),
    OwnFile(
        "features-000000.h5",
        lambda folder: PhotoFeatureStore(folder, SETTINGS, "this test").write(
            [FeatureRecord(NAMES[0], PRINTS[0], np.arange(12.0).reshape(3, 4))]
        ),
        _read_photo_features,
    ),
    OwnFile(
        "shard-000000.h5",
        lambda folder: ShardFolder(folder, SETTINGS, "this test").write(
            [Record(NAMES[0], PRINTS[0], {"global_descriptor": np.arange(8.0)})]
        ),
        _read_shard,
    ),
    OwnFile(
        "state.h5",
        lambda folder: write_state(folder / "state.h5", {"codebook": np.arange(9.0)}, SETTINGS),
        lambda folder: read_shared_state(folder / "state.h5", SETTINGS),
    ),
    OwnFile(
        "manifest.json",
        lambda folder: write_manifest(folder / "manifest.json", _manifest()),
        lambda folder: read_manifest(folder / "manifest.json"),
    ),
    OwnFile(
        "clusters_info.json",
        _write_clusters,
        lambda folder: _known(read_clusters_info(folder / "clusters_info.json"), INFO_KEYS),
    ),
    OwnFile(
        "export.json",
        lambda folder: write_export(folder / "export.json", _export()),
        lambda folder: read_export(folder / "export.json"),
    ),
    OwnFile(
        "preprocessed.json",
        lambda folder: write_preprocessed(
            folder, Preprocessed({"size": 64}, {NAMES[0]: PreprocessedPhoto(NAMES[0], "a.png", *PRINTS[:2], 64, 48)})
        ),
        read_preprocessed,
    ),
    OwnFile(
        "report-record.json",
        lambda folder: write_report_record(
            folder,
            ReportRecord(True, (64, 96), {"index.html"}, {NAMES[0]: PhotoFacts(PRINTS[0], 640, 480, EXIF[0])}),
        ),
        read_record,
    ),
    OwnFile(
        ATTACK_RECORDS.path(Path(), NAMES[0]).as_posix(), lambda folder: write_record(folder, _ATTACK), read_records
    ),
    OwnFile(
        SEGMENT_RECORDS.path(Path(), NAMES[0]).as_posix(),
        lambda folder: write_segment_record(folder, _SEGMENTS),
        read_segment_records,
    ),
    OwnFile(
        "calibration.json",
        lambda folder: write_calibration(folder / "calibration.json", _CALIBRATION),
        lambda folder: read_calibration(folder / "calibration.json", ["places"]),
    ),
    OwnFile(
        "script.json",
        lambda folder: write_paint_script(folder / "script.json", PaintScript(({"action": "fill", "at": [3, 4]},), ())),
        lambda folder: read_paint_script(folder / "script.json"),
    ),
    OwnFile(
        "search.json",
        lambda folder: write_results(folder, _search_results()),
        lambda folder: _known(read_results(folder), ("settings", "runs")),
    ),
    OwnFile(
        "labels.png",
        lambda folder: write_label_image(
            folder / "labels.png", LabelImage(np.arange(3072, dtype=np.int32).reshape(48, 64), {"method": "slic"})
        ),
        lambda folder: read_label_image(folder / "labels.png"),
    ),
)
