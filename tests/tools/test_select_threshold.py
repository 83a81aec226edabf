"""The command ``python -m tools.select_threshold``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.settings.tools import ThresholdSettings
from stages.thresholds import sweep as thresholds
from tests.drawn_collection import draw_collection
from tools.select_threshold import main, parse_args


def test_it_writes_beside_the_clusters_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_collection(tmp_path)
    assert main(parse_args(["--work_dir", str(tmp_path)])) == 0
    page = tmp_path / "results" / "thresholds" / "vlad" / "threshold.html"
    assert f"page: {page}" in capsys.readouterr().out and page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert page.with_name("threshold.csv").is_file()


def test_json_holds_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thresholds, "draw_curve", lambda *_: b"drawn")  # it takes most of the time
    draw_collection(tmp_path)
    assert main(parse_args(["--work_dir", str(tmp_path), "--json", "--quiet"])) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["photos"] == 12


def test_no_pairs_are_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["--work_dir", str(tmp_path)])) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and "extract_features.py" in shown


def test_the_defaults_are_those_of_the_settings() -> None:
    given = {key: value for key, value in vars(parse_args([])).items() if key not in ("quiet", "json")}
    assert ThresholdSettings(**given) == ThresholdSettings()
