"""The search for verified pairs, on folders of drawn photos."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import hloc.matching.search as search_module
from hloc.matching.description import describe_photos
from hloc.matching.evidence import EVIDENCE
from hloc.matching.rows import Photos
from hloc.matching.search import Found, Listed, Search, SearchSettings, Suggestions
from hloc.probability import DEFAULT_CALIBRATION
from storage.fingerprints import Fingerprint
from storage.formats.calibration import read_calibration
from storage.formats.matches import SOURCES
from storage.formats.pairs import Pairs
from tests.hloc.matching.folders import match_run, save_walls


def pairs_of(rows: list[tuple[str, str, float]]) -> Pairs:
    names = sorted({name for one, other, _ in rows for name in (one, other)})
    place = {name: row for row, name in enumerate(names)}
    first, second = (np.array([place[row[side]] for row in rows], np.int64) for side in (0, 1))
    return Pairs(names, first, second, np.array([score for *_, score in rows]))


def photos_named(*names: str) -> Photos:
    return Photos(list(names), [Fingerprint(1, 1, f"{row:064x}") for row in range(len(names))])


def no_suggestions(count: int) -> Suggestions:
    return Suggestions(np.full((count, 2), np.nan), [None] * count, [None] * count)


class Folder:
    """A folder of walls, and searches in it."""

    def __init__(self, tmp_path: Path, stamp: bool = False) -> None:
        self.labels = save_walls(tmp_path / "photos", stamp=stamp)
        self.run = match_run(tmp_path / "photos", tmp_path / "out")
        self.photos = Photos.of(describe_photos(self.run, sorted(self.labels)).fingerprints)

    def find(
        self, rows: list[tuple[str, str, float]], suggestions: Suggestions | None = None, **settings: object
    ) -> Found:
        listed = Listed.of(self.photos, pairs_of(rows))
        shipped = read_calibration(DEFAULT_CALIBRATION, list(EVIDENCE))
        search = Search(self.run, self.photos, listed, shipped, SearchSettings(**settings))  # type: ignore[arg-type]
        return search.find(suggestions or no_suggestions(len(self.photos.names)))

    def named(self, found: Found, source: str) -> set[tuple[str, str]]:
        rows = zip(found.matches.first, found.matches.second, found.source, strict=True)
        return {
            tuple(sorted((self.photos.names[first], self.photos.names[second])))
            for first, second, kind in rows
            if SOURCES[kind] == source
        }

    def probability(self, found: Found, one: str, other: str) -> float:
        wanted = {self.photos.names.index(one), self.photos.names.index(other)}
        rows = zip(found.matches.first, found.matches.second, found.probability, strict=True)
        return next(float(value) for first, second, value in rows if {first, second} == wanted)


def chain(*names: str) -> list[tuple[str, str, float]]:
    return [(one, other, 0.5) for one, other in zip(names, names[1:], strict=False)]


SURE = 0.9  # drawn walls are of rectangles only, of which a few fit by chance
WALL = [f"wall_1_{number}.png" for number in range(3)]


def test_a_pair_listed_twice_is_one_pair_with_the_better_score() -> None:
    listed = Listed.of(photos_named("a", "b"), pairs_of([("a", "b", 0.3), ("b", "a", 0.4), ("a", "a", 0.9)]))
    assert listed.scores == {(0, 1): 0.4} and listed.lists == {0: [1], 1: [0]}


def test_photos_that_cannot_be_used_and_scores_that_are_none_are_left_out() -> None:
    pairs = pairs_of([("a", "gone", 0.3), ("a", "b", float("nan")), ("a", "c", 0.1)])
    assert Listed.of(photos_named("a", "b", "c"), pairs).scores == {(0, 2): 0.1}


def test_listed_pairs_get_a_probability(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    found = folder.find([(one, other, 0.5) for one, other in combinations(sorted(folder.labels), 2)], num_rounds=1)
    for one, other in combinations(sorted(folder.labels), 2):
        is_same = folder.labels[one] == folder.labels[other]
        assert (folder.probability(found, one, other) > SURE) == is_same


def test_the_second_round_looks_at_neighbours_of_verified_neighbours(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    found = folder.find(chain(*WALL))
    assert folder.named(found, "neighbours") == {(WALL[0], WALL[2])}
    assert folder.probability(found, WALL[0], WALL[2]) > 0.9


def test_one_round_does_not(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert not folder.named(folder.find(chain(*WALL), num_rounds=1), "neighbours")


def test_a_budget_of_0_looks_at_nothing_further(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert len(folder.find(chain(*WALL), max_pairs=0).matches) == 2


def test_photos_near_by_and_of_the_same_minute_are_looked_at(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    suggestions = no_suggestions(7)
    for name in ("wall_2_0.png", "wall_2_1.png"):
        suggestions.positions[folder.photos.names.index(name)] = 48.0, 2.0
    times: list[str | None] = [None] * 7
    for name in ("wall_2_1.png", "wall_2_2.png"):
        times[folder.photos.names.index(name)] = "2026-01-01T10:00:00"
    found = folder.find(chain(*WALL[:2]), Suggestions(suggestions.positions, times, ["camera"] * 7), num_rounds=1)
    assert folder.named(found, "position") == {("wall_2_0.png", "wall_2_1.png")}
    assert folder.named(found, "time") == {("wall_2_1.png", "wall_2_2.png")}


def test_a_stamp_on_all_photos_glues_no_walls(tmp_path: Path) -> None:
    folder = Folder(tmp_path, stamp=True)
    names = sorted(folder.labels)
    found = folder.find([(one, other, 0.5) for one, other in combinations(names, 2)])
    for one, other in combinations(names, 2):
        assert (folder.probability(found, one, other) > SURE) == (folder.labels[one] == folder.labels[other])


def test_what_the_collection_knows_as_overlay_is_taken_out_of_other_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path)
    everything = {row: np.arange(400) for row in range(7)}
    monkeypatch.setattr(search_module, "known_overlays", lambda _: everything)
    found = folder.find(chain(*WALL), num_rounds=1)
    assert found.matches.num_places.tolist() == [0, 0] and found.probability.max() < 0.5


def test_renaming_photos_changes_nothing_but_names(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    names = sorted(folder.labels)
    renamed = dict(zip(names, reversed(names), strict=True))
    for name in names:
        (tmp_path / "photos" / name).rename(tmp_path / "photos" / f"{name}.tmp")
    for name in names:
        (tmp_path / "photos" / f"{name}.tmp").rename(tmp_path / "photos" / renamed[name])
    other = Folder.__new__(Folder)
    other.run = match_run(tmp_path / "photos", tmp_path / "renamed")
    other.photos = Photos.of(describe_photos(other.run, names).fingerprints)
    rows = [(one, two, 0.5 + number / 100) for number, (one, two) in enumerate(combinations(names, 2))]
    found = folder.find(rows)
    again = other.find([(renamed[one], renamed[two], score) for one, two, score in rows])
    assert [renamed[name] for name in folder.photos.names] == other.photos.names
    assert np.array_equal(found.probability, again.probability)
    assert np.array_equal(found.matches.inliers, again.matches.inliers)
