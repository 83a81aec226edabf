"""The command ``python -m tools.explain_pair``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.settings.tools import ExplainSettings
from tests.hloc.matching.folders import save_walls
from tools.explain_pair import main, parse_args


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    save_walls(tmp_path / "photos", seeds=(1,))
    places = ("image_dir", "photos"), ("outputs_dir", "netvlad"), ("results_dir", "results")
    return [text for name, folder in places for text in (f"--{name}", str(tmp_path / folder))]


def test_the_last_line_is_the_path_of_the_picture(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(parse_args(["wall_1_0", "wall_1_1", *flags])) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "wall_1_0.png  |  wall_1_1.png" and Path(lines[-1]).read_bytes().startswith(b"\x89PNG")
    assert any(line.startswith("note: no ") for line in lines)


def test_json_holds_the_same(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["wall_1_0", "wall_1_1", *flags, "--json", "--quiet"])) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["photos"] == ["wall_1_0.png", "wall_1_1.png"] and content["pair"]["is_matched_now"] is True
    assert Path(content["picture"]).is_file()


def test_an_unknown_photo_is_exit_code_2_and_one_line(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["wall_1_0", "wall_9", *flags])) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1 and "'wall_9' is no photo" in shown.err


def test_an_empty_folder_is_exit_code_1(flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["a", "b", "--image_dir", str(tmp_path / "nowhere")])) == 1
    assert "nowhere" in capsys.readouterr().err


def test_the_defaults_are_those_of_the_settings() -> None:
    given = {key: value for key, value in vars(parse_args(["a", "b"])).items() if key not in ("quiet", "json")}
    assert ExplainSettings(**given) == ExplainSettings("a", "b")
