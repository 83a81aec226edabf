"""The stage of match_pairs.py, from folder to files."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stages.match as match_module
from hloc.matching.rows import RowWork
from hloc.probability import DEFAULT_CALIBRATION
from stages.check import WorkFolders, check_results
from stages.match import match_pairs
from stages.settings.pipeline import MatchSettings
from storage.errors import StageError, UnreadableFileError, UsageError
from storage.formats.matches import VERDICTS, MatchesFile, read_matches
from storage.formats.pairs import read_origin, read_pairs, write_pairs
from tests.hloc.matching.drawn import draw_facade
from tests.hloc.matching.folders import save, save_walls

OUTPUTS = ("pairs-test-verified.txt", "pairs-test-verified.json", "matches-test.h5", "matches-test.tsv")


SURE = 0.9  # drawn walls are of rectangles only, of which a few fit by chance
SETTINGS = MatchSettings(num_keypoints=250, num_workers=0)


def lay_out(tmp_path: Path, stamp: bool = False, skipped: list[dict[str, str]] | None = None) -> MatchSettings:
    labels = save_walls(tmp_path / "photos", stamp=stamp)
    rows = [(one, other, 0.5) for one, other in combinations(sorted(labels), 2)]
    write_pairs(tmp_path / "out" / "pairs-test.txt", rows, {"model": "test", "skipped": skipped or []})
    return replace(SETTINGS, image_dir=tmp_path / "photos", outputs_dir=tmp_path / "out")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made_once")
    match_pairs(lay_out(folder))
    return folder


@pytest.fixture
def settings(tmp_path: Path, made_once: Path) -> MatchSettings:
    """A folder of its own for the test, with all pairs verified."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return replace(SETTINGS, image_dir=tmp_path / "photos", outputs_dir=tmp_path / "out")


def verified(settings: MatchSettings) -> dict[tuple[str, str], float]:
    pairs = read_pairs(settings.outputs_dir / "pairs-test-verified.txt")
    rows = zip(pairs.first, pairs.second, pairs.scores, strict=True)
    return {(pairs.names[first], pairs.names[second]): float(score) for first, second, score in rows}


def contents(settings: MatchSettings) -> dict[str, bytes]:
    return {name: (settings.outputs_dir / name).read_bytes() for name in OUTPUTS}


def all_files(folder: Path) -> dict[Path, tuple[int, int]]:
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".lock"))
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in paths}


def read(settings: MatchSettings) -> MatchesFile:
    return read_matches(settings.outputs_dir / "matches-test.h5")


def test_pairs_of_one_wall_are_verified_and_others_are_not(tmp_path: Path) -> None:
    settings = lay_out(tmp_path)
    report = match_pairs(settings)
    for (one, other), probability in verified(settings).items():
        assert one < other and (probability > SURE) == (one[:6] == other[:6])
    assert report.exit_code == 0 and report.counts["pairs"] == 21 and report.counts["called_same"] >= 6
    assert report.counts["photos"] == 7 == report.counts["with_local_features"]


def test_the_table_agrees_with_the_pairs(settings: MatchSettings) -> None:
    table, pairs = read(settings), verified(settings)
    for row in range(len(table.matches)):
        one, other = sorted((table.names[table.matches.first[row]], table.names[table.matches.second[row]]))
        assert pairs[one, other] == table.probability[row]
        assert (VERDICTS[table.verdict[row]] == "same") == (table.probability[row] >= 0.5)
    lines = (settings.outputs_dir / "matches-test.tsv").read_text().splitlines()
    assert len(lines) == 1 + len(table.matches)


def test_the_origin_names_model_matcher_settings_and_checksums(settings: MatchSettings) -> None:
    origin: Any = read_origin(settings.outputs_dir / "pairs-test-verified.txt")
    assert (origin["model"], origin["matcher"], origin["num_keypoints"]) == ("test", "rootsift", 250)
    assert origin["matches_checksum"] == read(settings).checksum and origin["is_probability"] is True
    for key in ("photos_checksum", "pairs_sha256", "calibration_checksum", "max_pairs", "num_rounds", "skipped"):
        assert key in origin


