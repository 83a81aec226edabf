"""The command ``python -m tools.make_attacks``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.settings.retrieval import AttackSettings
from tests.drawn_photos import save_photos
from tools.make_attacks import main, parse_args


def test_it_writes_the_queries_and_says_where_the_truth_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_photos(tmp_path / "photos", 2)
    call = ["--image_dir", str(tmp_path / "photos"), "--export_dir", str(tmp_path / "out"), "--json", "--quiet"]
    assert main(parse_args([*call, "--attacks", "scaling", "text_length_10", "--limit", "1"])) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["queries"] == 5 and Path(report["outputs"]["truth"]).is_file()


def test_a_photo_that_cannot_be_read_is_named_and_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_photos(tmp_path / "photos", 1)
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no photo")
    call = ["--image-dir", str(tmp_path / "photos"), "--export-dir", str(tmp_path / "out")]
    assert main(parse_args([*call, "--attacks", "scaling"])) == 3
    assert "'bad.jpg'" in capsys.readouterr().out


def test_an_unknown_attack_is_one_line_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_photos(tmp_path / "photos", 1)
    call = ["--image_dir", str(tmp_path / "photos"), "--export_dir", str(tmp_path / "out"), "--attacks", "turn"]
    assert main(parse_args(call)) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and "'turn'" in shown and "rotation" in shown


def test_the_defaults_are_those_of_the_settings() -> None:
    args = parse_args(["--image_dir", "a", "--export_dir", "b"])
    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    assert AttackSettings(**given) == AttackSettings(Path("a"), Path("b"))
