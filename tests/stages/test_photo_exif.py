"""Positions and times come from the features file, and from the photos where it does not know them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hloc.extraction import extract
from hloc.feature_run import FeatureRun, Resources
from stages import photo_exif
from stages.cluster import create_clusters
from stages.match_inputs import read_suggestions
from stages.photo_exif import open_exif_source
from stages.settings.pipeline import ClusterSettings
from storage.errors import PhotoError
from storage.exif import ExifRecord, read_exif
from storage.formats.features import features_path, read_features, write_features
from storage.formats.pairs import write_pairs
from tests.drawn_photos import draw_photo
from tests.fake_models import CentredColour, MeanColour

MODEL = MeanColour.name


def save(path: Path, seed: int, latitude: float | None) -> None:
    exif = Image.Exif()
    exif[0x0110] = f"Camera {seed}"
    exif[0x0132] = f"2020:05:17 10:11:{seed:02d}"
    if latitude is not None:
        exif.get_ifd(0x8825).update({1: "N", 2: (latitude, 0.0, 0.0), 3: "E", 4: (13.0, 24.0, 1.5)})
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_photo(seed).save(path, exif=exif)


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    names = [f"photo_{number}.jpg" for number in range(8)]
    for number, name in enumerate(names):
        save(tmp_path / "photos" / name, number, None if number == 3 else 40.0 + number)
    return names


def describe(folder: Path, names: list[str], model: type = MeanColour, num_workers: int = 0) -> None:
    path = features_path(folder / "out", model.name)
    extract(FeatureRun(folder / "photos", path, model(), resources=Resources(num_workers)), names)


def source(folder: Path, model: str | None = MODEL) -> photo_exif.ExifSource:
    return open_exif_source(folder / "photos", folder / "out" / "pairs-x.txt", model)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the photos that were opened for EXIF."""
    seen: list[str] = []

    def noted(path: Path) -> ExifRecord:
        seen.append(path.name)
        return read_exif(path)

    monkeypatch.setattr(photo_exif, "read_exif", noted)
    return seen


@pytest.mark.parametrize(("model", "num_workers"), [(MeanColour, 0), (MeanColour, 1), (CentredColour, 0)])
def test_what_the_workers_read_is_what_the_photos_say_and_none_is_opened_again(
    tmp_path: Path, names: list[str], opened: list[str], model: type, num_workers: int
) -> None:
    describe(tmp_path, names, model, num_workers)
    found = [source(tmp_path, model.name).record(name) for name in names]
    assert found == [read_exif(tmp_path / "photos" / name) for name in names]
    assert found[3].latitude_deg is None and found[4].latitude_deg == 44.0
    assert opened == []


def test_exactly_a_changed_and_a_new_photo_are_opened(tmp_path: Path, names: list[str], opened: list[str]) -> None:
    describe(tmp_path, names[:-1])
    save(tmp_path / "photos" / names[2], 60, 12.0)
    found = [source(tmp_path).record(name) for name in names]
    assert found == [read_exif(tmp_path / "photos" / name) for name in names]
    assert opened == [names[2], names[-1]]


def test_a_photo_that_changed_is_read_anew_when_it_is_described_anew(
    tmp_path: Path, names: list[str], opened: list[str]
) -> None:
    describe(tmp_path, names)
    save(tmp_path / "photos" / names[2], 59, 12.0)
    describe(tmp_path, names)
    assert source(tmp_path).record(names[2]).latitude_deg == 12.0 and opened == []


def test_a_features_file_of_an_earlier_version_leaves_it_to_the_photos(
    tmp_path: Path, names: list[str], opened: list[str]
) -> None:
    describe(tmp_path, names)
    path = features_path(tmp_path / "out", MODEL)
    write_features(path, replace(read_features(path), exif=None))
    assert source(tmp_path).record(names[0]).latitude_deg == 40.0
    assert opened == names[:1]


def test_photos_described_by_an_earlier_version_get_their_exif_when_others_are_added(
    tmp_path: Path, names: list[str], opened: list[str]
) -> None:
    describe(tmp_path, names[:5])
    path = features_path(tmp_path / "out", MODEL)
    write_features(path, replace(read_features(path), exif=None))
    describe(tmp_path, names)
    assert read_features(path).exif == [read_exif(tmp_path / "photos" / name) for name in names]
    assert [source(tmp_path).record(name).latitude_deg for name in names][4] == 44.0 and opened == []


@pytest.mark.parametrize("model", [None, "other", f"other+{MODEL}"])
def test_joined_models_use_the_file_that_stands_and_unknown_ones_none(
    tmp_path: Path, names: list[str], opened: list[str], model: str | None
) -> None:
    describe(tmp_path, names)
    assert source(tmp_path, model).record(names[1]).latitude_deg == 41.0
    assert opened == ([] if model and MODEL in model else [names[1]])


def test_a_damaged_features_file_is_told_and_the_photos_are_read(
    tmp_path: Path, names: list[str], opened: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    describe(tmp_path, names)
    path = features_path(tmp_path / "out", MODEL)
    path.write_bytes(path.read_bytes()[:-200])
    assert source(tmp_path).record(names[1]).latitude_deg == 41.0
    assert opened == [names[1]] and "damaged" in caplog.text


def test_a_photo_that_is_gone_has_the_reason_that_reading_it_gives(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path, names)
    os.remove(tmp_path / "photos" / names[0])
    with pytest.raises(PhotoError, match="does not exist"):
        source(tmp_path).record(names[0])


def test_suggestions_are_the_same_with_and_without_what_is_known(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path, names)
    plain = read_suggestions(tmp_path / "photos", names)
    known = read_suggestions(tmp_path / "photos", names, source(tmp_path))
    np.testing.assert_array_equal(plain.positions, known.positions)
    assert (plain.times, plain.cameras) == (known.times, known.cameras)


def test_clusters_are_the_same_whether_positions_come_from_the_file_or_the_photos(
    tmp_path: Path, names: list[str], opened: list[str]
) -> None:
    for number in range(4):  # two pairs that lie so near each other that positions join them
        save(tmp_path / "photos" / names[number], number, 40.0)
    describe(tmp_path, names)
    rows = [(names[0], names[1], 0.9), (names[2], names[3], 0.9), (names[4], names[5], 0.9)]
    write_pairs(tmp_path / "out" / f"pairs-{MODEL}.txt", rows, {"model": MODEL})
    made = []
    for number in range(2):
        results_dir = tmp_path / f"results-{number}"
        options = {"strong_edg_thresh": 0.35, "weak_edg_thresh": 0.2, "gps_count_thresh": 2}
        create_clusters(
            ClusterSettings(tmp_path / "photos", outputs_dir=tmp_path / "out", results_dir=results_dir, **options)
        )  # type: ignore[arg-type]
        made.append((results_dir / "clusters.json").read_bytes())
        assert opened == ([] if number == 0 else names)
        path = features_path(tmp_path / "out", MODEL)
        write_features(path, replace(read_features(path), exif=None))
    assert made[0] == made[1]
    assert names[:4] in json.loads(made[0]).values()
