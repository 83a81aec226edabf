"""The stage of ``tools.select_threshold``: table, page content and picture, from a pairs file and from a sample."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from hloc.extractors.base import Extractor
from stages.settings.tools import ThresholdSettings
from stages.similarities import descriptors
from stages.thresholds import sweep as thresholds
from stages.thresholds.inputs import draw_sample
from stages.thresholds.sweep import COLUMNS, select_threshold
from storage.errors import StageError, UsageError
from storage.formats.pairs import write_pairs
from tests.drawn_collection import HOSTILE, draw_collection, drawn_rows, write_drawn_pairs
from tests.drawn_photos import save_photos
from tests.fake_models import MeanColour
from tests.watched_calls import file_states


@pytest.fixture(autouse=True)
def _quick_picture(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the real picture only where a test is about it: it takes most of the time."""
    if "picture" not in request.node.name:
        monkeypatch.setattr(thresholds, "draw_curve", lambda *_: b"drawn")


def run(work_dir: Path, **given: Any) -> Any:
    return select_threshold(ThresholdSettings(work_dir=work_dir, output_dir=work_dir / "out", **given), json.dumps)


def table_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "threshold.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def content_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "threshold.html").read_text(encoding="utf-8"))
    return content


def test_every_line_of_the_table_counts_what_its_threshold_lets_pass(tmp_path: Path) -> None:
    names = draw_collection(tmp_path)
    run(tmp_path)
    scores = [score for _, _, score in drawn_rows(names)]
    rows = table_of(tmp_path / "out")
    assert tuple(rows[0]) == COLUMNS and len(rows) == len(set(scores))
    for row in rows:
        assert int(row["similar_pairs"]) == sum(score >= float(row["threshold"]) for score in scores)


