"""The stream from photos to shards: side by side, bounded, nothing lost when a part fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hloc.extractors.base import Extractor
from hloc.feature_run import FeatureRun, Jobs, Resources
from hloc.stream import TASKS_PER_WORKER, Prepared
from storage.errors import StageError
from storage.fingerprints import Fingerprint
from storage.formats.shards import RECORDS_PER_SHARD, Record, ShardFolder
from tests.drawn_photos import save_photos
from tests.fake_models import MeanColour

WAIT_S = 20  # of a test that fails; one that passes waits for nothing


def run_of(folder: Path, extractor: Extractor | None = None, **resources: int) -> FeatureRun:
    options = Resources(**{"num_workers": 0, **resources})  # type: ignore[arg-type]
    return FeatureRun(folder, folder / "f.h5", extractor or MeanColour(), resources=options)


def drawn(name: str, _argument: object = None) -> Prepared:
    return Prepared(name, Fingerprint(1, 1, "0" * 64), (1, 1), np.zeros(3))


def names_of(count: int) -> Iterator[tuple[str, None]]:
    return ((f"{number:05d}.jpg", None) for number in range(count))


def as_records(prepared: Iterator[Prepared]) -> Iterator[Record]:
    for item in prepared:
        yield Record(item.name, item.fingerprint, {"vector": item.value})


class Watched(ShardFolder):
    """A folder that tells what is asked of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {}, "a test")
        self.num_written = 0
        self.before_write = lambda: None

    def write(self, records: list[Record]) -> None:  # type: ignore[override]
        self.before_write()
        super().write(records)
        self.num_written += len(records)


def test_every_photo_is_written_once_and_in_full_shards(tmp_path: Path) -> None:
    shards = Watched(tmp_path / "shards")
    count = 2 * RECORDS_PER_SHARD + 5
    assert run_of(tmp_path).fill(shards, Jobs(drawn, names_of(count), count), as_records, "") == []
    assert shards.num_written == len(shards.index) == count
    assert len(list(shards.folder.iterdir())) == 3


@pytest.mark.parametrize("count", [300, 900])
def test_photos_on_their_way_are_bounded_whatever_their_number(tmp_path: Path, count: int) -> None:
    shards, taken, most = Watched(tmp_path / "shards"), 0, 0

    def counted() -> Iterator[tuple[str, None]]:
        nonlocal taken, most
        for job in names_of(count):
            taken += 1
            most = max(most, taken - shards.num_written)
            yield job

    run_of(tmp_path).fill(shards, Jobs(drawn, counted(), count), as_records, "")
    assert most <= 2 * RECORDS_PER_SHARD + 1  # being written, being collected, being described


def test_photos_go_on_being_described_while_a_shard_is_written(tmp_path: Path) -> None:
    shards, went_on = Watched(tmp_path / "shards"), threading.Event()
    waited: list[bool] = []
    shards.before_write = lambda: waited.append(went_on.wait(WAIT_S))

    def finish(prepared: Iterator[Prepared]) -> Iterator[Record]:
        for number, record in enumerate(as_records(prepared)):
            if number > RECORDS_PER_SHARD:
                went_on.set()
            yield record

    count = 2 * RECORDS_PER_SHARD
    run_of(tmp_path).fill(shards, Jobs(drawn, names_of(count), count), finish, "")
    assert all(waited) and shards.num_written == count


def test_workers_have_two_batches_to_do_while_the_network_computes(tmp_path: Path) -> None:
    names, taken = save_photos(tmp_path, 40), 0
    run = run_of(tmp_path, num_workers=1, batch_size=8)

    def counted() -> Iterator[tuple[str, None]]:
        nonlocal taken
        for name in names:
            taken += 1
            yield name, None

    ahead: list[int] = []

    def finish(prepared: Iterator[Prepared]) -> Iterator[Record]:
        for number, record in enumerate(as_records(prepared)):
            ahead.append(taken - number - 1)
            yield record

    run.fill(Watched(tmp_path / "shards"), Jobs(drawn, counted(), 40), finish, "")
    assert max(ahead) == 2 * 8 > TASKS_PER_WORKER


def test_a_disk_that_fails_ends_the_run_with_its_error(tmp_path: Path) -> None:
    shards = Watched(tmp_path / "shards")

    def fail() -> None:
        raise StageError("cannot write: no room")

    shards.before_write = fail
    with pytest.raises(StageError, match="no room"):
        run_of(tmp_path).fill(shards, Jobs(drawn, names_of(500), 500), as_records, "")
    assert shards.num_written == 0


def test_what_was_described_before_an_error_is_on_disk(tmp_path: Path) -> None:
    shards = Watched(tmp_path / "shards")

    def finish(prepared: Iterator[Prepared]) -> Iterator[Record]:
        for number, record in enumerate(as_records(prepared)):
            if number == RECORDS_PER_SHARD + 3:
                raise KeyboardInterrupt
            yield record

    with pytest.raises(KeyboardInterrupt):
        run_of(tmp_path).fill(shards, Jobs(drawn, names_of(100), 100), finish, "")
    assert len(ShardFolder(shards.folder, {}, "a test").index) == RECORDS_PER_SHARD + 3


class InMainProcess(MeanColour):
    """A model whose network computes here."""

    computes_in_workers = False

    def __init__(self, keeps_busy: bool) -> None:
        super().__init__()
        self.keeps_busy = keeps_busy

    def keeps_cores_busy(self) -> bool:
        return self.keeps_busy

    def default_batch_size(self) -> int:
        return 32


@pytest.mark.parametrize(
    ("extractor", "expected"), [(MeanColour(), 6), (InMainProcess(True), 1), (InMainProcess(False), 6)]
)
def test_auto_takes_one_worker_only_where_the_network_needs_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: Extractor, expected: int
) -> None:
    monkeypatch.setattr("hloc.stream.automatic_workers", lambda: 6)
    run = FeatureRun(tmp_path, tmp_path / "f.h5", extractor)
    assert run._num_workers(100) == expected
    assert run._num_workers(1) == 1


def test_the_batch_size_is_the_one_asked_for_or_the_models_own(tmp_path: Path) -> None:
    assert run_of(tmp_path, InMainProcess(False)).batch_size == 32
    assert run_of(tmp_path, InMainProcess(False), batch_size=3).batch_size == 3
    assert run_of(tmp_path).batch_size == 1
