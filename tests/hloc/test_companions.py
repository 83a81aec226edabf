"""One decoding for several models: whoever decodes a photo first also works for those whose turn comes later."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc import companions, stream
from hloc.companions import Companion, Company
from hloc.extraction import Extraction, extract, extract_all
from hloc.extractors.base import Extractor
from hloc.feature_run import FeatureRun, Resources
from hloc.stream import Part, Prepared
from storage.errors import StageError, UsageError
from storage.photos import load_photo_sizes
from tests.drawn_photos import draw_photo, save_photos
from tests.fake_models import CentredColour, MeanColour


class SmallerColour(MeanColour):
    """Looks at a smaller picture than the model before it."""

    name = "smaller_colour"
    max_side = 24


class ByNetwork(SmallerColour):
    """Says that the main process does the work."""

    name = "by_network"
    computes_in_workers = False


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return save_photos(tmp_path / "photos", 40)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each photo was opened to be decoded."""
    counts: Counter[str] = Counter()

    def counted(path: Path, *rest: Any) -> Any:
        counts[path.name] += 1
        return load_photo_sizes(path, *rest)

    monkeypatch.setattr(stream, "load_photo_sizes", counted)
    return counts


def run_of(tmp_path: Path, model: Extractor, out: str = "out", num_workers: int = 0) -> FeatureRun:
    return FeatureRun(tmp_path / "photos", tmp_path / out / f"{model.name}.h5", model, resources=Resources(num_workers))


def run_both(tmp_path: Path, names: Sequence[str], num_workers: int = 0, overwrite: bool = False) -> list[Extraction]:
    runs = [run_of(tmp_path, model, "out", num_workers) for model in (CentredColour(), SmallerColour())]
    return extract_all(runs, names, overwrite)


def run_each(tmp_path: Path, names: Sequence[str]) -> dict[str, bytes]:
    for model in (CentredColour(), SmallerColour()):
        extract(run_of(tmp_path, model, "each"), names)
    return contents(tmp_path / "each")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("num_workers", [0, 2])
def test_models_together_write_the_bytes_that_each_writes_alone(
    tmp_path: Path, names: list[str], num_workers: int
) -> None:
    found = run_both(tmp_path, names, num_workers)
    assert [result.computed for result in found] == [names, names]
    assert contents(tmp_path / "out") == run_each(tmp_path, names)


def test_each_photo_is_decoded_once_for_all_models(tmp_path: Path, names: list[str], readings: Counter[str]) -> None:
    run_both(tmp_path, names)
    assert readings == dict.fromkeys(names, 1)


def test_a_model_whose_network_works_in_the_main_process_decodes_for_itself(
    tmp_path: Path, names: list[str], readings: Counter[str]
) -> None:
    extract_all([run_of(tmp_path, MeanColour()), run_of(tmp_path, ByNetwork())], names)
    assert readings == dict.fromkeys(names, 2)


def test_a_second_run_writes_nothing(tmp_path: Path, names: list[str], readings: Counter[str]) -> None:
    run_both(tmp_path, names)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    readings.clear()
    assert all(result.is_current for result in run_both(tmp_path, names)) and not readings
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_a_changed_photo_is_decoded_once_and_a_removed_one_leaves_both_files(
    tmp_path: Path, names: list[str], readings: Counter[str]
) -> None:
    run_both(tmp_path, names)
    draw_photo(999).save(tmp_path / "photos" / names[7])
    (tmp_path / "photos" / names[9]).unlink()
    readings.clear()
    left = [name for name in names if name != names[9]]
    found = run_both(tmp_path, left)
    assert readings == {names[7]: 1}
    assert [result.computed for result in found] == [[names[7]]] * 2
    assert all(list(result.features.names) == left for result in found)


def test_overwrite_describes_every_photo_anew_for_both(
    tmp_path: Path, names: list[str], readings: Counter[str]
) -> None:
    run_both(tmp_path, names)
    before = contents(tmp_path / "out")
    readings.clear()
    found = run_both(tmp_path, names, overwrite=True)
    assert [result.computed for result in found] == [names, names] and readings == dict.fromkeys(names, 1)
    assert contents(tmp_path / "out") == before


def test_a_model_that_stands_already_is_not_described_again(tmp_path: Path, names: list[str]) -> None:
    extract(run_of(tmp_path, SmallerColour()), names)
    first, second = run_both(tmp_path, names)
    assert first.computed == names and second.is_current


def test_a_bad_photo_is_named_for_both_and_costs_no_other(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "photos" / names[3]).write_bytes(b"\xff\xd8\xff damaged")
    found = run_both(tmp_path, names)
    assert [[photo.name for photo in result.features.skipped] for result in found] == [[names[3]]] * 2
    assert contents(tmp_path / "out") == run_each(tmp_path, names)


@pytest.mark.parametrize("num_written", [0, 1])
def test_a_run_killed_between_both_stores_goes_on_to_the_same_bytes(
    tmp_path: Path, names: list[str], num_written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, add = [num_written * 32 + 5], companions.ShardWriter.add

    def stop_at_last(writer: Any, record: Any) -> None:
        if isinstance(record, Prepared):  # on its way to a companion
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        add(writer, record)

    monkeypatch.setattr(companions.ShardWriter, "add", stop_at_last)
    with pytest.raises(KeyboardInterrupt):
        run_both(tmp_path, names)
    monkeypatch.undo()
    run_both(tmp_path, names)
    assert contents(tmp_path / "out") == run_each(tmp_path, names)


def test_what_a_companion_of_a_killed_run_wrote_is_taken_over(
    tmp_path: Path, names: list[str], readings: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hloc.extraction.write_features", stop)
    with pytest.raises(KeyboardInterrupt):
        run_both(tmp_path, names)
    monkeypatch.setattr("hloc.extraction.write_features", lambda *_: None)
    readings.clear()
    assert run_both(tmp_path, names)[1].computed == names and not readings


def test_other_settings_of_the_later_model_are_refused_before_the_first_is_computed(
    tmp_path: Path, names: list[str], readings: Counter[str]
) -> None:
    extract(run_of(tmp_path, SmallerColour(seed=1)), names)
    readings.clear()
    with pytest.raises(UsageError, match="smaller_colour.h5 was made with --seed 1"):
        run_both(tmp_path, names)
    assert not readings


class Refusing(Companion):
    """Cannot write."""

    label = "refusing"
    part = Part(np.mean, 16)

    def wanted(self, names: Sequence[str]) -> Sequence[str]:
        return names[:1]

    def write(self, items: Sequence[Prepared], /) -> None:
        raise StageError(f"no room for {items[0].name}")


def test_a_companion_that_cannot_write_ends_the_run(tmp_path: Path, names: list[str]) -> None:
    model = MeanColour()
    run = FeatureRun(
        tmp_path / "photos", tmp_path / "m.h5", model, resources=Resources(0), company=Company([Refusing()])
    )
    with pytest.raises(StageError, match=f"no room for {names[0]}"):
        extract(run, names)
    shutil.rmtree(tmp_path / "m.shards")
