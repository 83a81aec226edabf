from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import copy_images
import resize_images
from stages.settings.pipeline import ResizeSettings
from tests.drawn_photos import save_photos


@pytest.fixture
def work_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder that copy_images.py makes of two photos; the test stands beside it."""
    monkeypatch.chdir(tmp_path)
    save_photos(tmp_path / "photos", 2)
    assert copy_images.main(copy_images.parse_args(["--image_dir", "photos"])) == 0
    capsys.readouterr()
    return tmp_path / "datasets"


def run(*args: str) -> int:
    return resize_images.main(resize_images.parse_args(args))


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_defaults_are_those_of_the_settings() -> None:
    args = resize_images.parse_args([])
    settings = ResizeSettings()
    for name in vars(settings):
        assert getattr(args, name) == getattr(settings, name)


def test_work_folder_is_halved_in_place(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--resize_coefficient", "2") == 0
    assert size_of(work_folder / "photos/photo_000.jpg") == (24, 16)
    output = capsys.readouterr()
    assert "resized: 2" in output.out
    assert output.err == ""


def test_run_twice_does_nothing_more(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--max_side", "30") == 0
    before = (work_folder / "photos/photo_000.jpg").read_bytes()
    assert run("--max_side", "30") == 0
    assert "already up to date" in capsys.readouterr().out
    assert (work_folder / "photos/photo_000.jpg").read_bytes() == before


def test_originals_are_refused_with_two(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("photos/photo_000.jpg").read_bytes()
    assert run("--image_dir", "photos", "--resize_coefficient", "2") == 2
    assert "--export_dir" in capsys.readouterr().err
    assert Path("photos/photo_000.jpg").read_bytes() == before


def test_originals_can_be_resized_beside(work_folder: Path) -> None:
    assert run("--image_dir", "photos", "--resize_coefficient", "2", "--export_dir", "halved") == 0
    assert size_of(Path("halved/photo_001.jpg")) == (24, 16)
    assert size_of(Path("photos/photo_001.jpg")) == (48, 32)


def test_undecodable_photo_gives_three(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/broken.jpg").write_bytes(b"broken")
    copy_images.main(copy_images.parse_args(["--image_dir", "photos"]))
    assert run("--resize_coefficient", "2") == 3
    assert "'photos/broken.jpg': is no photo" in capsys.readouterr().out


def test_missing_folder_gives_one(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--image_dir", "nowhere", "--resize_coefficient", "2") == 1
    assert "python copy_images.py" in capsys.readouterr().err


@pytest.mark.parametrize("args", [["--resize_coefficient", "0"], ["--max_side", "-1"], ["--quality", "200"]])
def test_number_out_of_range_gives_two(args: list[str], work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*args) == 2
    assert f"error: {args[0]} is {args[1]}, but must be" in capsys.readouterr().err


def test_what_is_no_number_gives_two() -> None:
    with pytest.raises(SystemExit) as ending:
        resize_images.parse_args(["--resize_coefficient", "half"])
    assert ending.value.code == 2


def test_json_is_the_report(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--resize_coefficient", "2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["counts"]["resized"] == 2
