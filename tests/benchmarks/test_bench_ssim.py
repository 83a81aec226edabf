"""The benchmark of SSIM: every pair once, drawn pairs of two photos each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench_ssim import compare_all, describe_all, main, parse_args, sample_pairs
from hloc.similarities import create_similarity
from hloc.similarities.base import SimilarityOptions
from tests.drawn_photos import save_photos


def test_every_pair_is_scored_once(tmp_path: Path) -> None:
    save_photos(tmp_path, 5)
    similarity = create_similarity("ssim", SimilarityOptions())
    features = describe_all(similarity, sorted(tmp_path.glob("*.jpg")))
    assert [feature.shape for feature in features] == [(256, 256)] * 5
    assert compare_all(similarity.scorer(features), 5, 1.0)[0] == 10


def test_a_drawn_pair_is_of_two_photos() -> None:
    first, second = sample_pairs(7, 500)
    assert (first != second).all() and set(np.concatenate((first, second)).tolist()) == set(range(7))


def test_the_table_tells_pairs_and_that_the_scores_are_those_of_the_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_photos(tmp_path, 4)
    assert main(parse_args(["--image_dir", str(tmp_path), "--num_sampled", "6"])) == 0
    cells = [cell.strip() for cell in capsys.readouterr().out.splitlines()[-1].split("|")]
    assert cells[1:3] == ["4", "6"] and float(cells[8]) < 1e-6
