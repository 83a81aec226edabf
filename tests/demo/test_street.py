"""The street as a whole: what lies on the disk, and whether its photos can be told apart and brought together."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from demo import StreetSettings, StreetTruth, draw_street
from storage.errors import UsageError
from storage.exif import read_exif
from storage.formats.labels import read_labels
from storage.listing import list_photos
from storage.photos import load_photo
from tests.demo.conftest import SMALL
from tests.demo.matching import Features, count_inliers, root_sift

ENOUGH = 15
TINY = StreetSettings(seed=2, num_buildings=1, min_views=2, max_views=2, num_singles=1, side=160)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> StreetTruth:
    return draw_street(tmp_path_factory.mktemp("tiny"), TINY)


@pytest.fixture(scope="module")
def features(street: StreetTruth) -> dict[str, Features]:
    return {name: root_sift(load_photo(street.image_dir / name)) for name in street.labels}


@pytest.fixture(scope="module")
def inliers(street: StreetTruth, features: dict[str, Features]) -> dict[tuple[str, str], int]:
    return {
        (a, b): count_inliers(features[a], features[b]) for a, b in itertools.combinations(sorted(street.labels), 2)
    }


def test_photos_and_labels_are_where_the_truth_says(street: StreetTruth) -> None:
    assert street.image_dir.name == "photos"
    assert read_labels(street.labels_file) == street.labels
    assert {path.relative_to(street.image_dir).as_posix() for path in street.image_dir.rglob("*.*")} == set(
        street.labels
    )


def test_every_photo_is_found_by_the_listing_of_the_pipeline(street: StreetTruth) -> None:
    assert list_photos(street.image_dir) == sorted(street.labels)


def test_labels_are_sorted_by_name_and_start_with_the_header(street: StreetTruth) -> None:
    lines = street.labels_file.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "path,building"
    assert lines[1:] == sorted(lines[1:])


def test_each_building_has_as_many_views_as_asked_and_singles_have_one(street: StreetTruth) -> None:
    counts = Counter(street.labels.values())
    singles = {label: count for label, count in counts.items() if label.startswith("single")}
    views = [count for label, count in counts.items() if not label.startswith("single")]
    assert singles == {f"single_{i:02d}": 1 for i in range(SMALL.num_singles)}
    assert len(views) == SMALL.num_buildings
    assert all(SMALL.min_views <= count <= SMALL.max_views for count in views)


def test_photos_have_the_side_asked_for_upright_and_lying(street: StreetTruth) -> None:
    shapes = {load_photo(street.image_dir / name).shape[:2] for name in street.labels}
    assert shapes == {(600, 450), (450, 600)}


def test_positions_of_the_truth_are_those_in_the_photos(street: StreetTruth) -> None:
    assert street.positions
    for name in street.labels:
        found = read_exif(street.image_dir / name)
        if name in street.positions:
            assert (found.latitude_deg, found.longitude_deg) == pytest.approx(street.positions[name], abs=1e-5)
        else:
            assert found.latitude_deg is None


def test_nearly_every_view_shares_a_consistent_geometry_with_another_of_its_building(
    street: StreetTruth, inliers: dict[tuple[str, str], int]
) -> None:
    views = [name for name, label in street.labels.items() if not label.startswith("single")]
    best = dict.fromkeys(views, 0)
    for (a, b), count in inliers.items():
        if street.labels[a] == street.labels[b]:
            best[a], best[b] = max(best[a], count), max(best[b], count)
    found = sum(count >= ENOUGH for count in best.values())
    assert found >= 0.85 * len(views), best


def test_views_of_different_buildings_share_next_to_nothing(
    street: StreetTruth, inliers: dict[tuple[str, str], int]
) -> None:
    across = [count for (a, b), count in inliers.items() if street.labels[a] != street.labels[b]]
    assert sum(count >= ENOUGH for count in across) <= 0.01 * len(across)


def test_the_same_settings_give_the_same_bytes(tiny: StreetTruth, tmp_path: Path) -> None:
    draw_street(tmp_path, TINY)
    assert contents(tmp_path) == contents(tiny.labels_file.parent)


def test_another_seed_gives_other_photos(tiny: StreetTruth, tmp_path: Path) -> None:
    other = draw_street(tmp_path, replace(TINY, seed=3))
    assert not set(contents(other.image_dir).values()) & set(contents(tiny.image_dir).values())


def test_a_street_that_was_cut_short_is_completed(tiny: StreetTruth, tmp_path: Path) -> None:
    kept, lost = sorted(tiny.labels)[:2]
    (tmp_path / "photos" / kept).parent.mkdir(parents=True)
    shutil.copy(tiny.image_dir / kept, tmp_path / "photos" / kept)
    (tmp_path / "photos" / lost).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "photos" / f"{lost}.0a1b2c3d.tmp").with_name(".half.jpg.0a1b2c3d.tmp").write_bytes(b"half a photo")
    draw_street(tmp_path, TINY)
    assert contents(tmp_path) == contents(tiny.labels_file.parent)


def test_a_failed_street_has_no_labels_and_gives_back_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("demo.street._draw_single", fail)
    threads = cv2.getNumThreads()
    with pytest.raises(OSError, match="the disk is gone"):
        draw_street(tmp_path, TINY)
    assert not (tmp_path / "labels.csv").exists()
    assert cv2.getNumThreads() == threads


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"holds other files \('photos/holiday.jpg'"):
        draw_street(tmp_path, TINY)
    assert contents(tmp_path) == {"photos/holiday.jpg": b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "street").write_bytes(b"a file")
    with pytest.raises(UsageError, match="is a file"):
        draw_street(tmp_path / "street", TINY)


def test_a_street_of_singles_and_one_building_is_possible(tmp_path: Path) -> None:
    settings = StreetSettings(num_buildings=1, min_views=1, max_views=1, num_singles=0, side=128)
    assert list(draw_street(tmp_path, settings).labels.values()) == ["building_00"]