def test_a_second_run_writes_nothing(tmp_path: Path, settings: MatchSettings) -> None:
    before = all_files(tmp_path)
    assert match_pairs(settings).is_current and all_files(tmp_path) == before


def test_nothing_unfinished_is_left(tmp_path: Path, settings: MatchSettings) -> None:
    assert not (settings.outputs_dir / "matches.shards").exists() and not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("num_workers", [1, 2])
def test_the_number_of_workers_changes_no_byte(settings: MatchSettings, num_workers: int) -> None:
    alone = contents(settings)
    for name in OUTPUTS:
        (settings.outputs_dir / name).unlink()
    match_pairs(replace(settings, num_workers=num_workers))
    assert contents(settings) == alone


class StoppedError(BaseException):
    """The run is killed here."""


@pytest.mark.parametrize("calls_before", [0, 3])
def test_killed_while_verifying_it_ends_with_the_same_bytes(
    settings: MatchSettings, monkeypatch: pytest.MonkeyPatch, calls_before: int
) -> None:
    whole = contents(settings)
    for name in OUTPUTS:
        (settings.outputs_dir / name).unlink()
    plain, calls = RowWork.__call__, []

    def stopping(self: RowWork, name: str, pairs: np.ndarray) -> object:
        calls.append(name)
        if len(calls) > calls_before:
            raise StoppedError
        return plain(self, name, pairs)

    with monkeypatch.context() as patch:
        patch.setattr(RowWork, "__call__", stopping)
        with pytest.raises(StoppedError):
            match_pairs(settings)
    match_pairs(settings)
    assert contents(settings) == whole


@pytest.mark.parametrize("writer", ["write_matches", "write_table", "write_pairs", "remove_unfinished"])
def test_killed_while_writing_it_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    settings = lay_out(tmp_path)

    def stopping(*_: object) -> None:
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(match_module, writer, stopping)
        with pytest.raises(StoppedError):
            match_pairs(settings)
    match_pairs(settings)
    assert not (settings.outputs_dir / "matches.shards").exists()
    after = contents(settings)
    for name in OUTPUTS:
        (settings.outputs_dir / name).unlink()
    match_pairs(settings)
    assert contents(settings) == after


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_damaged_or_missing_output_is_made_again(settings: MatchSettings, name: str) -> None:
    before = contents(settings)
    path = settings.outputs_dir / name
    if name.endswith(".tsv"):
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-20])
    assert not match_pairs(settings).is_current and contents(settings) == before


