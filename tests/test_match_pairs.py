"""The script: flags, exit codes, what is printed."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

import match_pairs
from stages.settings.pipeline import MatchSettings
from tests.hloc.matching.drawn import draw_facade, seen_by
from tests.hloc.matching.folders import VIEWS, save


@pytest.fixture
def work_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two views of one wall and a photo of another, with their candidate pairs, where the defaults look for them."""
    monkeypatch.chdir(tmp_path)
    photos = {"a.png": seen_by(draw_facade(1), VIEWS[0]), "b.png": seen_by(draw_facade(1), VIEWS[1])}
    photos["c.png"] = draw_facade(2)
    for name, photo in photos.items():
        save(tmp_path / "datasets" / name, photo)
    rows = [f"{one}\t{other}\t0.5\n" for one, other in combinations(sorted(photos), 2)]
    (tmp_path / "netvlad").mkdir()
    (tmp_path / "netvlad" / "pairs-mine.txt").write_text("".join(rows))
    return tmp_path


def run(*flags: str) -> int:
    return match_pairs.main(match_pairs.parse_args(["--num_workers", "0", "--num_keypoints", "400", *flags]))


def test_defaults_are_those_of_the_settings() -> None:
    args, settings = match_pairs.parse_args([]), MatchSettings()
    for name in vars(settings):
        assert getattr(args, name) == getattr(settings, name)


def test_pairs_become_probabilities_and_the_paths_are_printed(
    work_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--quiet") == 0
    lines = (work_folder / "netvlad" / "pairs-mine-verified.txt").read_text().splitlines()
    found = {(one, other): float(probability) for one, other, probability in (line.split("\t") for line in lines)}
    assert found["a.png", "b.png"] > 0.98 > max(found["a.png", "c.png"], found["b.png", "c.png"])
    shown = capsys.readouterr()
    assert "called same: " in shown.out and "pairs-mine-verified.txt" in shown.out and shown.err == ""


def test_run_twice_does_nothing_more(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--quiet")
    capsys.readouterr()
    assert run("--quiet") == 0
    assert "already up to date" in capsys.readouterr().out


def test_json_is_the_report(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--quiet", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["stage"] == "match_pairs" and content["counts"]["with_local_features"] == 3


def test_an_undecodable_photo_gives_three_and_is_named(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work_folder / "datasets" / "cut.png").write_bytes((work_folder / "datasets" / "a.png").read_bytes()[:200])
    assert run("--quiet") == 3
    assert "cut.png" in capsys.readouterr().out


def test_no_pairs_gives_one(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work_folder / "netvlad" / "pairs-mine.txt").unlink()
    assert run("--quiet") == 1
    assert "extract_features.py" in capsys.readouterr().err


def test_a_number_out_of_range_gives_two(work_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--quiet", "--num_rounds", "0") == 2
    assert "--num_rounds" in capsys.readouterr().err


def test_a_calibration_of_other_evidence_gives_one_and_names_the_command(
    work_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("own.json").write_text(
        json.dumps({"format": "calibration", "format_version": 1, "evidence": [], "intercept": 0, "fitted_on": {}})
    )
    assert run("--quiet", "--calibration", "own.json") == 1
    assert "python -m tools.calibrate" in capsys.readouterr().err
