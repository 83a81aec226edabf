"""The command ``python -m tools.plot_features``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.settings.tools import PlotSettings
from tests.drawn_collection import draw_collection
from tools.plot_features import main, parse_args


def test_it_writes_beside_the_clusters_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_collection(tmp_path)
    assert main(parse_args(["--work_dir", str(tmp_path), "--methods", "pca", "--json", "--quiet"])) == 0
    page = tmp_path / "results" / "map" / "map.html"
    assert json.loads(capsys.readouterr().out)["outputs"]["page"] == str(page)
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>") and page.with_name("map-pca.png").is_file()


def test_no_features_are_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["--work_dir", str(tmp_path)])) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and "extract_features.py" in shown


def test_the_defaults_are_those_of_the_settings() -> None:
    given = {key: value for key, value in vars(parse_args([])).items() if key not in ("quiet", "json")}
    assert PlotSettings(**given) == PlotSettings()
