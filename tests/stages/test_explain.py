"""The stage of ``tools.explain_pair``: from folders to the picture and the words."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import stages.explain as explain_module
from hloc.matching.drawing import MAX_LINES, OVERLAY_COLOUR
from stages.cluster import create_clusters
from stages.explain import Explanation, explain_pair, picture_name
from stages.match import match_pairs
from stages.settings.pipeline import ClusterSettings, MatchSettings
from stages.settings.tools import ExplainSettings
from storage.errors import StageError, UsageError
from storage.formats.decisions import Decisions, write_decisions
from storage.formats.matches import MatchesFile, read_matches
from storage.formats.pairs import read_pairs, write_pairs
from storage.names import safe_name
from tests.hloc.matching.drawn import draw_facade, stamped
from tests.hloc.matching.folders import save, save_walls

NAMES = [f"wall_{wall}_{view}.png" for wall in (1, 2) for view in range(3)]
LEFT_OUT = ("wall_1_0.png", "wall_2_2.png")  # the pair that the descriptor did not list


def explain(folder: Path, first: str, second: str, **options: Any) -> Explanation:
    places = {"image_dir": folder / "photos", "outputs_dir": folder / "out", "results_dir": folder / "results"}
    return explain_pair(ExplainSettings(first, second, **({**places, "max_side": 400} | options)))


def words(found: Explanation) -> str:
    return " ".join(found.as_json()["sentences"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two walls of three photos each and a single photo: listed, verified, clustered; one pair was not listed."""
    folder = tmp_path_factory.mktemp("finished")
    labels = save_walls(folder / "photos")
    rows = [
        (one, two, 0.9 if labels[one] == labels[two] else 0.1)
        for one, two in combinations(sorted(labels), 2)
        if (one, two) != LEFT_OUT
    ]
    write_pairs(folder / "out" / "pairs-test.txt", rows, {"model": "test", "skipped": []})
    match_pairs(MatchSettings(folder / "photos", folder / "out", num_keypoints=400, num_rounds=1, num_workers=0))
    create_clusters(ClusterSettings(folder / "photos", outputs_dir=folder / "out", results_dir=folder / "results"))
    return folder


