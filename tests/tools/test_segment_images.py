"""The command ``python -m tools.segment_images``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segmentation import flags
from tests.drawn_photos import save_photos
from tools.segment_images import main, parse_args


def call(tmp_path: Path, *more: str) -> list[str]:
    return ["--image_dir", str(tmp_path / "photos"), "--batch", str(tmp_path / "out"), "--quiet", *more]


def test_it_writes_the_results_and_says_where_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_photos(tmp_path / "photos", 2)
    assert main(parse_args(call(tmp_path, "--json", "--k", "40"))) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["segmented"] == 2 and report["settings"]["given"] == {"k": "40"}
    assert Path(report["outputs"]["table"]).is_file()


def test_a_photo_that_cannot_be_read_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_photos(tmp_path / "photos", 1)
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no photo")
    assert main(parse_args(call(tmp_path))) == 3
    assert "'bad.jpg'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--region_size", "20"], "superpixel, slickmeans"),
        (["--method", "kmeans", "--k", "0"], "--k is 0"),
        (["--method", "sam"], "--checkpoint"),
        (["--building", "1"], "--work_dir"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    save_photos(tmp_path / "photos", 1)
    assert main(parse_args(call(tmp_path, *more))) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and said in shown


def test_a_folder_that_is_not_there_is_exit_code_1(tmp_path: Path) -> None:
    assert main(parse_args(call(tmp_path))) == 1


def test_without_batch_the_page_is_served_for_this_machine_alone() -> None:
    args = parse_args(["--image_dir", "photos"])
    assert (args.batch, args.host, args.port, args.precompute) == (None, "127.0.0.1", 8766, 10)


@pytest.mark.parametrize("flag", ["--sigma_color", "--sigma-color", "--sigmaColor"])
def test_a_parameter_may_be_spelled_as_in_segmentimg(flag: str) -> None:
    assert parse_args(["--batch", "out", flag, "80"]).given_sigma_color == "80"


def test_the_help_shows_every_parameter_with_takers_defaults_and_range(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_args(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert all(f"--{name}" in shown for name in flags())
    assert "a whole number from 1 to 1,000; kmeans, slickmeans: 15; graph: auto)" in shown.replace("- ", "-")
