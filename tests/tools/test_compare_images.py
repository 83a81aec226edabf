"""The command ``python -m tools.compare_images``, and what the other scripts make of its pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import create_clusters
import export_clusters
from hloc.similarities import SIMILARITIES
from stages.check import WorkFolders, check_results
from stages.settings.compare import CompareSettings
from tests.drawn_digits import save_digits
from tests.tiny_similarity import register
from tools import compare_images
from tools.compare_images import main, parse_args

NUM_DIGITS = 50


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    register(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compare(*more: str) -> int:
    return main(parse_args(["--method", "tiny", "--num_workers", "0", "--quiet", *more]))


@pytest.mark.parametrize(
    "how",
    [
        [],
        ["--skip", "leader"],
        ["--skip", "none", "--pairs_format", "hdf5"],
        ["--batch_size", "16"],
        ["--batch_size", "16", "--rescue_outliers"],
        ["--method", "tiny_blocks"],
    ],
)
def test_from_digits_to_folders_every_photo_is_in_exactly_one_group(work: Path, how: list[str]) -> None:
    truth = save_digits(work / "datasets", NUM_DIGITS, side=48, jitter=1)
    assert compare("--threshold", "0.95", *how) == 0
    assert create_clusters.main(create_clusters.parse_args(["--quiet"])) == 0
    assert export_clusters.main(export_clusters.parse_args(["--quiet"])) == 0
    clusters = json.loads((work / "results" / "clusters.json").read_text(encoding="utf-8"))
    assert sorted(name for names in clusters.values() for name in names) == sorted(truth)
    copied = [path.name for path in (work / "results" / "building_images").rglob("*.png")]
    assert sorted(copied) == sorted(truth)
    groups = [names for number, names in clusters.items() if number != "-1"]
    pure = sum(max(list(map(truth.__getitem__, names)).count(digit) for digit in range(10)) for names in groups)
    assert len(groups) >= 6 and pure == sum(map(len, groups))


def test_a_chain_of_photos_is_one_cluster(work: Path) -> None:
    # each of these is like the next one, the first is not like the last
    import cv2
    import numpy as np

    (work / "datasets").mkdir()
    for step in range(5):
        photo = np.full((48, 48, 3), 255, np.uint8)
        cv2.circle(photo, (14 + 5 * step, 24), 10, (0, 0, 0), -1)
        cv2.imwrite(str(work / "datasets" / f"step_{step}.png"), photo)
    assert compare("--threshold", "0.7", "--skip", "none") == 0
    pairs = (work / "netvlad" / "pairs-tiny.txt").read_text(encoding="utf-8")
    assert "step_0.png\tstep_1.png" in pairs and "step_0.png\tstep_4.png" not in pairs
    assert compare("--threshold", "0.7") == 0
    assert create_clusters.main(create_clusters.parse_args(["--quiet"])) == 0
    clusters = json.loads((work / "results" / "clusters.json").read_text(encoding="utf-8"))
    assert clusters == {"0": [f"step_{step}.png" for step in range(5)], "-1": []}


def test_what_it_writes_passes_the_check_of_results(work: Path) -> None:
    save_digits(work / "datasets", 12, side=32, jitter=1)
    compare("--batch_size", "5")
    create_clusters.main(create_clusters.parse_args(["--quiet"]))
    assert check_results(WorkFolders(work / "datasets", work / "netvlad", work / "results")).problems == []


def test_the_report_is_json_when_asked(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_digits(work / "datasets", 4, side=32)
    assert compare("--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["stage"] == "compare_images" and told["counts"]["comparisons"] <= 6


def test_no_photos_are_one_line_and_exit_code_1(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "datasets").mkdir()
    assert compare() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_method_is_refused_with_those_that_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_args(["--method", "magic"])
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert all(name in shown for name in SIMILARITIES)


def test_a_photo_that_cannot_be_used_is_exit_code_3(work: Path) -> None:
    save_digits(work / "datasets", 3, side=32)
    (work / "datasets" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    assert compare() == 3


def test_the_help_warns_of_the_leader_rule() -> None:
    text = compare_images.__doc__ or ""
    assert "depends on the order of the photos" in text


def test_the_defaults_are_those_of_the_settings() -> None:
    given = {key: value for key, value in vars(parse_args([])).items() if key not in ("quiet", "json")}
    assert CompareSettings(**given | {"num_workers": None}) == CompareSettings()


def test_size_and_scale_are_two_numbers_each() -> None:
    args = parse_args(["--size", "64", "48", "--scale", "0.5", "0.25"])
    assert (args.size, args.scale) == ([64, 48], [0.5, 0.25])