@pytest.fixture
def work(finished: Path, tmp_path: Path) -> Path:
    """A copy of it to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "work"))


def table(folder: Path) -> MatchesFile:
    return read_matches(folder / "out" / "matches-test.h5")


def files(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_a_verified_pair_is_told_as_the_run_found_it(finished: Path, tmp_path: Path) -> None:
    found = explain(finished, "wall_1_0", "wall_1_1", output=tmp_path / "a.png")
    content = table(finished)
    rows = [content.names.index(name) for name in NAMES[:2]]
    pair = next(
        row
        for row in range(len(content.matches))
        if {*rows} == {content.matches.first[row], content.matches.second[row]}
    )
    measures = found.evidence.measures
    assert measures["probability"] == content.probability[pair] and not measures["is_matched_now"]
    assert measures["inliers"] == content.matches.num_places[pair] and measures["source"] == "retrieval"
    assert measures["agreeing_matches"] == len(content.matches.inliers_of(pair))
    assert found.decision.is_together and "Together, in building" in found.headline
    assert not found.missing and found.exit_code == 0


def test_turning_the_pair_turns_everything(finished: Path, tmp_path: Path) -> None:
    there = explain(finished, "wall_1_0", "wall_1_1", output=tmp_path / "a.png").evidence
    back = explain(finished, "wall_1_1", "wall_1_0", output=tmp_path / "b.png").evidence
    assert (there.inliers[:, ::-1] == back.inliers).all()
    assert there.measures["coverage"] == back.measures["coverage"][::-1]
    one, other = (np.vstack([each.measures["transform"], [0, 0, 1]]) for each in (there, back))
    assert np.allclose(one @ other, np.eye(3), atol=1e-3)
    assert there.measures["scale"] * back.measures["scale"] == pytest.approx(1, abs=1e-3)
    assert there.measures["rotation_deg"] == pytest.approx(-back.measures["rotation_deg"], abs=0.05)
    start, end = there.features[0].keypoints[there.inliers[:, 0]], there.features[1].keypoints[there.inliers[:, 1]]
    reached = np.column_stack([start[:, :2], np.ones(len(start))]) @ np.array(there.measures["transform"]).T
    assert np.median(np.linalg.norm(reached - end[:, :2], axis=1)) < 3


def test_the_scale_and_turn_are_those_that_were_drawn(finished: Path, tmp_path: Path) -> None:
    measures = explain(finished, "wall_1_0", "wall_1_1", output=tmp_path / "a.png").evidence.measures
    assert measures["scale"] == pytest.approx(1.15, abs=0.03)
    assert measures["rotation_deg"] == pytest.approx(3, abs=1)


def test_a_pair_that_the_run_did_not_look_at_is_matched_now_and_nothing_is_written(work: Path, tmp_path: Path) -> None:
    before = files(work)
    found = explain(work, *LEFT_OUT, output=tmp_path / "a.png")
    assert files(work) == before
    assert found.evidence.measures["is_matched_now"] and found.evidence.measures["probability"] < 0.5
    assert "Matched now, as the run would have: it did not look at this pair." in words(found)
    assert found.decision.is_together is False


def test_matched_now_gives_what_the_run_would_have_given(work: Path, tmp_path: Path) -> None:
    """The pair is taken out of the table; matched now, it gets the numbers that it had."""
    before = explain(work, "wall_2_0", "wall_2_1", output=tmp_path / "a.png").evidence
    content = table(work)
    rows = {content.names.index(name) for name in ("wall_2_0.png", "wall_2_1.png")}
    others = [
        row for row in range(len(content.matches)) if {content.matches.first[row], content.matches.second[row]} != rows
    ]
    kept = np.array(others)
    columns = {
        name: getattr(content, name)[kept] for name in ("source", "score", "probability", "verdict", "looked_again")
    }
    from storage.formats.matches import write_matches

    write_matches(work / "out" / "matches-test.h5", replace(content, matches=content.matches.take(kept), **columns))
    after = explain(work, "wall_2_0", "wall_2_1", output=tmp_path / "a.png").evidence
    assert after.measures["is_matched_now"] and (after.inliers == before.inliers).all()
    same = before.measures.keys() - {"is_matched_now", "source"}
    assert {key: after.measures[key] for key in same} == {key: before.measures[key] for key in same}


def test_without_local_features_the_photos_are_described_anew(work: Path, tmp_path: Path) -> None:
    shutil.rmtree(work / "out" / "local-feats-rootsift-400")
    found = explain(work, "wall_1_0", "wall_1_1", output=tmp_path / "a.png")
    assert "local features are gone" in words(found) and found.evidence.measures["probability"] > 0.9
    assert not (work / "out" / "local-feats-rootsift-400").exists()


def test_a_photo_that_changed_since_the_run_is_matched_as_it_is_now(work: Path, tmp_path: Path) -> None:
    save(work / "photos" / "wall_1_1.png", draw_facade(77))
    found = explain(work, "wall_1_0", "wall_1_1", output=tmp_path / "a.png")
    assert "has changed since the run" in words(found) and found.evidence.measures["probability"] < 0.5


def test_a_photo_that_came_after_the_run_can_be_explained(work: Path, tmp_path: Path) -> None:
    save(work / "photos" / "new.png", draw_facade(1))
    found = explain(work, "new", "wall_1_1", output=tmp_path / "a.png")
    assert found.evidence.measures["probability"] > 0.9 and found.decision.is_together is None
    assert "new.png had no local features in the run" in words(found)


def test_another_calibration_than_that_of_the_run_gives_no_probability(work: Path, tmp_path: Path) -> None:
    from dataclasses import asdict

    from hloc.matching.evidence import EVIDENCE
    from hloc.probability import DEFAULT_CALIBRATION
    from storage.formats.calibration import Calibration, read_calibration, write_calibration

    standard = read_calibration(DEFAULT_CALIBRATION, list(EVIDENCE))
    write_calibration(
        tmp_path / "other.json", Calibration(**(asdict(standard) | {"intercept": standard.intercept + 1}))
    )
    found = explain(work, *LEFT_OUT, output=tmp_path / "a.png", calibration=tmp_path / "other.json")
    assert found.evidence.measures["probability"] is None and "--calibration" in words(found)


def test_without_any_run_two_photos_are_matched_and_what_is_missing_is_said(tmp_path: Path) -> None:
    save_walls(tmp_path / "photos", seeds=(1,))
    found = explain(tmp_path, "wall_1_0", "wall_1_1")
    assert found.evidence.measures["probability"] is None and found.evidence.measures["inliers"] > 10
    assert [note for note in found.missing if "create_clusters.py" in note and "clusters.json" in note]
    assert [note for note in found.missing if "extract_features.py" in note] and found.picture.is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "results"]


def test_with_descriptor_pairs_alone_score_and_rank_are_told(work: Path, tmp_path: Path) -> None:
    for path in [*(work / "out").glob("matches-*"), *(work / "out").glob("*-verified.*")]:
        path.unlink()
    shutil.rmtree(work / "results")
    found = explain(work, "wall_1_0", "wall_1_1", output=tmp_path / "a.png")
    assert found.evidence.measures["score"] == 0.9 and "descriptor score 0.90" in found.headline
    assert any("match_pairs.py" in note for note in found.missing)
    assert [step.score for step in found.decision.chain] == [0.9]


def test_decisions_that_take_part_are_named(work: Path, tmp_path: Path) -> None:
    decisions = Decisions(cannot_link=(("wall_1_1.png", "wall_2_0.png"),))
    write_decisions(work / "results" / "decisions.json", decisions)
    found = explain(work, "wall_1_0", "wall_2_1", output=tmp_path / "a.png")
    assert found.decision.reason == "decision" and "cannot_link 1" in words(found)


def test_watermarks_are_drawn_as_what_was_left_out(tmp_path: Path) -> None:
    for seed in (1, 2):
        save(tmp_path / "photos" / f"stamped_{seed}.png", stamped(draw_facade(seed)))
    found = explain(tmp_path, "stamped_1", "stamped_2")
    measures = found.evidence.measures
    assert measures["overlay"] > 10 > measures["inliers"]
    assert f"{measures['overlay']} matches were left out" in words(found)
    picture = np.asarray(Image.open(found.picture)).astype(int)
    crosses = np.argwhere((np.abs(picture - OVERLAY_COLOUR) <= 2).all(axis=2))
    assert len(crosses) and found.as_json()["drawn"]["overlay"] == min(MAX_LINES, measures["overlay"])
    # the stamp lies over the lowest 22 % of the photos, which are drawn 300 pixels high
    photo_crosses = crosses[crosses[:, 0] < 330]
    assert photo_crosses[:, 0].min() > 0.7 * 300


def test_the_picture_shows_both_photos_at_the_size_asked_for(finished: Path, tmp_path: Path) -> None:
    small, large = (
        np.asarray(Image.open(explain(finished, "wall_1_0", "alone", output=tmp_path / "a.png", max_side=side).picture))
        for side in (400, 800)
    )
    assert small.shape[1] == 812 and large.shape[1] < 1700


def test_a_second_time_writes_nothing(work: Path) -> None:
    first = explain(work, "wall_1_0", "wall_1_1")
    before = files(work)
    assert explain(work, "wall_1_0", "wall_1_1").picture == first.picture and files(work) == before


def test_the_picture_stands_in_the_results_under_both_names(work: Path) -> None:
    assert explain(work, "wall_1_0", "alone").picture == work / "results" / "explained" / "wall_1_0.png--alone.png.png"


@pytest.mark.parametrize(
    "names",
    [
        ("a/b/c.jpg", "d.jpg"),
        ("x" * 250 + ".jpg", "y" * 250 + ".jpg"),
        ("con", "aux.jpg"),
        ("日本" * 60 + ".jpg", "b.jpg"),
        (".hidden.jpg", "b?.jpg"),
    ],
)
def test_the_name_of_a_picture_is_one_that_every_system_takes(names: tuple[str, str]) -> None:
    name = picture_name(names)
    assert safe_name(name) == name and "/" not in name and len(name) <= 150 and name.endswith(".png")


def test_other_pairs_have_other_pictures() -> None:
    long = "x" * 100
    every = [("a/b", "c"), ("a_b", "c"), ("a", "b/c"), ("a", "b_c"), (f"1{long}", "b"), (f"2{long}", "b"), ("b", "a")]
    assert len({picture_name(names) for names in every}) == len(every)


def test_the_explanation_is_plain_json(finished: Path, tmp_path: Path) -> None:
    content = json.loads(
        json.dumps(explain(finished, "wall_1_0", "wall_2_2", output=tmp_path / "a.png").as_json(), allow_nan=False)
    )
    assert content["format"] == "explanation" and content["photos"] == ["wall_1_0.png", "wall_2_2.png"]
    assert content["decision"]["is_together"] is False and content["pair"]["source"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_side": 10}, "--max_side is 10"),
        ({"output": Path("a.jpg")}, "must end in .png"),
    ],
)
def test_a_wrong_call_is_refused(finished: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        explain(finished, "wall_1_0", "wall_1_1", **options)


def test_a_picture_among_the_photos_is_refused(finished: Path) -> None:
    with pytest.raises(UsageError, match="lies in --image_dir"):
        explain(finished, "wall_1_0", "wall_1_1", output=finished / "photos" / "a.png")


def test_one_photo_given_twice_is_refused(finished: Path) -> None:
    with pytest.raises(UsageError, match="both 'wall_1_0.png'"):
        explain(finished, "wall_1_0", "wall_1_0.png")


def test_a_photo_that_cannot_be_read_is_named_with_its_reason(work: Path) -> None:
    whole = (work / "photos" / "wall_1_0.png").read_bytes()
    (work / "photos" / "wall_1_0.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StageError, match=r"wall_1_0.png .*cannot be drawn"):
        explain(work, "wall_1_0", "wall_1_1")
    assert not (work / "results" / "explained").exists()


def test_positions_and_times_of_the_two_are_told(tmp_path: Path) -> None:
    for name, latitude, second in (("a.jpg", 48.0, 5), ("b.jpg", 48.001, 35)):
        exif = Image.Exif()
        exif.get_ifd(0x8825).update({1: "N", 2: (latitude, 0.0, 0.0), 3: "E", 4: (2.0, 0.0, 0.0)})
        exif[0x0110] = "Camera"
        exif.get_ifd(0x8769)[0x9003] = f"2024:05:01 10:00:{second:02}"
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(draw_facade(1)).save(tmp_path / "photos" / name, exif=exif)
    found = words(explain(tmp_path, "a", "b"))
    assert "Their positions lie 111 m apart." in found and "One camera took them 30 s apart." in found


def test_nothing_is_left_when_drawing_fails(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> bytes:
        raise StageError("no room")

    monkeypatch.setattr(explain_module, "as_png", fail)
    with pytest.raises(StageError, match="no room"):
        explain(work, "wall_1_0", "wall_1_1")
    assert not (work / "results" / "explained").exists()


def test_the_pairs_of_the_run_are_those_that_the_chain_is_made_of(finished: Path, tmp_path: Path) -> None:
    found = explain(finished, "wall_1_0", "wall_1_2", output=tmp_path / "a.png")
    pairs = read_pairs(finished / "out" / "pairs-test-verified.txt")
    known = {
        frozenset((pairs.names[one], pairs.names[two])): score
        for one, two, score in zip(pairs.first, pairs.second, pairs.scores, strict=True)
    }
    for step in found.decision.chain:
        assert known[frozenset((step.first, step.second))] == step.score and step.inliers
