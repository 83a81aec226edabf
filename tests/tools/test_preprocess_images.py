"""The command ``python -m tools.preprocess_images``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from stages.settings.tools import PreprocessSettings
from tests.drawn_photos import save_photos
from tools.preprocess_images import main, parse_args


def call(*flags: str) -> int:
    return main(parse_args([*flags, "--quiet"]))


def test_it_makes_photos_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_photos(tmp_path / "photos", 2)
    folders = ("--image_dir", str(tmp_path / "photos"), "--export-dir", str(tmp_path / "made"))
    assert call(*folders, "--square", "reflect", "--size", "20", "20", "--trim", "--json") == 0
    assert json.loads(capsys.readouterr().out)["outputs"]["photos"] == str(tmp_path / "made")
    with Image.open(tmp_path / "made" / "photo_000.jpg") as image:
        assert image.size == (20, 20)


def test_a_skipped_photo_is_exit_code_3(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 1)
    (tmp_path / "photos" / "bad.png").write_bytes(b"bad")
    assert call("--image_dir", str(tmp_path / "photos"), "--export_dir", str(tmp_path / "made")) == 3


def test_no_photo_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--image_dir", str(tmp_path / "none"), "--export_dir", str(tmp_path / "made")) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_wrong_number_is_exit_code_2(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 1)
    folders = ("--image_dir", str(tmp_path / "photos"), "--export_dir", str(tmp_path / "made"))
    assert call(*folders, "--trim_max", "0.7") == 2


def test_the_defaults_are_those_of_the_settings() -> None:
    given = vars(parse_args(["--image_dir", "a", "--export_dir", "b"]))
    given = {key: value for key, value in given.items() if key not in ("quiet", "json")}
    assert PreprocessSettings(**given) == PreprocessSettings(Path("a"), Path("b"))
