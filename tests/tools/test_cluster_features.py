"""The command ``python -m tools.cluster_features``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clustering.features.clusterers import feature_parameters
from stages.settings.cluster_features import FeatureClusterSettings
from tests.clustering.features.drawn_vectors import draw_groups
from tests.stages.drawn_features import draw_work, groups_in
from tools.cluster_features import main, parse_args

VECTORS, _ = draw_groups([6, 5, 4], dimension=10)


def flags(work_dir: Path, *more: str) -> list[str]:
    places = {"--image_dir": "datasets", "--outputs_dir": "netvlad", "--results_dir": "results"}
    return [text for flag, folder in places.items() for text in (flag, str(work_dir / folder))] + [*more, "--quiet"]


def test_several_values_make_a_grid_and_the_counts_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_work(tmp_path, VECTORS)
    given = flags(tmp_path, "--algorithm", "kmeans", "--n_clusters", "2", "3", "5", "--max_iter", "50", "100", "--json")
    assert main(parse_args(given)) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["fits"] == 6 and told["counts"]["clusters"] == 3
    assert len(groups_in(tmp_path)) == 4 and told["settings"]["n_clusters"] == [2, 3, 5]


def test_the_summary_names_what_was_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_work(tmp_path, VECTORS)
    assert main(parse_args(flags(tmp_path, "--algorithm", "kmeans", "--n-clusters", "3"))) == 0
    shown = capsys.readouterr()
    assert "note: chosen: kmeans with n_clusters 3, max_iter 200" in shown.out and shown.err == ""


def test_no_features_are_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(flags(tmp_path))) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_flag_of_another_algorithm_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(flags(tmp_path, "--algorithm", "kmeans", "--eps", "0.5"))) == 2
    assert "--eps belongs to --algorithm dbscan" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["many", "1.5"])
def test_a_number_of_clusters_is_a_whole_number_or_auto(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_args(["--n_clusters", text])
    assert ended.value.code == 2 and "must be auto or a number" in capsys.readouterr().err
    assert parse_args(["--n_clusters", "auto", "7"]).n_clusters == ["auto", 7]
    assert parse_args(["--eps", "auto", "0.5"]).eps == ["auto", 0.5]


def test_the_defaults_are_those_of_the_settings() -> None:
    without = {"quiet", "json", *feature_parameters()}
    given = {key: value for key, value in vars(parse_args([])).items() if key not in without}
    assert FeatureClusterSettings(**given) == FeatureClusterSettings()
