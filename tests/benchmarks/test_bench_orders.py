"""Orders of learning: the first is the given one, the others are drawn and repeatable, and each learns from all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench_orders import learnt_in, main, order_of, parse_args
from hloc.extractors import create_extractor
from hloc.extractors.base import ExtractorOptions, LearntExtractor
from tests.hloc.matching.folders import save_walls


def test_the_first_order_is_that_of_the_photos_and_each_other_one_a_lasting_draw() -> None:
    assert order_of(0, 5).tolist() == [0, 1, 2, 3, 4]
    assert sorted(order_of(3, 50).tolist()) == list(range(50))
    assert order_of(3, 50).tolist() == order_of(3, 50).tolist() != order_of(4, 50).tolist()


def test_descriptors_keep_their_photos_whatever_the_order() -> None:
    extractor = create_extractor("vlad", ExtractorOptions(device="cpu"))
    assert isinstance(extractor, LearntExtractor)
    random = np.random.default_rng(0)
    photos = [random.integers(0, 256, (96, 96, 3), dtype=np.uint8) for _ in range(6)]
    samples = [extractor.prepare_sample(photo) for photo in photos]
    given, turned = learnt_in(order_of(0, 6), samples), learnt_in(order_of(1, 6), samples)
    assert given.shape == turned.shape and not np.array_equal(given, turned)


def test_the_table_ends_with_mean_and_deviation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = save_walls(tmp_path, seeds=(1, 2))
    lines = ["path,building", *(f"{name},{label}" for name, label in labels.items())]
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["bench_orders", "--labels", str(tmp_path / "labels.csv"), "--num_orders", "2"])
    assert main(parse_args()) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows[1:]] == ["| 0", "| 1", "| mean", "| standard deviation"]
    both = [float(row[1]) for row in rows[1:3]]
    assert float(rows[3][1]) == pytest.approx(sum(both) / 2, abs=1e-3)
