"""The command ``python -m tools.estimate_workload``."""

from __future__ import annotations

import json

import pytest

from stages.settings.compare import WorkloadSettings
from tools.estimate_workload import main, parse_args


def test_it_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["--num_photos", "20000", "--num_classes", "5", "--batch_size", "2500", "--similar_share", "0.5"]
    assert main(parse_args(call)) == 0
    assert "6,375,262  96.8122%" in capsys.readouterr().out


def test_classes_of_unequal_sizes_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(["--class_sizes", "9", "4", "--json"])) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["class_sizes"] == [9, 4] and told["all_pairs"] == 78


def test_a_wrong_call_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args([])) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: give --num_photos") and shown.count("\n") == 1


def test_the_defaults_are_those_of_the_settings() -> None:
    given = {key: value for key, value in vars(parse_args([])).items() if key not in ("quiet", "json")}
    assert WorkloadSettings(**given) == WorkloadSettings()