def test_the_page_has_the_numbers_of_the_table(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    run(tmp_path)
    columns = content_of(tmp_path / "out")["columns"]
    for number, row in enumerate(table_of(tmp_path / "out")):
        assert [columns[name][number] for name in COLUMNS] == [float(row[name]) for name in COLUMNS]


def test_the_default_thresholds_of_the_model_are_points(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    report = run(tmp_path)
    content = content_of(tmp_path / "out")
    thresholds = content["columns"]["threshold"]
    assert [thresholds[content["defaults"][name]] for name in ("strong", "weak")] == [0.3, 0.15]  # those of vlad
    assert any("--strong_edg_thresh 0.3 (default)" in note for note in report.notes)


def test_the_samples_are_the_pairs_with_their_photos_by_falling_score(tmp_path: Path) -> None:
    names = draw_collection(tmp_path)
    run(tmp_path)
    content = content_of(tmp_path / "out")
    photos = [name for name, _ in content["photos"]]
    found = {(photos[one], photos[other]): score for _, one, other, score in content["samples"]}
    assert found == {(one, other): score for one, other, score in drawn_rows(names)}
    scores = [score for *_, score in content["samples"]]
    assert scores == sorted(scores, reverse=True)
    assert all(url.startswith("data:image/jpeg;base64,") for _, url in content["photos"])


def test_of_many_pairs_those_beside_places_on_the_curve_are_shown(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    run(tmp_path, num_places=2)
    content = content_of(tmp_path / "out")
    rows = [row for row, *_ in content["samples"]]
    assert len(rows) < 30 and rows == sorted(set(rows))
    for point in content["defaults"].values():
        end = content["columns"]["similar_pairs"][point]
        assert {end - 3, end - 2, end - 1, end, end + 1, end + 2} & set(range(66)) <= set(rows)


def test_a_second_run_writes_nothing(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    assert run(tmp_path).is_current is False
    before = file_states(tmp_path)
    assert run(tmp_path).is_current is True
    assert file_states(tmp_path) == before


def test_of_probabilities_zero_is_no_threshold_and_the_defaults_are_those_of_evidence(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "datasets", 5)
    path = write_drawn_pairs(tmp_path / "netvlad", names, is_probability=True)
    write_pairs(
        path, [(*names[:2], 0.9), (*names[2:4], 0.4), (*names[3:], 0.0)], {"model": "vlad", "is_probability": True}
    )
    run(tmp_path)
    content = content_of(tmp_path / "out")
    assert content["is_probability"] and content["columns"]["threshold"] == [0.8, 0.3]  # in the gaps below 0.9 and 0.4
    path.with_suffix(".json").unlink()
    run(tmp_path)
    assert content_of(tmp_path / "out")["columns"]["similar_pairs"] == [1, 2, 3]


def test_without_the_photos_the_numbers_are_there(tmp_path: Path) -> None:
    write_drawn_pairs(tmp_path / "netvlad", [f"photo{number}.jpg" for number in range(5)])
    report = run(tmp_path)
    assert len(table_of(tmp_path / "out")) >= 5 and any("no photos are shown" in note for note in report.notes)
    assert {url for _, url in content_of(tmp_path / "out")["photos"]} == {None}


def test_photos_that_are_gone_are_named_with_the_reason(tmp_path: Path) -> None:
    draw_collection(tmp_path, extra=HOSTILE)
    report = run(tmp_path)
    assert sorted(photo.name for photo in report.skipped) == sorted(HOSTILE) and report.exit_code == 3
    assert all(photo.reason.startswith("cannot be shown: ") for photo in report.skipped)


def test_the_picture_is_a_png_and_without_matplotlib_a_note_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_collection(tmp_path)
    pytest.importorskip("matplotlib")
    run(tmp_path)
    assert (tmp_path / "out" / "threshold.png").read_bytes().startswith(b"\x89PNG")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name))
    report = run(tmp_path)
    assert any("pip install matplotlib" in note for note in report.notes) and "picture" not in report.outputs


def test_pairs_of_which_nothing_can_be_made_are_an_error(tmp_path: Path) -> None:
    save_photos(tmp_path / "datasets", 1)
    (tmp_path / "pairs.txt").write_text("photo_000.jpg\tphoto_000.jpg\t0.9\n", encoding="utf-8")
    with pytest.raises(StageError, match="no pair of two photos"):
        run(tmp_path, pairs_file=tmp_path / "pairs.txt")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sample": 5}, "--sample 5: has no use without --method"),
        ({"method": "no_such_model"}, "--method no_such_model: is not known; choose from auto, vlad"),
        ({"method": "vlad", "sample": 1}, "--sample is 1"),
        ({"method": "vlad", "pairs_file": Path("pairs.txt")}, "leave --pairs_file"),
        ({"max_points": 3}, "--max_points is 3"),
        ({"num_places": 0}, "--num_places is 0"),
        ({"seed": -1}, "--seed is -1"),
    ],
)
def test_a_wrong_call_names_flag_and_value(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    draw_collection(tmp_path, 3)
    with pytest.raises(UsageError, match=said):
        run(tmp_path, **given)


def test_results_among_the_photos_are_refused(tmp_path: Path) -> None:
    draw_collection(tmp_path, 3)
    with pytest.raises(UsageError, match="--output_dir"):
        select_threshold(ThresholdSettings(tmp_path, output_dir=tmp_path / "datasets" / "out"), json.dumps)


# -- samples


@pytest.fixture
def mean_colour(monkeypatch: pytest.MonkeyPatch) -> type[Extractor]:
    """Let the method ``vlad`` be the mean colour, which needs no learning."""
    monkeypatch.setattr(descriptors, "choose_models", lambda method, options: [method])
    monkeypatch.setattr(descriptors, "create_extractor", lambda model, options: MeanColour())
    return MeanColour


def test_a_sample_has_all_its_pairs(tmp_path: Path, mean_colour: type[Extractor]) -> None:
    save_photos(tmp_path / "datasets", 9)
    report = run(tmp_path, method="vlad", sample=6, num_workers=0)
    content = content_of(tmp_path / "out")
    assert report.counts["photos"] == 6 and report.counts["pairs"] == 15
    assert (content["num_photos"], content["sampled_from"]) == (6, 9)
    assert any("6 of 9 photos, drawn by --seed 0" in note for note in report.notes)


def test_the_same_sample_is_not_described_again(tmp_path: Path, mean_colour: type[Extractor]) -> None:
    save_photos(tmp_path / "datasets", 9)
    run(tmp_path, method="vlad", sample=6, num_workers=0)
    assert run(tmp_path, method="vlad", sample=6, num_workers=0).is_current
    run(tmp_path, method="vlad", sample=6, seed=1, num_workers=0)
    assert len(list((tmp_path / "out").glob("descriptors-*"))) == 2


def test_a_broken_photo_of_a_sample_is_named(tmp_path: Path, mean_colour: type[Extractor]) -> None:
    save_photos(tmp_path / "datasets", 3)
    (tmp_path / "datasets" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    report = run(tmp_path, method="vlad", sample=4, num_workers=0)
    assert [photo.name for photo in report.skipped] == ["broken.jpg"] and report.exit_code == 3


def test_one_usable_photo_is_too_few(tmp_path: Path, mean_colour: type[Extractor]) -> None:
    save_photos(tmp_path / "datasets", 1)
    with pytest.raises(StageError, match="two are needed"):
        run(tmp_path, method="vlad", num_workers=0)


def test_a_sample_is_drawn_by_its_seed_alone() -> None:
    names = [f"{number:03d}.jpg" for number in range(100)]
    one, same, other = (draw_sample(names, 10, seed) for seed in (5, 5, 6))
    assert one == same != other and one == sorted(one) and len(set(one)) == 10
    assert draw_sample(names[:4], 10, 0) == names[:4]
