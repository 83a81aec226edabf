from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.bench_similarities import main, orb_ways, parse_args, score_all, ssim_ways
from hloc.similarities import SIMILARITIES
from tests.hloc.similarities.drawn import make, scene

ROWS = [(0, 1), (2, 0), (1, 1)]


def test_both_ways_of_ssim_give_the_same_scores() -> None:
    features = [make("ssim").describe(scene(seed)) for seed in range(3)]
    ours, library = (way(ROWS) for way in ssim_ways(features).values())
    assert ours == pytest.approx(library, abs=1e-6)


def test_both_ways_of_orb_give_the_same_distances() -> None:
    features = [make("orb").describe(scene(seed)) for seed in range(3)]
    ours, library = (way(ROWS) for way in orb_ways(features).values())
    assert all(np.array_equal(one, two) for one, two in zip(ours, library, strict=True))


def test_tiles_are_scored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.bench_similarities.TILE", 4)
    alike = [np.zeros(8, np.uint8)] * 8
    # Two tiles with themselves, 16 scores each, and one with the other.
    assert score_all("phash", alike) == 3 * 16


def test_every_similarity_has_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        Image.fromarray(scene(number)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr("benchmarks.bench_similarities.LONG_ENOUGH_S", 0.0)
    arguments = ["bench", "--image_dir", str(tmp_path), "--rounds", "1", "--num_hashes", "50", "--num_compared", "5"]
    monkeypatch.setattr(sys, "argv", arguments)
    assert main(parse_args()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(any(line.startswith(f"| {name} |") for line in lines) for name in SIMILARITIES)
    assert any(line.startswith("| phash | 50 | 1,225 |") for line in lines)
    assert any(line.startswith("| ssim | 5 | 10 |") for line in lines)
