"""The calibration file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.calibration import Calibration, read_calibration, write_calibration

NAMES = ["surprise", "rank"]
PLAIN = Calibration(NAMES, [1.5, -2.0], [0.5, 1.0], [2.25, 0.0], -0.125, {"photos": 12, "model": "vlad"})


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    write_calibration(tmp_path / "c.json", PLAIN)
    assert read_calibration(tmp_path / "c.json", NAMES) == PLAIN


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"python -m tools\.calibrate"):
        read_calibration(tmp_path / "c.json", NAMES)


@pytest.mark.parametrize("names", [["surprise"], ["rank", "surprise"], ["surprise", "rank", "luck"]])
def test_a_file_that_weighs_other_evidence_is_refused(tmp_path: Path, names: list[str]) -> None:
    write_calibration(tmp_path / "c.json", PLAIN)
    with pytest.raises(DamagedFileError, match="weighs the evidence surprise, rank"):
        read_calibration(tmp_path / "c.json", names)


def spoil(content: dict[str, Any], how: str) -> None:
    if how == "no evidence":
        del content["evidence"]
    elif how == "text for a number":
        content["evidence"][0]["mean"] = "1.5"
    elif how == "scale of zero":
        content["evidence"][1]["scale"] = 0
    elif how == "infinite":
        content["intercept"] = 1e999
    elif how == "a list":
        content["evidence"] = [1, 2]
    else:
        content["format"] = how


@pytest.mark.parametrize(
    "how", ["no evidence", "text for a number", "scale of zero", "infinite", "a list", "another format"]
)
def test_what_is_no_calibration_is_refused_by_its_path(tmp_path: Path, how: str) -> None:
    path = tmp_path / "c.json"
    write_calibration(path, PLAIN)
    content = json.loads(path.read_text())
    spoil(content, how)
    path.write_text(json.dumps(content))
    with pytest.raises(StageError, match=r"c\.json"):
        read_calibration(path, NAMES)
