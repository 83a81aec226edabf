from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.errors import StageError
from storage.report import RunReport, SkippedPhoto, check_accounting


def make_report() -> RunReport:
    report = RunReport("extract_features", {"num_to_match": 10}, {"photos": 3, "described": 2}, seconds=1.25)
    report.skipped = [SkippedPhoto("b.jpg", "empty file"), SkippedPhoto("b.jpg", "empty file")]
    report.outputs = {"pairs": "netvlad/pairs-vlad.txt"}
    report.notes = ["have a look"]
    return report


def test_a_report_is_written_for_programs_and_for_people(tmp_path: Path) -> None:
    path = make_report().write(tmp_path)
    assert path == tmp_path / "reports" / "extract_features" / "report.json"
    content = json.loads(path.read_text())
    assert content["counts"] == {"photos": 3, "described": 2}
    assert (content["format"], content["format_version"], content["exit_code"]) == ("run-report", 1, 3)
    text = (path.parent / "summary.txt").read_text()
    for part in ("done in 1.2 s", "photos: 3", "pairs: netvlad/pairs-vlad.txt", "have a look", "'b.jpg': empty file"):
        assert part in text


def test_a_photo_skipped_twice_is_named_once() -> None:
    report = make_report()
    assert report.as_json()["skipped"] == [{"name": "b.jpg", "reason": "empty file"}]
    assert report.as_text().count("b.jpg") == 1


def test_the_exit_code_tells_whether_photos_were_skipped() -> None:
    assert make_report().exit_code == 3
    assert RunReport("x").exit_code == 0


def test_a_stage_that_had_nothing_to_do_says_so() -> None:
    assert "already up to date" in RunReport("x", is_current=True).as_text()


def test_accounts_that_add_up_pass_and_others_do_not() -> None:
    check_accounting(make_report(), 3, described=2)
    with pytest.raises(StageError, match="4 photos went in but 3 came out"):
        check_accounting(make_report(), 4, described=2)
