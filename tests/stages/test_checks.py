from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stages.checks import check_apart, check_mode, check_range, settings_as_json
from stages.settings.pipeline import TRANSFER_MODES, CopySettings, ResizeSettings
from stages.settings.search import PlotExperimentSettings
from storage.errors import UsageError
from storage.formats.manifest import MODES


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("photos/deep", "work"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "photos", tmp_path / "work"


def test_folders_apart_are_fine(folders: tuple[Path, Path]) -> None:
    check_apart(*folders, "--image_dir", "--export_dir")
    check_apart(folders[0], folders[1] / "not yet" / "there", "--image_dir", "--export_dir")


def test_folder_whose_name_begins_alike_is_apart(folders: tuple[Path, Path]) -> None:
    photos, _ = folders
    check_apart(photos, photos.with_name("photos2"), "--image_dir", "--export_dir")


@pytest.mark.parametrize("inside", [".", "deep", "deep/../new", "../photos"])
def test_output_inside_is_refused_and_named(inside: str, folders: tuple[Path, Path]) -> None:
    photos, _ = folders
    with pytest.raises(UsageError, match="^--export_dir .* lies in --image_dir"):
        check_apart(photos, photos / inside, "--image_dir", "--export_dir")


def test_source_inside_is_refused_and_named(folders: tuple[Path, Path]) -> None:
    photos, _ = folders
    with pytest.raises(UsageError, match="^--image_dir .* lies in --export_dir"):
        check_apart(photos / "deep", photos, "--image_dir", "--export_dir")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_link_into_the_source_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    photos, _ = folders
    (tmp_path / "link").symlink_to(photos / "deep")
    with pytest.raises(UsageError):
        check_apart(photos, tmp_path / "link", "--image_dir", "--export_dir")


@pytest.mark.parametrize("value", [1, 50, 100])
def test_number_in_range_is_fine(value: int) -> None:
    check_range("--quality", value, 1, 100)


@pytest.mark.parametrize("value", [0, 101, -5, float("nan")])
def test_number_out_of_range_is_named_with_the_range(value: float) -> None:
    with pytest.raises(UsageError, match="^--quality is .* must be 1 to 100$"):
        check_range("--quality", value, 1, 100)


def test_open_range_says_or_more() -> None:
    check_range("--max_side", 10**9, 1)
    with pytest.raises(UsageError, match="must be 1 or more"):
        check_range("--max_side", 0, 1)


def test_unknown_mode_names_the_known_ones() -> None:
    check_mode("reflink", TRANSFER_MODES)
    with pytest.raises(UsageError, match="'move', but must be one of copy, hardlink, symlink, reflink"):
        check_mode("move", TRANSFER_MODES)


def test_settings_and_manifest_know_the_same_modes() -> None:
    assert TRANSFER_MODES == MODES


def test_settings_become_json() -> None:
    values = settings_as_json(CopySettings(Path("photos"), Path("caf\udce9")))
    assert values["image_dir"] == "photos"
    assert values["export_dir"] == "caf\\udce9"
    assert json.loads(json.dumps(settings_as_json(ResizeSettings())))["export_dir"] is None
    several = settings_as_json(PlotExperimentSettings((Path("one"), Path("two")), (Path("all.png"),)))
    assert (several["results"], several["output"]) == (["one", "two"], ["all.png"])
