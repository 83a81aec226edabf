"""What the benchmark of extraction compares with: the reference network is the same network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench_extract
from benchmarks.bench_extract import REFERENCE, Way, draw_weights, lines_of, reference_network, reference_photo
from hloc.engines.graph import draw_photo, least_cosine
from hloc.engines.photo_network import TorchRun
from hloc.extractors.netvlad import parts_of
from storage.photos import load_photo
from tests.drawn_photos import draw_photo as draw_picture

pytest.importorskip("torch", reason="NetVLAD needs PyTorch")


def test_the_reference_gives_the_descriptors_of_this_project_s_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_extract, "WIDTHS", (4, 4, 8, 8, 8))
    monkeypatch.setattr(bench_extract, "NUM_CLUSTERS", 6)
    monkeypatch.setattr(bench_extract, "NUM_OUTPUTS", 12)
    weights = draw_weights()
    photo = draw_photo(60, 90)
    found = reference_network(weights)(photo[0].astype(np.float32))
    assert found.shape == (1, 12)
    assert least_cosine(found, TorchRun(parts_of(weights).module(), "cpu").describe(photo)) >= 0.99999


def test_the_reference_decodes_nearly_the_same_pixels(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    draw_picture(0, 2048, 1200).save(path, quality=95)
    found = reference_photo(path)
    assert found.shape == (600, 1024, 3) and found.dtype == np.float32
    assert np.abs(found - load_photo(path, 1024)).mean() < 6


def test_a_line_gives_ratios_and_cosines_to_the_reference() -> None:
    ways = []
    for label, seconds, vector in ((REFERENCE, 4.0, [1.0, 0.0]), ("torch fp32", 2.0, [0.6, 0.8])):
        way = Way(label, lambda path: path, lambda photo: photo)
        way.seconds = {"decode": [seconds], "network": [seconds], "write": [0.0]}
        way.descriptors = {"a.jpg": np.array(vector, np.float32)}
        ways.append(way)
    last = lines_of(ways, ["| openvino bf16 | not measured |"])[-2:]
    assert last[0] == "| torch fp32 | 2.000 | 2.000 | 0.000 | 4.000 | 2.00 | 2.00 | 0.600000 | 1.0000000 |"
    assert last[1] == "| openvino bf16 | not measured |"
