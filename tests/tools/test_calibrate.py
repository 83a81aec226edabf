"""The script that fits the probability of a pair on labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hloc.matching.evidence import EVIDENCE
from storage.formats.calibration import read_calibration
from storage.formats.matches import write_matches
from tests.stages.test_calibrate import file_of
from tools.calibrate import main, parse_args


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty photos of two buildings, half of each, with verified pairs and labels."""
    write_matches(tmp_path / "matches.h5", file_of(40))
    lines = [f"{number}.jpg,{'one' if number < 20 else 'two'}\n" for number in range(40)]
    (tmp_path / "labels.csv").write_text("path,building\n" + "".join(lines))
    return tmp_path


def run(folder: Path, *flags: str) -> int:
    paths = ["--matches", str(folder / "matches.h5"), "--labels", str(folder / "labels.csv")]
    return main(parse_args([*paths, "--output", str(folder / "own.json"), "--quiet", *flags]))


def label_many_buildings(folder: Path) -> None:
    """Give every photo that matches well with others a building of four."""
    lines = [f"{number}.jpg,b{number // 4}\n" for number in range(40)]
    (folder / "labels.csv").write_text("path,building\n" + "".join(lines))


def test_the_file_that_is_written_reads_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    found = read_calibration(folder / "own.json", list(EVIDENCE))
    assert found.fitted_on["photos"] == 40 and max(found.coefficients) > 0
    assert str(folder / "own.json") in capsys.readouterr().out


def test_too_few_buildings_for_a_test_are_said_to_be(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    assert "not tested on other buildings: too few labels for 5 folds" in capsys.readouterr().out


def test_predicted_and_observed_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    label_many_buildings(folder)
    assert run(folder) == 0
    shown = capsys.readouterr().out
    assert "on buildings that it was not fitted on" in shown and "predicted  observed" in shown


def test_json_holds_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    label_many_buildings(folder)
    assert run(folder, "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["fitted_on"]["buildings"] == 10 and content["note"] == ""
    assert sum(row["count"] for row in content["reliability"]) == 780


def test_too_few_labels_give_one_and_write_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "labels.csv").write_text("path,building\n0.jpg,one\n1.jpg,one\n")
    assert run(folder) == 1
    assert "label more photos" in capsys.readouterr().err and not (folder / "own.json").exists()


def test_missing_pairs_name_the_command_that_makes_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "matches.h5").unlink()
    assert run(folder) == 1
    assert "python match_pairs.py" in capsys.readouterr().err
