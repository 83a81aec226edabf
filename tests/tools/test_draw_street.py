"""The script that draws a street."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from demo import StreetSettings
from storage.formats.labels import read_labels
from tests.conftest import ROOT
from tools.draw_street import HELP, main, parse_args

SMALL = ["--num_buildings", "1", "--min_views", "2", "--max_views", "2", "--num_singles", "1", "--side", "160"]


def run(*arguments: str) -> int:
    return main(parse_args([*arguments, "--quiet"]))


def test_a_street_is_drawn_and_told_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--export_dir", str(tmp_path / "street"), "--json", *SMALL) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["photos"], told["buildings"], told["singles"]) == (3, 1, 1)
    assert len(read_labels(Path(told["labels"]))) == 3
    assert all((Path(told["image_dir"]) / name).is_file() for name in read_labels(Path(told["labels"])))


def test_the_text_names_the_photos_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--export_dir", str(tmp_path / "street"), *SMALL) == 0
    assert f"image dir: {tmp_path / 'street' / 'photos'}" in capsys.readouterr().out


def test_the_seed_reaches_the_drawing(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        assert run("--export_dir", str(tmp_path / seed), "--seed", seed, *SMALL) == 0
    first, second = ((tmp_path / seed / "labels.csv").read_bytes() for seed in ("1", "2"))
    assert first != second


def test_a_contact_sheet_has_a_row_per_building_and_one_for_singles(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert run("--export_dir", str(tmp_path / "street"), "--contact_sheet", str(sheet), *SMALL) == 0
    with Image.open(sheet) as image:
        assert image.format == "PNG" and image.height == 2 * 154 + 4


def test_a_folder_with_other_files_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert run("--export_dir", str(tmp_path), *SMALL) == 2
    assert "holds other files ('notes.txt'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_contact_sheet_inside_the_street_is_refused_before_anything_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    street = tmp_path / "street"
    assert run("--export_dir", str(street), "--contact_sheet", str(street / "sheet.png"), *SMALL) == 2
    assert "lies inside --export_dir" in capsys.readouterr().err
    assert not street.exists()


def test_a_contact_sheet_of_another_format_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--export_dir", str(tmp_path / "street"), "--contact_sheet", str(tmp_path / "sheet.jpg")]
    assert run(*arguments, *SMALL) == 2
    assert "must end in .png" in capsys.readouterr().err


def test_a_value_out_of_range_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--export_dir", str(tmp_path / "street"), "--num_buildings", "0") == 2
    assert "num_buildings is 0" in capsys.readouterr().err


def test_defaults_are_those_of_the_library() -> None:
    args = parse_args(["--export_dir", "street"])
    assert {name: getattr(args, name) for name in HELP} == {name: getattr(StreetSettings(), name) for name in HELP}


def test_hyphens_are_accepted_in_flags() -> None:
    assert parse_args(["--export-dir", "street", "--num-buildings", "3"]).num_buildings == 3


def test_help_is_shown_without_importing_what_draws() -> None:
    code = (
        "import sys; import tools.draw_street as script\n"
        "try: script.parse_args(['--help'])\n"
        "except SystemExit: print('HEAVY' if {'numpy', 'cv2'} & set(sys.modules) else 'LIGHT')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("LIGHT")
    assert "--contact_sheet" in done.stdout
