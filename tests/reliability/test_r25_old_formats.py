"""R25: a file of every version of every format is kept, and can be read."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import h5py
import pytest

from storage.errors import StageError
from storage.formats.clusters import read_clusters
from tests.reliability.archive import ARCHIVES, VERSIONS
from tests.reliability.campaign import Campaign
from tests.reliability.file_formats import ALL, HDF5, JSON, FileFormat

BY_NAME = {each.name: each for each in ALL}
KEPT = [(name, version) for name, newest in sorted(VERSIONS.items()) for version in range(1, newest + 1)]


def unpacked(file_format: FileFormat, version: int, folder: Path) -> Path:
    """Put the files of a version where they lie otherwise; give the main one."""
    for place in filter(None, (file_format.place, file_format.beside)):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ARCHIVES / file_format.archived(version, place), folder / place)
    return folder / file_format.place


def said_version(path: Path) -> int | None:
    """Give the version that a file says; None for pictures and weights, whose readers look."""
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return int(file.attrs["format_version"])
    if path.suffix in (".json", ".jsonl"):
        return int(
            json.loads(
                path.read_text(encoding="utf-8").splitlines()[0]
                if path.suffix == ".jsonl"
                else path.read_text(encoding="utf-8")
            )["format_version"]
        )
    return None


def make_newer(path: Path) -> None:
    """Let a file say the version after its own."""
    if path.suffix == ".h5":
        with h5py.File(path, "a") as file:
            file.attrs["format_version"] = int(file.attrs["format_version"]) + 1
        return
    text = path.read_text(encoding="utf-8")
    found = re.search(r'"format_version": ?(\d+)', text)
    assert found is not None
    path.write_text(text[: found.start(1)] + str(int(found[1]) + 1) + text[found.end(1) :], encoding="utf-8")


def test_every_format_that_is_declared_is_tried() -> None:
    assert set(BY_NAME) == set(VERSIONS)
    assert len(VERSIONS) > 25


@pytest.mark.parametrize(("name", "version"), KEPT)
def test_every_version_has_a_file_in_the_archive(name: str, version: int) -> None:
    path = ARCHIVES / BY_NAME[name].archived(version, BY_NAME[name].place)
    assert path.is_file(), (
        f"version {version} of {name} has no file {path.name}: `python -m tests.reliability.archive {name}` makes it"
    )
    assert path.stat().st_size < 100_000


def test_files_of_all_versions_are_read(campaign: Campaign, tmp_path: Path) -> None:
    for attempt, (name, version) in zip(campaign.attempts(len(KEPT), len(KEPT)), KEPT, strict=True):
        with attempt:
            folder = tmp_path / str(attempt.number)
            path = unpacked(BY_NAME[name], version, folder)
            assert said_version(path) in (version, None), path.name
            found = BY_NAME[name].read(folder)
            assert found is not None and (not isinstance(found, (list, dict, tuple)) or len(found) > 0)
    campaign.note(f"{len(VERSIONS)} formats")


def test_files_of_the_next_version_say_so(campaign: Campaign, tmp_path: Path) -> None:
    newer = [name for name in sorted(VERSIONS) if BY_NAME[name] in (*HDF5, *JSON)]
    for attempt, name in zip(campaign.attempts(len(newer), len(newer)), newer, strict=True):
        with attempt:
            folder = tmp_path / str(attempt.number)
            make_newer(unpacked(BY_NAME[name], VERSIONS[name], folder))
            with pytest.raises(StageError, match="version|that this program reads"):
                BY_NAME[name].read(folder)


def test_clusters_which_carry_no_version_are_read() -> None:
    assert read_clusters(ARCHIVES / "clusters-1.json")
