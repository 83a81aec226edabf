from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.bench_similarity_thresholds import HALVES, Half, attacked, choose, read_halves
from tests.hloc.similarities.drawn import make, scene


def drawn_half(size: int = 3) -> Half:
    """Two groups, of ``size`` and of two photos, and three photos of two buildings."""
    photo = scene(0)
    groups = [("a", photo)] * size + [("b", photo)] * 2
    return Half.of(groups, [("house", photo), ("house", photo), ("mill", photo)])


def separated(half: Half, right: float, wrong: float) -> NDArray[np.float64]:
    """Scores of which all right pairs have one and all other pairs another."""
    is_right = half.is_right | half.is_right.T
    return np.where(is_right, right, wrong)


def test_a_photo_gets_four_copies_that_show_the_same() -> None:
    photo = scene(1, 200, 300)
    copies = attacked(photo)
    assert [copy.shape for copy in copies] == [
        (200, 300, 3),
        (100, 150, 3),
        (200, 300, 3),
        (190, 284, 3),
        (200, 300, 3),
    ]
    assert copies[4].mean() > 1.05 * photo.mean()
    similarity = make("phash")
    scores = similarity.scorer([similarity.describe(copy) for copy in copies]).block(np.arange(5), np.arange(5))
    assert scores.min() > 0.7


def test_only_pairs_within_a_group_are_right() -> None:
    assert np.argwhere(drawn_half().is_right).tolist() == [[0, 1], [0, 2], [1, 2], [3, 4]]


def test_two_photos_of_one_building_do_not_count() -> None:
    half = drawn_half()
    assert not half.is_counted[5, 6]
    assert half.is_counted[5, 7]
    assert np.count_nonzero(half.is_counted) == 8 * 7 // 2 - 1


def test_precision_and_recall_are_those_of_counted_pairs() -> None:
    half = drawn_half()
    assert half.measure(np.ones((8, 8), bool)) == (4 / 27, 1.0)
    assert half.measure(half.is_right) == (1.0, 1.0)
    assert half.measure(np.zeros((8, 8), bool)) == (1.0, 0.0)


def test_the_threshold_that_separates_is_chosen_and_the_highest_of_equal_ones() -> None:
    half = drawn_half()
    assert choose(half, separated(half, 0.9, 0.3)) == (0.9, 0.9)


def test_thresholds_are_rounded_down() -> None:
    half = drawn_half()
    assert choose(half, separated(half, 0.8765, 0.3)) == (0.87, 0.87)


def test_a_weak_threshold_below_the_strong_one_is_chosen_where_it_helps() -> None:
    half = drawn_half(6)
    scores = separated(half, 0.9, 0.3)
    scores[0, 1:6] = scores[1:6, 0] = 0.7
    scores[8, 10] = scores[10, 8] = 0.8  # a wrong pair, of house and mill, keeps the strong threshold above it
    assert choose(half, scores) == (0.9, 0.7)


def test_scores_of_thresholds_make_groups() -> None:
    half = drawn_half()
    grouped = half.grouped(separated(half, 0.9, 0.3), 0.8, 0.8)
    assert half.measure(grouped) == (1.0, 1.0)
    assert not grouped[7].any()


@pytest.fixture
def folders(tmp_path: Path) -> argparse.Namespace:
    for folder in ("photos", "others"):
        (tmp_path / folder).mkdir()
    for number in range(12):
        Image.fromarray(scene(number)).save(tmp_path / "photos" / f"{number}.png")
        Image.fromarray(scene(100 + number)).save(tmp_path / "others" / f"{number}.png")
    (tmp_path / "others" / "known.png").write_bytes((tmp_path / "photos" / "3.png").read_bytes())
    lines = ["path,building", *(f"{number}.png,{'mill' if number < 4 else 'single'}" for number in range(12))]
    (tmp_path / "labels.csv").write_text("\n".join([*lines, "known.png,single"]), encoding="utf-8")
    return argparse.Namespace(
        photos=tmp_path / "photos", distractors=tmp_path / "others", labels=tmp_path / "labels.csv"
    )


def test_groups_and_buildings_are_never_split(folders: argparse.Namespace) -> None:
    halves = read_halves(folders)
    assert sum(np.count_nonzero(half.is_right) for half in halves.values()) == 12 * 10
    uncounted = [len(half.photos) * (len(half.photos) - 1) // 2 - half.is_counted.sum() for half in halves.values()]
    assert sorted(uncounted) == [0, 4 * 3 // 2]
    assert all(len(halves[which].photos) > 5 for which in HALVES)


def test_a_file_of_both_folders_is_no_distractor(folders: argparse.Namespace) -> None:
    assert sum(len(half.photos) for half in read_halves(folders).values()) == 12 * 5 + 12
