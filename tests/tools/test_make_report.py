"""The commands ``python -m tools.make_report`` and ``python -m tools.export_labels``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.drawn_work import SHOP, DrawnWork, draw_work, reasons
from tools import export_labels, make_report


@pytest.fixture
def work(tmp_path: Path) -> DrawnWork:
    work = draw_work(tmp_path / "Street 5")
    work.write_clusters({"3": SHOP, "-1": []}, reasons() | {"skipped": []})
    return work


def test_a_work_folder_is_enough(work: DrawnWork, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_report.main(make_report.parse_args(["--work_dir", str(work.folder), "--quiet"])) == 0
    text = capsys.readouterr().out
    assert f"report: {work.report_dir / 'index.html'}" in text
    assert "<title>Overview – Street 5</title>" in (work.report_dir / "index.html").read_text(encoding="utf-8")


def test_each_folder_can_be_given_and_json_is_printed(work: DrawnWork, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--image-dir", str(work.folder / "datasets"), "--results_dir", str(work.folder / "results")]
    flags += ["--export_dir", str(work.folder / "out"), "--title", "<T>", "--json", "--quiet", "--no_contact_sheets"]
    assert make_report.main(make_report.parse_args(flags)) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["stage"] == "make_report" and content["counts"]["buildings"] == 1
    assert not (work.folder / "out" / "sheets").exists()


def test_a_photo_that_cannot_be_shown_is_exit_code_3(work: DrawnWork) -> None:
    (work.folder / "datasets" / SHOP[0]).write_bytes(b"broken")
    assert make_report.main(make_report.parse_args(["--work_dir", str(work.folder), "--quiet"])) == 3


@pytest.mark.parametrize("tool", [make_report, export_labels])
def test_a_folder_without_results_is_one_line_and_exit_code_1(
    tool: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(tool.parse_args(["--work_dir", str(tmp_path)])) == 1  # type: ignore[attr-defined]
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1 and "--results_dir" in shown.err


def test_labels_go_where_they_are_asked_for(work: DrawnWork, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--work_dir", str(work.folder), "--format", "xmp", "--output", str(work.folder / "out"), "--quiet"]
    assert export_labels.main(export_labels.parse_args(flags)) == 0
    assert (work.folder / "out" / f"{SHOP[0]}.xmp").is_file()
    assert f"labels: {work.folder / 'out'}" in capsys.readouterr().out


def test_an_unknown_format_is_exit_code_2() -> None:
    with pytest.raises(SystemExit) as end:
        export_labels.parse_args(["--format", "yolo"])
    assert end.value.code == 2