def test_matches_that_cannot_be_read_at_the_moment_are_not_made_anew(
    settings: MatchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(settings)

    def failing(path: Path, mode: str) -> Any:
        if path.name == "matches-test.h5":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return open(path, mode)

    monkeypatch.setattr("storage.formats.hdf5_seal.open", failing, raising=False)
    with pytest.raises(UnreadableFileError, match="cannot read .*matches-test.h5: Input/output error"):
        match_pairs(settings)
    assert contents(settings) == before


def test_another_setting_is_another_result(settings: MatchSettings) -> None:
    assert not match_pairs(replace(settings, num_keypoints=200)).is_current
    assert read(settings).settings["num_keypoints"] == 200


def test_a_photo_that_changed_is_matched_anew(tmp_path: Path, settings: MatchSettings) -> None:
    save(tmp_path / "photos" / "wall_1_2.png", draw_facade(77))
    report = match_pairs(settings)
    assert report.counts["computed_now"] == 1 and verified(settings)["wall_1_0.png", "wall_1_2.png"] < 0.5


def test_a_photo_that_was_only_touched_is_not(tmp_path: Path, settings: MatchSettings) -> None:
    os.utime(tmp_path / "photos" / "wall_1_2.png", (1, 1))
    assert match_pairs(settings).is_current


def test_bad_photos_are_named_once_with_a_reason(tmp_path: Path) -> None:
    settings = lay_out(tmp_path, skipped=[{"name": "bad.jpg", "reason": "is no photo"}])
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no photo")
    (tmp_path / "photos" / "worse.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    report = match_pairs(settings)
    assert report.exit_code == 3 and sorted(photo.name for photo in report.skipped) == ["bad.jpg", "worse.jpg"]
    assert report.counts["skipped"] == 2 and report.counts["photos"] == 9


def test_a_stamp_on_all_photos_glues_no_walls(tmp_path: Path) -> None:
    settings = lay_out(tmp_path, stamp=True)
    report = match_pairs(settings)
    for (one, other), probability in verified(settings).items():
        assert (probability > SURE) == (one[:6] == other[:6])
    assert report.counts["called_overlay"] > 5


def test_pairs_of_photos_that_are_gone_are_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    settings = lay_out(tmp_path)
    (tmp_path / "photos" / "alone.png").unlink()
    with pytest.raises(StageError, match=r"'alone\.png'.*extract_features\.py"):
        match_pairs(settings)


def test_no_pairs_file_names_the_command_that_makes_one(tmp_path: Path) -> None:
    settings = lay_out(tmp_path)
    (settings.outputs_dir / "pairs-test.txt").unlink()
    with pytest.raises(StageError, match=r"extract_features\.py"):
        match_pairs(settings)


def test_several_pairs_files_ask_which_is_meant(tmp_path: Path) -> None:
    settings = lay_out(tmp_path)
    write_pairs(settings.outputs_dir / "pairs-other.txt", [("alone.png", "wall_1_0.png", 0.5)], {"model": "other"})
    with pytest.raises(UsageError, match="--pairs_file"):
        match_pairs(settings)
    match_pairs(replace(settings, pairs_file=settings.outputs_dir / "pairs-other.txt"))
    assert (settings.outputs_dir / "pairs-other-verified.txt").is_file()


def test_verified_pairs_are_not_taken_for_candidates(settings: MatchSettings) -> None:
    assert match_pairs(settings).settings["pairs_file"].endswith("pairs-test.txt")


@pytest.mark.parametrize(
    ("flag", "value"),
    [("max_pairs", -1), ("num_rounds", 0), ("num_rounds", 9), ("num_workers", -1), ("num_keypoints", 1)]
    + [("max_megapixels", 0.0), ("timeout_s", 0.0), ("matcher", "eyes")],
)
def test_a_value_out_of_range_is_a_wrong_call_that_names_the_flag(tmp_path: Path, flag: str, value: Any) -> None:
    settings = replace(lay_out(tmp_path), **{flag: value})
    with pytest.raises(UsageError, match=f"--{flag}"):
        match_pairs(settings)


def test_a_calibration_of_ones_own_is_obeyed(tmp_path: Path) -> None:
    settings = lay_out(tmp_path)
    content = json.loads(DEFAULT_CALIBRATION.read_text())
    content["intercept"] = -50.0
    (tmp_path / "own.json").write_text(json.dumps(content))
    match_pairs(replace(settings, calibration=tmp_path / "own.json"))
    assert max(verified(settings).values()) < 0.01


def test_no_photo_that_can_be_used_is_an_error(tmp_path: Path) -> None:
    settings = lay_out(tmp_path)
    for path in (tmp_path / "photos").iterdir():
        path.write_bytes(b"")
    with pytest.raises(StageError, match="none of the 7 photos"):
        match_pairs(settings)


def test_photos_are_only_read(tmp_path: Path) -> None:
    settings = lay_out(tmp_path)
    before = all_files(tmp_path / "photos")
    match_pairs(settings)
    assert all_files(tmp_path / "photos") == before


# -- photos that come later -------------------------------------------------------------------------------------------


def list_all_pairs(settings: MatchSettings) -> None:
    names = sorted(path.name for path in settings.image_dir.iterdir())
    rows = [(one, other, 0.5) for one, other in combinations(names, 2)]
    write_pairs(settings.outputs_dir / "pairs-test.txt", rows, {"model": "test", "skipped": []})


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of pairs of each job that was done."""
    plain, counts = RowWork.__call__, []

    def watched(self: RowWork, name: str, pairs: np.ndarray) -> object:
        counts.append(len(pairs))
        return plain(self, name, pairs)

    monkeypatch.setattr(RowWork, "__call__", watched)
    return counts


def test_a_photo_that_is_added_is_matched_with_the_others_and_they_not_again(
    settings: MatchSettings, looked_at: list[int]
) -> None:
    looked_at.clear()
    save(settings.image_dir / "later.png", draw_facade(60))
    list_all_pairs(settings)
    report = match_pairs(settings)
    assert sum(looked_at) == 7 and report.counts["computed_now"] == 1 and report.counts["pairs"] == 28
    added = contents(settings)
    for name in OUTPUTS:
        (settings.outputs_dir / name).unlink()
    match_pairs(settings)
    assert contents(settings) == added


def test_a_photo_that_is_removed_costs_no_second_look(settings: MatchSettings, looked_at: list[int]) -> None:
    looked_at.clear()
    (settings.image_dir / "alone.png").unlink()
    list_all_pairs(settings)
    assert match_pairs(settings).counts["pairs"] == 15 and not looked_at


def test_another_calibration_costs_no_second_look(
    tmp_path: Path, settings: MatchSettings, looked_at: list[int]
) -> None:
    looked_at.clear()
    content = json.loads(DEFAULT_CALIBRATION.read_text())
    content["intercept"] += 0.01
    (tmp_path / "own.json").write_text(json.dumps(content))
    assert not match_pairs(replace(settings, calibration=tmp_path / "own.json")).is_current and not looked_at


def test_other_features_are_matched_anew(settings: MatchSettings, looked_at: list[int]) -> None:
    looked_at.clear()
    match_pairs(replace(settings, num_keypoints=200))
    assert sum(looked_at) == 21


# -- the check of a work folder ---------------------------------------------------------------------------------------


def problems(settings: MatchSettings) -> list[str]:
    return check_results(WorkFolders(settings.image_dir, settings.outputs_dir, settings.outputs_dir)).problems


def test_verified_pairs_add_up(settings: MatchSettings) -> None:
    assert problems(settings) == []


def test_candidates_that_changed_since_are_reported(settings: MatchSettings) -> None:
    write_pairs(settings.outputs_dir / "pairs-test.txt", [("alone.png", "wall_1_0.png", 0.1)], {"model": "test"})
    assert any("another pairs-test.txt" in problem for problem in problems(settings))


def test_a_table_of_another_run_is_reported(settings: MatchSettings) -> None:
    pairs = (settings.outputs_dir / "pairs-test-verified.txt").read_bytes()
    origin = (settings.outputs_dir / "pairs-test-verified.json").read_bytes()
    match_pairs(replace(settings, num_keypoints=200))
    (settings.outputs_dir / "pairs-test-verified.txt").write_bytes(pairs)
    (settings.outputs_dir / "pairs-test-verified.json").write_bytes(origin)
    assert any("does not belong to matches-test.h5" in problem for problem in problems(settings))


def test_photos_that_changed_since_and_unfinished_work_are_reported(settings: MatchSettings) -> None:
    save(settings.image_dir / "alone.png", draw_facade(61))
    (settings.outputs_dir / "matches.shards").mkdir()
    found = problems(settings)
    assert any("photos changed since: 'alone.png'" in problem for problem in found)
    assert any("was not finished" in problem for problem in found)


def test_a_first_run_complains_of_nothing(settings: MatchSettings, caplog: pytest.LogCaptureFixture) -> None:
    for path in [*settings.outputs_dir.glob("matches-*"), *settings.outputs_dir.glob("*-verified.*")]:
        path.unlink()
    with caplog.at_level("INFO"):
        assert not match_pairs(settings).is_current
    assert "missing" not in caplog.text and "damaged" not in caplog.text


def test_verified_pairs_as_hdf5_hold_the_same_probabilities(settings: MatchSettings) -> None:
    before = verified(settings)
    settings = replace(settings, pairs_format="hdf5")
    report = match_pairs(settings)
    pairs = read_pairs(Path(report.outputs["pairs"]))
    assert report.outputs["pairs"].endswith("pairs-test-verified.h5")
    assert not (settings.outputs_dir / "pairs-test-verified.txt").exists()
    ends = zip(pairs.first, pairs.second, pairs.scores, strict=True)
    assert {(pairs.names[one], pairs.names[other]): score for one, other, score in ends} == before
    assert match_pairs(settings).is_current
