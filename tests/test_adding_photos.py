"""Photos that come and go between runs: the others keep descriptors, pairs, clusters, numbers and names."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc.extractors.vlad as vlad_module
from hloc.matching.rows import RowWork
from stages.cluster import create_clusters
from stages.extract import extract_features
from stages.match import match_pairs
from stages.settings.pipeline import ClusterSettings, ExtractSettings, MatchSettings
from storage.formats.clusters import read_clusters, read_clusters_info
from storage.formats.decisions import DecidedCluster, Decisions, write_decisions
from storage.formats.features import Features, read_features, write_features
from storage.formats.matches import read_matches
from storage.report import RunReport
from tests.hloc.matching.folders import save_walls
from tests.watched_calls import file_states

FEATURES = "netvlad/global-feats-vlad.h5"
MATCHED = ("pairs-vlad.txt", "pairs-vlad.json", "pairs-vlad-verified.txt", "matches-vlad.h5", "matches-vlad.tsv")
FIRST = {f"wall_{wall}_{view}.png" for wall in (1, 2) for view in (0, 1)}  # on disk in the first run
NAMED = (DecidedCluster(("wall_1_0.png", "wall_1_1.png"), "Mill"), DecidedCluster(("wall_2_0.png",), "Town hall"))


@dataclass(frozen=True)
class Work:
    """A folder of photos, some of them kept aside, and what the three stages made of them."""

    folder: Path

    def run(self) -> list[RunReport]:
        """Run the three stages."""
        photos, outputs = self.folder / "photos", self.folder / "netvlad"
        limits: dict[str, Any] = {"num_workers": 0}
        return [
            extract_features(ExtractSettings(photos, outputs, model="vlad", **limits)),
            match_pairs(MatchSettings(photos, outputs, num_keypoints=400, **limits)),
            create_clusters(ClusterSettings(photos, outputs_dir=outputs, results_dir=self.folder / "results")),
        ]

    def add(self, *names: str) -> None:
        """Put photos into the folder, as they were drawn."""
        for name in names:
            shutil.copy2(self.folder / "aside" / name, self.folder / "photos" / name)

    def remove(self, *names: str) -> None:
        for name in names:
            (self.folder / "photos" / name).unlink()

    def features(self) -> Features:
        return read_features(self.folder / FEATURES)

    def clusters(self) -> dict[str, list[str]]:
        return read_clusters(self.folder / "results" / "clusters.json")

    def number_of(self) -> dict[str, str]:
        return {photo: number for number, photos in self.clusters().items() for photo in photos}

    def name_of(self) -> dict[str, str]:
        told = read_clusters_info(self.folder / "results" / "clusters_info.json")["clusters"]
        return {number: cluster["name"] for number, cluster in told.items() if "name" in cluster}

    def pairs(self) -> set[frozenset[str]]:
        """Give all pairs that were matched, but for those that a watermark may have a part in."""
        found = read_matches(self.folder / "netvlad" / "matches-vlad.h5")
        rows = zip(found.matches.first, found.matches.second, found.matches.num_overlay, strict=True)
        return {frozenset((found.names[one], found.names[two])) for one, two, overlay in rows if not overlay}

    def matched(self) -> dict[str, bytes]:
        """Give the bytes of what extraction and matching wrote."""
        return {name: (self.folder / "netvlad" / name).read_bytes() for name in MATCHED}

    def copy(self, folder: Path) -> Work:
        return Work(shutil.copytree(self.folder, folder))

    def from_nothing(self, folder: Path) -> Work:
        """Give another folder of the same photos, where nothing is known but the codebooks and, for them, one photo."""
        shutil.copytree(self.folder / "photos", folder / "photos")
        known = self.features()
        row = [min(len(known.names) - 1, 2)]
        only = replace(
            known,
            names=[known.names[place] for place in row],
            descriptors=known.descriptors[row],
            image_sizes=known.image_sizes[row],
            fingerprints=[known.fingerprints[place] for place in row],
            exif=[(known.exif or [])[place] for place in row],
        )
        write_features(folder / FEATURES, only)
        return Work(folder)


@pytest.fixture(scope="module")
def small_vlad() -> Iterator[None]:
    """Codebooks that are learnt in a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vlad_module, "NUM_WORDS", 64)
        patch.setattr(vlad_module, "VLAD_WORDS", 16)
        yield


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory, small_vlad: None) -> Work:
    work = Work(tmp_path_factory.mktemp("work"))
    save_walls(work.folder / "aside", (1, 2, 3))
    (work.folder / "photos").mkdir()
    work.add(*FIRST, "alone.png")
    write_decisions(work.folder / "results" / "decisions.json", Decisions(clusters=NAMED))
    work.run()
    return work


