"""The command ``python -m tools.split_templates``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.settings.retrieval import SplitSettings
from tests.drawn_photos import save_photos
from tools.split_templates import main, parse_args


@pytest.fixture
def call(tmp_path: Path) -> list[str]:
    """A call with two photos of one class, and one that is not there."""
    save_photos(tmp_path / "photos", 2)
    (tmp_path / "t.csv").write_text("a,b\nphoto_000,x\nphoto_001,x\nphoto_009,x\n", encoding="utf-8")
    folders = ["--image_dir", str(tmp_path / "photos"), "--export_dir", str(tmp_path / "out")]
    return ["--csv", str(tmp_path / "t.csv"), *folders, "--class_column", "b", "--file_column"]


def test_a_missing_file_is_named_and_exit_code_3(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args([*call, "a", "--json", "--quiet"])) == 3
    report = json.loads(capsys.readouterr().out)
    assert [photo["name"] for photo in report["skipped"]] == ["photo_009"]
    assert Path(report["outputs"]["truth"]).read_text(encoding="utf-8").count("\n") == 2


def test_a_column_that_is_not_there_is_one_line_and_exit_code_1(
    call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(parse_args([*call, "file"])) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and "'file'" in shown


def test_the_defaults_are_those_of_the_settings() -> None:
    args = parse_args(["--csv", "c", "--image_dir", "a", "--export_dir", "b"])
    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    assert SplitSettings(**given) == SplitSettings(Path("c"), Path("a"), Path("b"))
