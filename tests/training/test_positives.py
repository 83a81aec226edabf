"""Which photos show the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storage.errors import StageError, UsageError
from storage.formats.pairs import write_pairs
from training.photo_set import PhotoSet
from training.positives import find_positives, joined, no_positives, positives_of_groups


def pairs_file(tmp_path: Path, *rows: tuple[int, int, float]) -> Path:
    path = tmp_path / "pairs.txt"
    write_pairs(path, ((f"photo_{i:03d}.jpg", f"photo_{j:03d}.jpg", score) for i, j, score in rows), {})
    return path


def test_photos_joined_through_others_are_of_one_group_but_no_partners() -> None:
    positives = joined(5, np.array([[0, 1], [3, 1]]))
    assert [partners.tolist() for partners in positives.partners] == [[1], [0, 3], [], [1], []]
    groups = positives.groups
    assert groups[0] == groups[1] == groups[3] and len({groups[0], groups[2], groups[4]}) == 3


def test_the_order_and_repetition_of_pairs_do_not_matter() -> None:
    first = joined(4, np.array([[0, 1], [2, 3]]))
    second = joined(4, np.array([[3, 2], [1, 0], [2, 3], [0, 1]]))
    assert first.identity == second.identity != joined(4, np.array([[0, 2], [1, 3]])).identity
    assert np.array_equal(first.groups, second.groups)


def test_without_pairs_every_photo_is_alone() -> None:
    positives = no_positives(3)
    assert sorted(positives.groups.tolist()) == [0, 1, 2]
    assert [len(partners) for partners in positives.partners] == [0, 0, 0]
    assert len(no_positives(1).groups) == 1


def test_pairs_below_the_score_are_not_believed(tmp_path: Path, photos: PhotoSet) -> None:
    path = pairs_file(tmp_path, (0, 1, 0.9), (2, 3, 0.5), (4, 5, 0.49))
    positives = find_positives(path, 0.5, photos)
    assert [partners.tolist() for partners in positives.partners] == [[1], [0], [3], [2], [], []]


def test_photos_that_are_not_learnt_from_are_left_out(tmp_path: Path, photos: PhotoSet) -> None:
    path = pairs_file(tmp_path, (0, 77, 0.9), (1, 1, 0.9), (4, 5, 0.9))
    positives = find_positives(path, 0.0, photos)
    assert [len(partners) for partners in positives.partners] == [0, 0, 0, 0, 1, 1]


def test_pairs_of_which_none_is_left_are_an_error_that_says_why(tmp_path: Path, photos: PhotoSet) -> None:
    path = pairs_file(tmp_path, (0, 1, 0.3), (0, 99, 0.9))
    with pytest.raises(
        StageError, match="none of its 2 pairs joins two of the 6 photos learnt from with a score of 0.5"
    ):
        find_positives(path, 0.5, photos)


def test_a_score_that_is_not_a_number_is_not_believed(tmp_path: Path, photos: PhotoSet) -> None:
    path = pairs_file(tmp_path, (0, 1, float("nan")), (2, 3, 0.9))
    assert len(find_positives(path, -1.0, photos).partners[0]) == 0


def test_a_name_in_two_folders_is_refused(tmp_path: Path, photos: PhotoSet) -> None:
    twice = replace(photos, files=[*photos.files[:-1], replace(photos.files[0], folder=tmp_path)])
    with pytest.raises(UsageError, match=r"photo_000\.jpg' lies in two folders"):
        find_positives(pairs_file(tmp_path, (0, 1, 0.9)), 0.0, twice)


def test_a_missing_pairs_file_is_named(tmp_path: Path, photos: PhotoSet) -> None:
    with pytest.raises(StageError, match=r"nowhere\.txt is missing"):
        find_positives(tmp_path / "nowhere.txt", 0.0, photos)


def test_photos_of_one_group_are_joined_with_one_another(tmp_path: Path, photos: PhotoSet) -> None:
    lines = ["path,building", *(f"photo_{number:03d}.jpg,{house}" for number, house in enumerate("aabba"))]
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\nelsewhere.jpg,a\n")
    positives = positives_of_groups(tmp_path / "labels.csv", photos)
    assert [row.tolist() for row in positives.partners] == [[1, 4], [0, 4], [3], [2], [0, 1], []]
    assert len(set(positives.groups[[0, 1, 4]])) == 1 and len(set(positives.groups)) == 3
    drawn = {positives.other(0, np.random.default_rng(seed)) for seed in range(20)}
    assert drawn == {1, 4} and positives.other(5, np.random.default_rng(0)) == 5


def test_groups_of_photos_elsewhere_are_one_line(tmp_path: Path, photos: PhotoSet) -> None:
    (tmp_path / "labels.csv").write_text("path,building\nx.jpg,a\ny.jpg,a\nphoto_000.jpg,single\n")
    with pytest.raises(
        StageError, match="--clusters .*labels.csv: no two of the 6 photos learnt from are in one group"
    ):
        positives_of_groups(tmp_path / "labels.csv", photos)
