"""Pairs of a former run that still stand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import hloc.matching.former as former_module
from hloc.matching.description import MatchRun
from hloc.matching.former import FormerPairs
from hloc.matching.rows import Photos, verification_settings, verify_pairs
from storage.formats.matches import MatchesFile, PairMatches
from tests.hloc.matching.tables import equal

PAIRS = np.array(list(combinations(range(7), 2)), np.int32)


def file_of(run: MatchRun, photos: Photos, matches: PairMatches, **changes: Any) -> MatchesFile:
    none, numbers = np.zeros(len(matches), np.uint8), np.zeros(len(matches))
    hashes = [known.sha256 for known in photos.fingerprints]
    settings = verification_settings(run) | {"model": "test"}
    content = MatchesFile(settings, photos.names, hashes, matches, none, numbers, numbers, none, none)
    return replace(content, **changes)


class Watched:
    """Counts the pairs that are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looked_at = 0
        monkeypatch.setattr(former_module, "verify_pairs", self)

    def __call__(self, run: MatchRun, photos: Photos, pairs: np.ndarray, part: str) -> PairMatches:
        self.looked_at += len(pairs)
        return verify_pairs(run, photos, pairs, part)


def test_known_pairs_are_not_looked_at_again_and_are_the_same(
    walls: tuple[MatchRun, Photos], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, photos = walls
    whole = verify_pairs(run, photos, PAIRS, "whole")
    known = FormerPairs.of(file_of(run, photos, whole.take(np.arange(0, 21, 2)), looked_again=np.zeros(11)), run)
    watched = Watched(monkeypatch)
    assert equal(known.verify(run, photos, PAIRS, "again"), whole)
    assert watched.looked_at == 10


def test_they_are_known_by_content_whatever_their_numbers(
    walls: tuple[MatchRun, Photos], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, photos = walls
    whole = verify_pairs(run, photos, PAIRS, "whole")
    known = FormerPairs.of(file_of(run, photos, whole), run)
    fewer = Photos([f"new {name}" for name in photos.names[2:]], photos.fingerprints[2:])
    watched = Watched(monkeypatch)
    found = known.verify(run, fewer, np.array([[1, 0], [2, 4]], np.int32), "fewer")
    assert watched.looked_at == 0
    assert found.first.tolist() == [0, 2] and found.second.tolist() == [1, 4]
    rows = [int(np.flatnonzero((pair == PAIRS).all(axis=1))[0]) for pair in ([2, 3], [4, 6])]
    assert np.array_equal(found.inliers, whole.take(np.array(rows)).inliers)


def test_pairs_that_hang_on_the_overlays_of_their_collection_are_looked_at_again(
    walls: tuple[MatchRun, Photos],
) -> None:
    run, photos = walls
    whole = verify_pairs(run, photos, PAIRS, "whole")
    again = np.zeros(21, np.uint8)
    again[3] = 1
    assert sorted(FormerPairs.of(file_of(run, photos, whole, looked_again=again), run).rows.values()) == [
        *range(3),
        *range(4, 21),
    ]


@pytest.mark.parametrize("change", [{"num_keypoints": 7}, {"verification": -1}, {"overlay_guard": False}])
def test_what_was_verified_in_another_way_does_not_stand(
    walls: tuple[MatchRun, Photos], change: dict[str, object]
) -> None:
    run, photos = walls
    content = file_of(run, photos, verify_pairs(run, photos, PAIRS, "whole"))
    assert FormerPairs.of(content, run).rows
    assert not FormerPairs.of(replace(content, settings=content.settings | change), run).rows


def test_without_a_former_run_all_pairs_are_looked_at(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    found = FormerPairs.of(None, run).verify(run, photos, PAIRS, "part")
    assert equal(found, verify_pairs(run, photos, PAIRS, "whole"))


def test_no_pair_is_no_row(walls: tuple[MatchRun, Photos]) -> None:
    run, photos = walls
    assert len(FormerPairs().verify(run, photos, np.zeros((0, 2), np.int32), "none")) == 0
