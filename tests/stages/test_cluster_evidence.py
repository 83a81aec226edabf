"""``create_clusters`` on pairs with probabilities: method, reasons, review, decisions, numbers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from clustering.evidence import EvidenceSettings
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.clusters import read_clusters_info
from storage.formats.decisions import DecidedCluster, Decisions, write_decisions
from storage.report import RunReport
from tests.drawn_photos import draw_photo, save_photos
from tests.stages.test_cluster import TWO_BUILDINGS, Pair, cluster, clusters_of, info_of, save_with_position

ORIGIN = {"model": "vlad", "is_probability": True}
# one building of photos 0 to 2, one of 3 and 4; photo 5 is near the second
PAIRS: list[Pair] = [
    ("photo_000.jpg", "photo_001.jpg", 0.95),
    ("photo_001.jpg", "photo_002.jpg", 0.9),
    ("photo_003.jpg", "photo_004.jpg", 0.8),
    ("photo_004.jpg", "photo_005.jpg", 0.5),
    ("photo_000.jpg", "photo_003.jpg", 0.05),
]


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return save_photos(tmp_path / "photos", 7)


def run(folder: Path, pairs: list[Pair] | None = PAIRS, **options: Any) -> RunReport:
    given = {"strong_edg_thresh": None, "weak_edg_thresh": None, "origin": dict(ORIGIN)} | options
    if pairs is None:
        del given["origin"]
    return cluster(folder, pairs, **given)


def decide(folder: Path, **fields: Any) -> Path:
    path = folder / "results" / "decisions.json"
    path.parent.mkdir(exist_ok=True)
    write_decisions(path, Decisions(**fields))
    return path


def state(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_pairs_with_probabilities_are_clustered_by_evidence(tmp_path: Path, names: list[str]) -> None:
    report = run(tmp_path)
    assert report.settings["method"] == "evidence" and info_of(tmp_path)["method"] == "evidence"
    assert clusters_of(tmp_path) == {"0": names[:3], "1": names[3:5], "-1": names[5:]}
    default = EvidenceSettings()
    assert report.settings["strong_edg_thresh"] == default.strong_edg_thresh
    assert report.settings["agreement_thresh"] == default.agreement_thresh


def test_other_pairs_are_clustered_as_specified(tmp_path: Path, names: list[str]) -> None:
    report = cluster(tmp_path, TWO_BUILDINGS)
    assert report.settings["method"] == "specified" and report.settings["agreement_thresh"] is None


@pytest.mark.parametrize("method", ["evidence", "specified"])
def test_the_method_can_be_chosen(tmp_path: Path, names: list[str], method: str) -> None:
    assert run(tmp_path, method=method).settings["method"] == method


def test_verified_pairs_are_taken_before_those_they_were_made_from(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, TWO_BUILDINGS)
    for ending in ("txt", "json"):
        os.rename(tmp_path / f"netvlad/pairs-vlad.{ending}", tmp_path / f"netvlad/pairs-vlad-verified.{ending}")
    cluster(tmp_path, TWO_BUILDINGS)
    assert cluster(tmp_path).settings["pairs_file"].endswith("pairs-vlad-verified.txt")


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"file_order": True}, "--file_order belongs to --method specified"),
        ({"method": "specified", "agreement_thresh": 0.3}, "--agreement_thresh belongs to --method evidence"),
        ({"method": "specified", "gps_conflict_thresh": 50.0}, "--gps_conflict_thresh belongs to --method evidence"),
        ({"strong_edg_thresh": 1.5}, "strong_edg_thresh"),
    ],
)
def test_a_flag_of_the_other_method_is_refused(
    tmp_path: Path, names: list[str], options: dict[str, Any], flag: str
) -> None:
    with pytest.raises(UsageError, match=flag):
        run(tmp_path, **options)


def test_scores_that_are_no_probabilities_are_refused_and_nothing_is_written(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(UsageError, match="probabilities"):
        run(tmp_path, [(names[0], names[1], 7.0)], method="evidence")
    assert not (tmp_path / "results" / "clusters.json").exists()


def test_every_join_tells_how_well_the_two_agreed_and_the_weakest_is_named(tmp_path: Path, names: list[str]) -> None:
    run(tmp_path)
    told = info_of(tmp_path)["clusters"]["0"]
    assert [join["stage"] for join in told["joins"]] == ["evidence", "evidence"]
    assert told["joins"][0]["agreement"] == pytest.approx(0.95)
    assert told["weakest_link"]["pair"] == [names[1], names[2], 0.9]
    assert told["weakest_link"]["agreement"] == pytest.approx((0.9 * 0.45) ** 0.5, abs=1e-6)
    assert told["representatives"][0] == names[1] and told["strong_pairs"] == []


def test_a_lone_photo_names_its_nearest_and_why_it_is_not_with_it(tmp_path: Path, names: list[str]) -> None:
    run(tmp_path)
    assert info_of(tmp_path)["singletons"] == {
        names[5]: {"reason": "unsure", "neighbour": names[4], "score": 0.5, "cluster": 1},
        names[6]: {"reason": "no_pairs"},
    }


@pytest.mark.parametrize(
    ("score", "decisions", "reason"),
    [
        (0.2, {}, "below_weak"),
        (0.6, {}, "unsure"),
        (0.9, {"cannot_link": (("photo_005.jpg", "photo_006.jpg"),)}, "decision"),
    ],
)
def test_the_reason_of_a_lone_photo_is_what_kept_it(
    tmp_path: Path, names: list[str], score: float, decisions: dict[str, Any], reason: str
) -> None:
    decide(tmp_path, **decisions)
    run(tmp_path, [(names[6], names[5], score)])
    assert info_of(tmp_path)["singletons"][names[5]]["reason"] == reason


def test_a_photo_that_fits_one_of_many_says_that_too_few_agree(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "photos", 8)
    clique = [(one, two, 0.95) for one in names[:7] for two in names[:7] if one < two]
    run(tmp_path, [*clique, (names[0], names[7], 0.85)])
    told = info_of(tmp_path)
    assert told["singletons"][names[7]]["reason"] == "few_agree"
    assert told["review"] == [
        {
            "reason": "few_agree",
            "pair": [names[0], names[7], 0.85],
            "clusters": [0, None],
            "agreement": pytest.approx((0.85 * 0.85 / 7) ** 0.5, abs=1e-6),
        }
    ]


def test_lone_photos_of_the_specified_method_have_reasons_too(tmp_path: Path, names: list[str]) -> None:
    cluster(tmp_path, [*TWO_BUILDINGS, (names[5], names[4], 0.1)])
    assert info_of(tmp_path)["singletons"][names[5]] == {
        "reason": "below_weak",
        "neighbour": names[4],
        "score": 0.1,
        "cluster": 1,
    }
    assert info_of(tmp_path)["review"] == []


def test_a_good_pair_kilometres_apart_is_kept_for_review(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number, latitude in enumerate((46.5, 46.6)):
        save_with_position(tmp_path / "photos" / f"{number}.jpg", latitude, 6.6)
    report = run(tmp_path, [("0.jpg", "1.jpg", 0.97)])
    (doubt,) = info_of(tmp_path)["review"]
    assert doubt["reason"] == "positions" and doubt["distance_m"] == pytest.approx(11120, rel=1e-2)
    assert report.counts["to_review"] == 1 and clusters_of(tmp_path) == {"-1": ["0.jpg", "1.jpg"]}
    assert info_of(tmp_path)["singletons"]["0.jpg"]["reason"] == "positions"
    assert run(tmp_path, None, gps_conflict_thresh=20_000.0).counts["clusters"] == 1


def test_all_files_fit_their_schemas(tmp_path: Path, names: list[str], root_dir: Path) -> None:
    decide(
        tmp_path,
        must_link=((names[5], names[6]),),
        cannot_link=((names[2], names[1]),),
        clusters=(DecidedCluster((names[3],), "Town hall"),),
    )
    for method in ("evidence", "specified"):
        run(tmp_path, method=method)
        assert info_of(tmp_path)["method"] == method
        for name in ("clusters", "clusters_info", "decisions"):
            schema = json.loads((root_dir / "docs" / "schemas" / f"{name}.schema.json").read_text())
            jsonschema.validate(json.loads((tmp_path / "results" / f"{name}.json").read_text()), schema)


# -- decisions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["evidence", "specified"])
def test_decisions_are_obeyed_and_their_file_is_not_touched(tmp_path: Path, names: list[str], method: str) -> None:
    path = decide(
        tmp_path,
        must_link=((names[5], names[6]), (names[6], names[2])),
        cannot_link=((names[0], names[5]),),
        clusters=(DecidedCluster((names[3],), None, True),),
    )
    before = (path.stat().st_mtime_ns, path.read_bytes())
    run(tmp_path, method=method)
    groups = list(clusters_of(tmp_path).values())
    place = {name: number for number, members in enumerate(groups) for name in members}
    assert place[names[2]] == place[names[5]] == place[names[6]] != place[names[0]]
    assert names[3] in clusters_of(tmp_path)["-1"]
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_a_contradiction_is_reported_by_name_and_nothing_is_written(tmp_path: Path, names: list[str]) -> None:
    run(tmp_path)
    decide(
        tmp_path,
        must_link=((names[0], names[1]), (names[1], "gone.jpg"), ("gone.jpg", names[5])),
        cannot_link=((names[0], names[5]),),
    )
    before = state(tmp_path)
    with pytest.raises(UsageError, match=r"cannot_link 1 .* against must_link 1 .* must_link 2 .* must_link 3"):
        run(tmp_path, None)
    assert state(tmp_path) == before


def test_changed_decisions_are_clustered_again_and_unchanged_ones_are_not(tmp_path: Path, names: list[str]) -> None:
    decide(tmp_path, cannot_link=((names[0], names[1]),))
    run(tmp_path)
    before = state(tmp_path)
    assert run(tmp_path, None).is_current and state(tmp_path) == before
    decide(tmp_path, cannot_link=((names[1], names[2]),))
    assert not run(tmp_path, None).is_current


def test_photos_that_are_gone_are_noted(tmp_path: Path, names: list[str]) -> None:
    decide(tmp_path, must_link=((names[5], "old.jpg"), ("old.jpg", names[6])))
    report = run(tmp_path)
    assert any("1 photos of decisions.json are gone" in note for note in report.notes)
    assert {names[5], names[6]} in map(set, clusters_of(tmp_path).values())


def test_decisions_may_lie_elsewhere(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "mine.json"
    write_decisions(path, Decisions(cannot_link=((names[3], names[4]),)))
    run(tmp_path, decisions=path)
    assert set(clusters_of(tmp_path)) == {"0", "-1"}
    with pytest.raises(StageError, match=r"nowhere\.json is missing"):
        run(tmp_path, decisions=tmp_path / "nowhere.json")


def test_damaged_decisions_stop_the_run(tmp_path: Path, names: list[str]) -> None:
    decide(tmp_path).write_text("{}")
    with pytest.raises(DamagedFileError, match=r"decisions\.json"):
        run(tmp_path)


def test_a_name_stays_with_its_cluster_and_an_unused_one_is_noted(tmp_path: Path, names: list[str]) -> None:
    clusters = (DecidedCluster((names[0], names[1], "gone.jpg"), "Town hall"), DecidedCluster((names[6],), "Mill"))
    decide(tmp_path, clusters=clusters)
    report = run(tmp_path)
    told = info_of(tmp_path)["clusters"]
    assert told["0"]["name"] == "Town hall" and "name" not in told["1"]
    assert "the name 'Mill' fits no cluster now" in report.notes
    run(tmp_path, [*PAIRS, (names[0], names[6], 0.95), (names[1], names[6], 0.95)])
    assert info_of(tmp_path)["clusters"]["0"]["name"] == "Town hall"


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_a_new_photo_changes_no_number(tmp_path: Path, names: list[str]) -> None:
    run(tmp_path, [pair for pair in PAIRS if "photo_000.jpg" not in pair])
    assert clusters_of(tmp_path) == {"0": names[1:3], "1": names[3:5], "-1": [names[0], *names[5:]]}
    draw_photo(50).save(tmp_path / "photos" / "a_first.jpg")
    draw_photo(51).save(tmp_path / "photos" / "a_second.jpg")
    run(tmp_path, [("a_first.jpg", "a_second.jpg", 0.9), *PAIRS])
    assert clusters_of(tmp_path) == {
        "0": names[:3],
        "1": names[3:5],
        "2": ["a_first.jpg", "a_second.jpg"],
        "-1": names[5:],
    }


def test_a_number_is_never_given_again(tmp_path: Path, names: list[str]) -> None:
    run(tmp_path)
    run(tmp_path, PAIRS[:2])
    assert set(clusters_of(tmp_path)) == {"0", "-1"} and info_of(tmp_path)["next_number"] == 2
    run(tmp_path, [*PAIRS[:2], (names[5], names[6], 0.9)])
    assert set(clusters_of(tmp_path)) == {"0", "2", "-1"} and info_of(tmp_path)["next_number"] == 3


def test_removed_photos_leave_the_numbers_of_the_others(tmp_path: Path, names: list[str]) -> None:
    run(tmp_path)
    for name in names[:3]:
        (tmp_path / "photos" / name).unlink()
    run(tmp_path, PAIRS[2:4])
    assert clusters_of(tmp_path) == {"1": names[3:5], "-1": names[5:]}


def test_joins_speak_of_the_numbers_of_their_run(tmp_path: Path, names: list[str]) -> None:
    run(tmp_path)
    run(tmp_path, PAIRS[2:4])
    told = info_of(tmp_path)["clusters"]["1"]
    assert told["run_number"] == 0 and told["joins"][0]["survivor"] == 0


def test_former_clusters_that_cannot_be_read_are_noted(tmp_path: Path, names: list[str]) -> None:
    run(tmp_path)
    (tmp_path / "results" / "clusters.json").write_text('{"0": [')
    report = run(tmp_path, None)
    assert any("numbers start anew" in note for note in report.notes)
    assert set(clusters_of(tmp_path)) == {"0", "1", "-1"}


def test_clusters_of_the_earlier_program_lend_their_numbers(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "results").mkdir()
    earlier = {"6": [f"photos/{name}" for name in names[3:6]], "-1": [f"photos/{name}" for name in names[:3]]}
    (tmp_path / "results" / "clusters.json").write_text(json.dumps(earlier))
    run(tmp_path)
    assert clusters_of(tmp_path) == {"6": names[3:5], "7": names[:3], "-1": names[5:]}


def test_results_of_the_former_version_are_read_and_lend_their_numbers(
    tmp_path: Path, names: list[str], root_dir: Path
) -> None:
    (tmp_path / "results").mkdir()
    for name in ("clusters", "clusters_info"):
        content = (root_dir / "tests" / "archives" / f"{name}-1.json").read_text()
        (tmp_path / "results" / f"{name}.json").write_text(content)
    assert read_clusters_info(tmp_path / "results" / "clusters_info.json")["format_version"] == 1
    former = clusters_of(tmp_path)
    assert former == {"0": names[:3], "1": names[3:6], "-1": []}
    assert not run(tmp_path, PAIRS[2:4]).is_current
    assert clusters_of(tmp_path)["1"] == names[3:5] and info_of(tmp_path)["format_version"] == 2


def test_what_was_noted_and_chosen_of_a_cluster_is_told(tmp_path: Path, names: list[str]) -> None:
    cluster_ = DecidedCluster(tuple(names[:3]), None, False, "north side", (names[2], "gone.jpg"))
    decide(tmp_path, clusters=(cluster_,))
    run(tmp_path)
    told = info_of(tmp_path)["clusters"]["0"]
    assert told["note"] == "north side" and told["representatives"][0] == names[2]
    assert sorted(told["representatives"]) == names[:3]


def test_a_photo_that_was_placed_by_hand_is_where_it_was_placed(tmp_path: Path, names: list[str]) -> None:
    decide(tmp_path, positions={names[0]: (43.3, 5.4), names[1]: (48.9, 2.3)})
    report = run(tmp_path)
    assert report.counts["with_position"] == 2
    assert not any({*names[:2]} <= set(photos) for photos in clusters_of(tmp_path).values() if len(photos) < 4)
    assert "positions" in {doubt["reason"] for doubt in info_of(tmp_path)["review"]}
