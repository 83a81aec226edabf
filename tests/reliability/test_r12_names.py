"""R12: a photo of any name goes through all stages and comes out as it went in, none lost, none overwritten."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.cluster import create_clusters
from stages.copy import copy_photos
from stages.export import export_clusters
from stages.settings.pipeline import ClusterSettings, CopySettings, ExportSettings
from storage.formats.clusters import read_clusters
from storage.formats.export import EXPORT_NAME, read_export
from storage.formats.features import Features, features_path, read_features, write_features
from storage.formats.manifest import MANIFEST_NAME, read_manifest
from storage.formats.pairs import pairs_path, read_pairs, write_pairs
from storage.listing import list_photos
from storage.names import clash_key
from tests.reliability.campaign import Campaign
from tests.reliability.naughty_names import DRAWN, HAND_MADE, naughty_names

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes names that only Linux takes")
PHOTO = b"\xff\xd8\xff"  # begins like a photo, so that a name without an ending is listed too; nothing is decoded
PER_EXAMPLE = 20


def round_trip(work: Path, names: Sequence[bytes]) -> None:
    """Send files of these names through copy, h5, pairs, clusters and export; fail unless each comes out whole."""
    heap = work / "heap"
    heap.mkdir(parents=True)
    contents = {name: PHOTO + str(number).encode() for number, name in enumerate(names)}
    for name, content in contents.items():
        (heap / os.fsdecode(name)).write_bytes(content)
    datasets, outputs, results = work / "datasets", work / "netvlad", work / "results"
    report = copy_photos(CopySettings(heap, datasets))
    assert not report.skipped, report.skipped
    copied = list_photos(datasets)
    entries = read_manifest(datasets / MANIFEST_NAME).by_name
    assert sorted(entries) == copied
    assert len({clash_key(name) for name in copied}) == len(contents), "two names are one on some systems"
    for name, entry in entries.items():
        source = os.fsencode(entry.source).rpartition(b"/")[2]
        assert (datasets / name).read_bytes() == contents[source], (name, source)
    through_formats(outputs, copied, {name: entries[name].fingerprint for name in copied})
    clustered = create_clusters(ClusterSettings(datasets, None, outputs, "components", results))
    assert clustered.counts["photos"] == len(contents)
    members = [name for group in read_clusters(results / "clusters.json").values() for name in group]
    assert sorted(members) == copied
    exported = export_clusters(ExportSettings(datasets, results))
    assert exported.counts["exported"] == len(contents) and not exported.skipped
    check_export(results, {name: (datasets / name).read_bytes() for name in copied})


def through_formats(outputs: Path, names: list[str], known: dict) -> None:
    """Write names to a features file and to pairs of both forms; what is read is what was written."""
    vectors, sizes = np.eye(len(names), 8, dtype=np.float32), np.full((len(names), 2), 9, np.int64)
    features = Features("vlad", {}, names, vectors, sizes, [known[name] for name in names])
    write_features(features_path(outputs, "vlad"), features)
    assert list(read_features(features_path(outputs, "vlad")).names) == names
    rows = [(one, other, 0.9) for one, other in zip(names[::2], names[1::2], strict=False)]
    for form in ("hdf5", "text"):  # one takes the place of the other
        path = pairs_path(outputs, "vlad", form)
        write_pairs(path, rows, {"model": "vlad", "features_checksum": "0", "skipped": []})
        found = read_pairs(path)
        assert [(found.names[a], found.names[b]) for a, b in zip(found.first, found.second, strict=True)] == [
            row[:2] for row in rows
        ]


def check_export(results: Path, contents: dict[str, bytes]) -> None:
    record = read_export(results / EXPORT_NAME)
    assert record is not None
    found = {photo.name: (results / "building_images" / path).read_bytes() for path, photo in record.photos.items()}
    assert found == contents


def test_naughty_names_come_out_whole(campaign: Campaign, tmp_path: Path) -> None:
    names = list(dict.fromkeys([*naughty_names(), *HAND_MADE]))
    if not campaign.is_full:
        names = names[::5]
    names = [name for name in names if not name.startswith(b".")]
    round_trip(tmp_path / "work", names)
    campaign.done = len(names)


def test_drawn_names_come_out_whole(campaign: Campaign, tmp_path_factory: pytest.TempPathFactory) -> None:
    wanted = campaign.count(60, 1400)  # those that the list lacks are drawn

    @settings(
        max_examples=wanted // PER_EXAMPLE,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(DRAWN, min_size=PER_EXAMPLE, max_size=2 * PER_EXAMPLE, unique=True))
    def attempt(names: list[bytes]) -> None:
        round_trip(tmp_path_factory.mktemp("names"), names)
        campaign.done += len(names)

    attempt()


def test_path_that_is_too_long_is_named(campaign: Campaign, tmp_path: Path) -> None:
    heap = tmp_path / "heap"
    deep = heap.joinpath(*["d" * 200] * 15)
    deep.mkdir(parents=True)
    (deep / "far.jpg").write_bytes(PHOTO)
    (heap / "near.jpg").write_bytes(PHOTO)
    # One folder more, and the path of the copy is longer than the system takes.
    target = tmp_path.joinpath(*["t" * 200] * 5, "datasets")
    report = copy_photos(CopySettings(heap, target))
    assert report.counts["copied"] == 1
    (skipped,) = report.skipped
    assert skipped.name.endswith("far.jpg") and "long" in skipped.reason
    campaign.done = 1
