"""R24: altered HDF5 and JSON files cost an error message: no crash, no hang, no memory beyond bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.campaign import Campaign
from tests.reliability.file_formats import HDF5, JSON, FileFormat
from tests.reliability.hostile_files import alter_hdf5, altered_json
from tests.reliability.reading_process import REFUSED, ReadingProcess

MAX_MEGABYTES = 1500


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    process = ReadingProcess()
    yield process
    process.end()


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """The files of each format, by their paths."""
    found = {}
    for file_format in (*HDF5, *JSON):
        folder = tmp_path_factory.mktemp("example")
        file_format.write(folder)
        paths = [path for path in folder.rglob("*") if path.is_file()]
        found[file_format.name] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return found


def put(files: dict[str, bytes], folder: Path) -> None:
    """Write files below a folder."""
    for place, content in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(content)


def tell(campaign: Campaign, process: ReadingProcess, outcomes: list[str]) -> None:
    """Note the figures of a campaign."""
    campaign.note(f"{outcomes.count(REFUSED)} refused, {outcomes.count('read')} read, peak {process.peak:.0f} MB")


def check(name: str, outcome: str, process: ReadingProcess, outcomes: list[str]) -> None:
    """Fail unless a file was read or refused, in little memory."""
    outcomes.append(outcome)
    assert outcome in ("read", REFUSED), f"{name}: {outcome}"
    assert process.peak < MAX_MEGABYTES, f"{process.peak:.0f} MB"


def test_hostile_hdf5_files(
    campaign: Campaign, process: ReadingProcess, examples: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    outcomes: list[str] = []
    for attempt in campaign.attempts(fast=50, full=1000):
        with attempt:
            file_format = HDF5[attempt.number % len(HDF5)]
            put(examples[file_format.name], tmp_path / str(attempt.number))
            alter_hdf5(tmp_path / str(attempt.number) / file_format.place, attempt.random)
            check(file_format.name, process.read(file_format.name, tmp_path / str(attempt.number)), process, outcomes)
    tell(campaign, process, outcomes)


def test_hostile_json_files(
    campaign: Campaign, process: ReadingProcess, examples: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    outcomes: list[str] = []
    for attempt in campaign.attempts(fast=60, full=1000):
        with attempt:
            file_format: FileFormat = JSON[attempt.number % len(JSON)]
            folder = tmp_path / str(attempt.number)
            files = dict(examples[file_format.name])
            files[file_format.place] = altered_json(files[file_format.place], attempt.random)
            put(files, folder)
            check(file_format.name, process.read(file_format.name, folder), process, outcomes)
    tell(campaign, process, outcomes)
