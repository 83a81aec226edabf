"""The command ``python -m tools.explore_neighbors``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.settings.retrieval import NeighborSettings
from tests.drawn_collection import draw_collection
from tools.explore_neighbors import main, parse_args


def test_it_writes_a_page_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_collection(tmp_path)
    call = ["--pairs_file", str(tmp_path / "netvlad" / "pairs-vlad.txt"), "--image_dir", str(tmp_path / "datasets")]
    assert main(parse_args([*call, "--output", str(tmp_path / "n.html"), "--k", "3", "--json", "--quiet"])) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["shown"] == 12 and report["outputs"]["page"] == str(tmp_path / "n.html")
    assert (tmp_path / "n.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_call_without_pairs_and_database_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args([])) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and "--pairs_file" in shown


def test_the_defaults_are_those_of_the_settings() -> None:
    given = {key: value for key, value in vars(parse_args([])).items() if key not in ("quiet", "json")}
    assert NeighborSettings(**given) == NeighborSettings()
