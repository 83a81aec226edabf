"""Lists put in order by what local features agree with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hloc.feature_run import Resources
from hloc.matching import create_matcher
from hloc.matching.description import MatchRun
from hloc.reranking import LocalComparisons, reorder
from storage.errors import StageError
from tests.hloc.test_vlad import textured

ASKED = ("q", "turned.png")


@pytest.fixture
def comparisons(tmp_path: Path) -> LocalComparisons:
    """Four photos, and the third of them turned by 40 degrees in another folder."""
    for seed in range(4):
        folder = tmp_path / "photos"
        folder.mkdir(exist_ok=True)
        Image.fromarray(textured(seed)).save(folder / f"p{seed}.png")
    (tmp_path / "asked").mkdir()
    turned = Image.fromarray(textured(2)).rotate(40, Image.Resampling.BICUBIC, expand=True)
    turned.save(tmp_path / "asked/turned.png")
    Image.new("RGB", (80, 60), (90, 90, 90)).save(tmp_path / "asked/flat.png")
    (tmp_path / "asked/broken.png").write_bytes(b"no photo")
    return opened(tmp_path)


def opened(folder: Path, matcher: str = "rootsift_rotated", num_workers: int = 0) -> LocalComparisons:
    made, resources = create_matcher(matcher, 500), Resources(num_workers)
    folders = {"db": "photos", "q": "asked"}
    return LocalComparisons(
        {key: MatchRun(folder / name, folder / "out" / key, made, resources) for key, name in folders.items()}
    )


def inliers(comparisons: LocalComparisons, query: tuple[str, str] = ASKED, count: int = 4) -> list[int]:
    candidates = [("db", f"p{seed}.png") for seed in range(count)]
    comparisons.describe([query, *candidates])
    return [each.num_inliers for each in comparisons.of([(query, candidates)])[0]]


def test_a_turned_photo_agrees_with_its_own_and_with_no_other(comparisons: LocalComparisons) -> None:
    found = inliers(comparisons)
    assert found[2] >= 20 and found[:2] + found[3:] == [0, 0, 0]


def test_upright_features_do_not_see_that_it_is_the_same(comparisons: LocalComparisons, tmp_path: Path) -> None:
    assert inliers(opened(tmp_path, "rootsift")) == [0, 0, 0, 0]


def test_a_copy_whose_matches_all_lie_at_the_same_place_counts(comparisons: LocalComparisons, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noisy = np.clip(textured(1) + random.normal(0, 12, (150, 200, 3)), 0, 255).astype(np.uint8)
    noisy[:, :100] = random.integers(0, 256, (150, 100, 3))  # half of it another picture
    Image.fromarray(noisy).save(tmp_path / "asked/copy.png")
    found = inliers(comparisons, ("q", "copy.png"))
    assert found[1] >= 10 and found[0] == found[2] == found[3] == 0


def test_worker_processes_find_what_this_process_finds(comparisons: LocalComparisons, tmp_path: Path) -> None:
    assert inliers(opened(tmp_path, num_workers=1)) == inliers(comparisons)


def test_a_photo_without_features_and_one_that_cannot_be_read_agree_with_none(comparisons: LocalComparisons) -> None:
    assert inliers(comparisons, ("q", "flat.png")) == [0, 0, 0, 0]
    assert inliers(comparisons, ("q", "broken.png")) == [0, 0, 0, 0]
    assert list(comparisons.skipped) == [("q", "broken.png")]
    assert inliers(comparisons, count=5)[4] == 0 and ("db", "p4.png") in comparisons.skipped


def test_a_pair_is_compared_once_and_a_photo_described_once(
    comparisons: LocalComparisons, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hloc.reranking as module

    first = inliers(comparisons, count=3)
    compared: list[object] = []
    verify = module.verify
    monkeypatch.setattr(module, "verify", lambda *given, **named: compared.append(1) or verify(*given, **named))
    assert inliers(comparisons, count=4)[:3] == first and len(compared) == 1
    shards = sorted((comparisons.runs["db"].features_dir).glob("features-*.h5"))
    assert len(shards) == 2  # of the first three, and of the fourth


def test_the_time_of_each_comparison_is_told(comparisons: LocalComparisons) -> None:
    inliers(comparisons)
    found = comparisons.of([(ASKED, [("db", "p2.png")])])
    assert 0 < found[0][0].seconds < 60


def test_a_query_that_cannot_be_compared_is_named(
    comparisons: LocalComparisons, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hloc.reranking as module

    def fails(*_: object, **__: object) -> None:
        raise ValueError("drawn")

    monkeypatch.setattr(module, "verify", fails)
    with pytest.raises(StageError, match="candidates of 'turned.png' cannot be compared: .*drawn"):
        inliers(comparisons)


# The order


def test_verified_candidates_come_first_by_inliers_and_the_others_keep_their_order() -> None:
    rows = np.array([[7, 3, 9, 1, 4, 6]])
    assert reorder(rows, np.array([[0, 12, 0, 30]])).tolist() == [[1, 3, 7, 9, 4, 6]]


def test_candidates_with_as_many_inliers_keep_their_order() -> None:
    assert reorder(np.array([[5, 2, 8]]), np.array([[9, 9, 9]])).tolist() == [[5, 2, 8]]


def test_places_without_a_candidate_stay_at_the_end() -> None:
    assert reorder(np.array([[5, 2, -1, -1]]), np.array([[0, 4, 0]])).tolist() == [[2, 5, -1, -1]]


@given(st.data())
def test_no_row_is_ever_lost_and_nothing_beyond_the_compared_moves(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    rows = np.array([data.draw(st.permutations(range(count)))])
    compared = data.draw(st.integers(0, count))
    num_inliers = np.array([data.draw(st.lists(st.integers(0, 5), min_size=compared, max_size=compared))], np.int64)
    found = reorder(rows, num_inliers)
    assert sorted(found[0]) == list(range(count)) and found[0, compared:].tolist() == rows[0, compared:].tolist()