@pytest.fixture
def work(first_run: Work, tmp_path: Path) -> Work:
    return first_run.copy(tmp_path / "work")


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[str]]:
    """Gives the pairs that are matched, in order."""
    seen: list[frozenset[str]] = []
    call = RowWork._verify

    def watched(self: RowWork, first: int, second: int) -> Any:
        seen.append(frozenset((self.names[first], self.names[second])))
        return call(self, first, second)

    monkeypatch.setattr(RowWork, "_verify", watched)
    return seen


def descriptors(features: Features) -> dict[str, bytes]:
    return {name: row.tobytes() for name, row in zip(features.names, features.descriptors, strict=True)}


NEW = ("wall_1_2.png", "wall_3_0.png", "wall_3_1.png", "wall_3_2.png")


def test_new_photos_leave_descriptors_and_codebooks_as_they_are(work: Work) -> None:
    before = work.features()
    work.add(*NEW)
    extracted, *_ = work.run()
    after = work.features()
    assert extracted.counts["computed_now"] == len(NEW)
    assert descriptors(before).items() <= descriptors(after).items()
    assert before.state.keys() == after.state.keys() != set()
    assert all(np.array_equal(before.state[key], after.state[key]) for key in before.state)


def test_no_pair_is_matched_twice(work: Work, verified: list[frozenset[str]]) -> None:
    before = work.pairs()
    work.add(*NEW)
    work.run()
    assert len(verified) == len(set(verified)) > len(NEW)
    assert before and not before & set(verified)
    assert before | set(verified) >= work.pairs()


def test_new_photos_change_neither_number_nor_name(work: Work) -> None:
    before, names = work.number_of(), work.name_of()
    assert set(names.values()) == {"Mill", "Town hall"}
    work.add(*NEW)
    work.run()
    after = work.number_of()
    for photo in FIRST:
        assert after[photo] == before[photo] != "-1"
    assert work.name_of() == names
    assert after["wall_1_2.png"] == before["wall_1_0.png"]
    assert after["wall_3_0.png"] == after["wall_3_1.png"] not in before.values()


@pytest.mark.parametrize("change", ["added", "removed", "both"])
def test_the_result_is_that_of_a_full_run_with_the_same_codebooks(work: Work, tmp_path: Path, change: str) -> None:
    if change != "removed":
        work.add(*NEW)
    if change != "added":
        work.remove("wall_1_1.png", "alone.png")
    work.run()
    full = work.from_nothing(tmp_path / "full")
    extracted, *_ = full.run()
    assert extracted.counts["computed_now"] == len(work.features().names) - 1
    assert (full.folder / FEATURES).read_bytes() == (work.folder / FEATURES).read_bytes()
    assert full.matched() == work.matched()
    groups, all_groups = ({frozenset(each) for each in run.clusters().values()} for run in (work, full))
    assert groups == all_groups


def test_removed_photos_leave_the_others_as_they_are(work: Work, verified: list[frozenset[str]]) -> None:
    before, kept = work.number_of(), descriptors(work.features())
    gone = ("wall_1_0.png", "wall_1_1.png")
    work.remove(*gone)
    *_, clustered = work.run()
    assert verified == []
    assert descriptors(work.features()) == {name: row for name, row in kept.items() if name not in gone}
    assert {photo: work.number_of()[photo] for photo in ("wall_2_0.png", "wall_2_1.png")} == {
        photo: before[photo] for photo in ("wall_2_0.png", "wall_2_1.png")
    }
    assert list(work.name_of().values()) == ["Town hall"]
    assert "the name 'Mill' fits no cluster now" in clustered.notes


def test_photos_that_come_back_get_their_descriptors_and_their_name_back(work: Work) -> None:
    before = work.features().checksum
    work.remove("wall_1_0.png", "wall_1_1.png")
    work.run()
    work.add("wall_1_0.png", "wall_1_1.png")
    work.run()
    assert work.features().checksum == before
    assert set(work.name_of().values()) == {"Mill", "Town hall"}


def test_a_photo_of_another_name_is_not_matched_again(work: Work, verified: list[frozenset[str]]) -> None:
    before = work.number_of()
    (work.folder / "photos" / "wall_2_0.png").rename(work.folder / "photos" / "a renamed wall.png")
    work.run()
    assert verified == [] and work.number_of()["a renamed wall.png"] == before["wall_2_0.png"]


def test_a_photo_of_new_content_is_matched_again(work: Work, verified: list[frozenset[str]]) -> None:
    shutil.copy2(work.folder / "aside" / "wall_3_0.png", work.folder / "photos" / "wall_2_0.png")
    work.run()
    assert verified and all("wall_2_0.png" in pair for pair in verified)


def test_a_run_after_that_changes_no_file(work: Work) -> None:
    work.add(*NEW)
    work.remove("alone.png")
    work.run()
    files = file_states(work.folder)
    assert all(report.is_current for report in work.run())
    assert file_states(work.folder) == files
