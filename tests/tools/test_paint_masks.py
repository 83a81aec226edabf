"""The command ``python -m tools.paint_masks``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.settings.painting import MASK_NAMES, MASK_SEGMENTATIONS, PaintSettings
from storage.formats.mask_index import SEGMENTATIONS
from storage.formats.masks import NAMES
from tests.stages.drawn_painting import draw_painting
from tools.paint_masks import main, parse_args


def arguments(folder: Path) -> list[str]:
    given = {"image": "photos/a.png", "labels": "labels.png", "script": "actions.json", "export_dir": "masks"}
    return [part for flag, name in given.items() for part in (f"--{flag}", str(folder / name))]


def test_it_writes_masks_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_painting(tmp_path, [{"action": "fill", "at": [0, 0]}])
    assert main(parse_args([*arguments(tmp_path), "--names", "safe", "--json", "--quiet"])) == 0
    assert json.loads(capsys.readouterr().out)["outputs"]["masks"] == str(tmp_path / "masks")
    assert (tmp_path / "masks" / "a_mask_R204_G0_B0.png").is_file()
    assert (tmp_path / "masks" / "reports" / "paint_masks" / "report.json").is_file()


def test_a_wrong_script_is_one_line_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_painting(tmp_path, [{"action": "paint"}])
    assert main(parse_args(arguments(tmp_path))) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and "action 1" in shown


def test_a_missing_script_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_painting(tmp_path, [])
    (tmp_path / "actions.json").unlink()
    assert main(parse_args(arguments(tmp_path))) == 1
    assert "actions.json is missing" in capsys.readouterr().err


def test_the_defaults_are_those_of_the_settings(tmp_path: Path) -> None:
    given = vars(parse_args(arguments(tmp_path)))
    default = PaintSettings()
    for name in ("image_dir", "names", "segmentation", "continue_masks", "max_megapixels"):
        assert given[name] == getattr(default, name)


def test_the_choices_are_those_of_the_files() -> None:
    assert MASK_NAMES == NAMES and MASK_SEGMENTATIONS == SEGMENTATIONS
