from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import bench_pipeline as bench
from benchmarks.large_photos import Step
from storage.exif import read_exif
from storage.formats.features import features_path, read_features
from storage.formats.pairs import read_pairs
from storage.listing import list_photos

NUM_PHOTOS = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bench.draw_collection(tmp_path / "photos", NUM_PHOTOS)
    return tmp_path


@pytest.mark.parametrize("step", ["decoded", "drawn"])
def test_both_ways_give_features_with_the_positions_of_the_photos(folder: Path, step: str) -> None:
    bench.STEPS[step](folder)
    features = read_features(features_path(folder / "out", bench.MODEL))
    names = list_photos(folder / "photos")
    assert list(features.names) == names and len(names) == NUM_PHOTOS
    assert features.exif == [read_exif(folder / "photos" / name) for name in names]
    assert features.descriptors.shape == (NUM_PHOTOS, bench.DIMENSION)


def test_candidates_are_ten_a_photo_at_most_and_every_photo_has_some(folder: Path) -> None:
    bench.list_candidates(folder)
    pairs = read_pairs(folder / "out" / f"pairs-{bench.MODEL}.txt")
    assert 6 * NUM_PHOTOS <= len(pairs.scores) <= bench.NUM_CANDIDATES * NUM_PHOTOS
    assert len(pairs.names) == NUM_PHOTOS and 0 <= pairs.scores.min() <= pairs.scores.max() <= 1


def test_clusters_are_made_of_them(folder: Path) -> None:
    for step in ("decoded", "candidates", "clusters"):
        bench.STEPS[step](folder)
    clusters = json.loads((folder / "results" / "clusters.json").read_text(encoding="utf-8"))
    assert sum(len(names) for names in clusters.values()) == NUM_PHOTOS and len(clusters) > 2


def test_growth_is_told_for_ten_times_the_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(step: str, folder: Path) -> dict[str, float]:
        if step == "clusters":
            bench.STEPS["decoded"](folder)
            bench.STEPS["candidates"](folder)
            bench.STEPS[step](folder)
        return {"cpu_s": 0.0 if step == "nothing" else int(folder.name), "mib": 50 if step == "nothing" else 60}

    monkeypatch.setattr(bench, "measure_step", measured)
    text = "\n".join(bench.growth_lines([4, 40], 4))
    assert "| 4 | decoded | 4.0 | 4.0 | 4.0 | 12.0 | 10 | 3000.00 |" in text
    assert "From 4 to 40 photos (drawn): time x 10.0 (aim: at most 12), memory x 1.0 (aim: at most 11)." in text


def test_what_is_done_once_is_not_multiplied() -> None:
    steps = [Step("a", 500, 0.06, 1, True), Step("once", 1, 60.0, 0, True), Step("pairs", 9, 0.01, 6, False)]
    lines = bench.extrapolation_lines(steps, 1000)
    assert lines[2] == "| a | 500 | 0.0600 | 0.0600 | 0.5 |"
    assert lines[3] == "| once | 1 | 60.0000 | 0.0600 | 0.5 |"
    assert "extraction 1.0 min (aim for 11,300: below 22), all stages 1.5 min" in lines[-1]
