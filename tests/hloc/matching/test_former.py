"""Pairs of a former run, found again by the content of their photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.matching.description import MatchRun
from hloc.matching.former import FormerMatches
from hloc.matching.rootsift import RootSift
from hloc.matching.rows import Photos
from hloc.matching.verification import VERIFICATION_VERSION
from storage.fingerprints import Fingerprint
from storage.formats.matches import COLUMN_TYPES, MatchesFile, PairMatches, no_matches
from tests.hloc.matching.folders import match_run


@pytest.fixture
def run(tmp_path: Path) -> MatchRun:
    return match_run(tmp_path / "photos", tmp_path / "out")


def photos_of(*contents: str) -> Photos:
    """Give photos with this content, as they stand in a run: in the order of it."""
    fingerprints = {f"{place} {content}": Fingerprint(1, 1, content) for place, content in enumerate(contents)}
    return Photos.of(fingerprints)


def matches_of(pairs: list[tuple[int, int]], overlay: list[int] | None = None) -> PairMatches:
    """Give a table with a different number of matches, and of inliers, for each pair."""
    count = len(pairs)
    plain: dict[str, Any] = {name: np.zeros((count, *shape), dtype) for name, (dtype, shape) in COLUMN_TYPES.items()}
    plain["first"], plain["second"] = np.array(pairs, np.int32).reshape(-1, 2).T
    plain["num_matches"] = np.arange(count, dtype=np.int32) + 10
    plain["num_overlay"] = np.array(overlay or [0] * count, np.int32)
    ends = np.cumsum(np.arange(count) + 1, dtype=np.int64)
    inliers = np.repeat(np.arange(count, dtype=np.uint16), np.arange(count) + 1)[:, None].repeat(2, axis=1)
    none = no_matches()
    return PairMatches(
        **plain,
        inlier_ends=ends,
        overlay_ends=np.zeros(count, np.int64),
        inliers=inliers,
        overlays=none.overlays,
    )


def file_of(run: MatchRun, contents: list[str], pairs: list[tuple[int, int]], **more: Any) -> MatchesFile:
    settings = run.matcher.settings() | {"verification": VERIFICATION_VERSION}
    count = len(pairs)
    names = [f"former {content}" for content in contents]
    columns = [np.zeros(count, np.uint8), np.zeros(count), np.zeros(count), np.zeros(count, np.uint8)]
    return MatchesFile(settings, names, contents, matches_of(pairs, **more), *columns)


def rows(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, np.int32).reshape(-1, 2)


def test_pairs_are_found_whatever_the_photos_are_called_now(run: MatchRun) -> None:
    # numbers of the file follow its names, numbers of the run the content
    former = FormerMatches.of(file_of(run, ["c", "a", "b"], [(1, 0), (1, 2)]), run)
    assert former is not None
    is_known, found = former.look_up(photos_of("a", "b", "c"), rows((0, 2), (1, 2), (0, 1)))
    assert is_known.tolist() == [True, False, True]
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 2), (0, 1)]
    assert found.num_matches.tolist() == [10, 11]
    assert [len(found.inliers_of(pair)) for pair in range(2)] == [1, 2]


def test_a_photo_that_was_not_there_is_in_no_known_pair(run: MatchRun) -> None:
    former = FormerMatches.of(file_of(run, ["a", "c"], [(0, 1)]), run)
    assert former is not None
    photos = photos_of("a", "b", "c", "d")
    every = rows(*((one, two) for one in range(4) for two in range(one + 1, 4)))
    is_known, found = former.look_up(photos, every)
    assert every[is_known].tolist() == [[0, 2]] and len(found) == 1


def test_pairs_with_an_overlay_are_not_taken_over(run: MatchRun) -> None:
    former = FormerMatches.of(file_of(run, ["a", "b", "c"], [(0, 1), (0, 2)], overlay=[4, 0]), run)
    assert former is not None
    is_known, _ = former.look_up(photos_of("a", "b", "c"), rows((0, 1), (0, 2)))
    assert is_known.tolist() == [False, True]


def test_copies_of_a_photo_have_the_pairs_of_their_content(run: MatchRun) -> None:
    former = FormerMatches.of(file_of(run, ["a", "a", "b"], [(0, 1), (1, 2)]), run)
    assert former is not None
    is_known, found = former.look_up(photos_of("a", "a", "a", "b"), rows((0, 2), (0, 3), (2, 3)))
    assert is_known.all() and found.num_matches.tolist() == [10, 11, 11]


def test_what_another_matcher_or_version_found_is_not_taken_over(run: MatchRun) -> None:
    former = file_of(run, ["a", "b"], [(0, 1)])
    assert FormerMatches.of(former, replace(run, matcher=RootSift(401))) is None
    older = replace(former, settings=former.settings | {"verification": VERIFICATION_VERSION - 1})
    assert FormerMatches.of(older, run) is None
    assert FormerMatches.of(None, run) is None


@pytest.mark.parametrize("contents", [[], ["a", "b"]])
def test_a_file_without_pairs_knows_none(run: MatchRun, contents: list[str]) -> None:
    former = FormerMatches.of(file_of(run, contents, []), run)
    assert former is not None
    is_known, found = former.look_up(photos_of("a", "b"), rows((0, 1)))
    assert not is_known.any() and len(found) == 0
    assert former.look_up(photos_of("a"), rows())[0].shape == (0,)
