"""The flags of presets and steps of ``python -m tools.cluster_features``."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.settings.cluster_features import FeatureClusterSettings
from tests.clustering.drawn_supergroups import draw_supergroups
from tests.stages.drawn_features import draw_work
from tools.cluster_features import main, parse_args


def test_the_defaults_are_those_of_the_settings() -> None:
    given, default = vars(parse_args([])), FeatureClusterSettings()
    names = ("preset", "merge", "merge_threshold", "assign_noise", "noise_neighbours", "noise_max_distance")
    for name in (*names, "precision_boost", "split_larger_than"):
        assert given[name] == getattr(default, name)


def test_sizes_and_distances_are_numbers_or_words() -> None:
    args = parse_args(["--min_cluster_size", "rule", "5", "--noise-max-distance", "0.5"])
    assert (args.min_cluster_size, args.noise_max_distance) == (["rule", 5], 0.5)
    assert parse_args(["--noise_max_distance", "none"]).noise_max_distance == "none"


@pytest.mark.parametrize("flags", [["--min_cluster_size", "large"], ["--noise_max_distance", "far"]])
def test_other_words_are_exit_code_2(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_args(flags)
    assert caught.value.code == 2 and "or a number" in capsys.readouterr().err


def test_the_preset_runs_and_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_work(tmp_path, draw_supergroups((1, 1, 1, 1, 2, 3), 6, 0)[0])
    folders = [f"--{key}={tmp_path / place}" for key, place in (("image_dir", "datasets"), ("outputs_dir", "netvlad"))]
    call = [*folders, f"--results_dir={tmp_path / 'results'}", "--preset", "resnet_hdbscan", "--quiet"]
    assert main(parse_args(call)) == 0
    assert "close clusters joined: 9 became 6" in capsys.readouterr().out


def test_another_algorithm_than_the_preset_s_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["--preset", "resnet_hdbscan", "--algorithm", "kmeans"])) == 2
    assert capsys.readouterr().err.count("\n") == 1
