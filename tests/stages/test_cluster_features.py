"""The stage of ``tools.cluster_features``: from a features file to clusters that every other stage reads."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from clustering.evaluation import evaluate
from clustering.features.clusterers import FEATURE_CLUSTERERS
from stages.cluster_features import Clustering, steps_after_clustering
from stages.export import export_clusters
from stages.feature_clustering import outputs
from stages.recluster import settings_of as settings_of_review
from stages.settings.pipeline import ClusterSettings, ExportSettings
from storage.errors import StageError, UsageError
from storage.formats.clusters import read_clusters_info
from storage.formats.decisions import DECISIONS_NAME
from storage.report import SkippedPhoto
from tests.clustering.features.drawn_vectors import are_same_groups, draw_bits, draw_digits, draw_groups
from tests.conftest import ROOT
from tests.drawn_photos import draw_photo
from tests.stages.drawn_features import draw_work, groups_in, labels_in, run, settings_of, write_vectors
from tests.watched_calls import contents, file_states

VECTORS, TRUTH = draw_groups([8, 7, 6, 5], dimension=12)
KMEANS: dict[str, Any] = {"algorithm": "kmeans", "n_clusters": (2, 4, 6)}


def info_in(work_dir: Path) -> dict[str, Any]:
    return read_clusters_info(work_dir / "results" / "clusters_info.json")


def table_in(work_dir: Path, name: str) -> list[dict[str, str]]:
    with open(work_dir / "results" / "cluster_features" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def decide(work_dir: Path, **given: Any) -> None:
    content = {"format": "decisions", "format_version": 2, "must_link": [], "cannot_link": [], "clusters": []} | given
    folder = work_dir / "results"
    folder.mkdir(exist_ok=True)
    (folder / DECISIONS_NAME).write_text(json.dumps(content), encoding="utf-8")


# -- clusters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [*FEATURE_CLUSTERERS, "auto"])
def test_every_algorithm_puts_every_photo_in_exactly_one_group(tmp_path: Path, algorithm: str) -> None:
    vectors, truth = draw_digits(4)
    names = draw_work(tmp_path, vectors)
    report = run(tmp_path, algorithm=algorithm, pca=15)
    labels = labels_in(tmp_path, names)
    assert report.counts["photos"] == 40 == report.counts["clustered"] + report.counts["singletons"]
    assert evaluate(truth, labels).bcubed_f1 > 0.5
    assert report.exit_code == 0


def test_the_groups_are_found_and_numbered_from_0(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    run(tmp_path, **KMEANS)
    labels = labels_in(tmp_path, names)
    assert are_same_groups(labels, TRUTH) and sorted(set(labels.tolist())) == [0, 1, 2, 3]


def test_bits_are_clustered_by_hamming_distance(tmp_path: Path) -> None:
    bits, truth = draw_bits()
    names = draw_work(tmp_path, bits)
    run(tmp_path, algorithm="agglomerative", metric="hamming", distance_threshold=(0.3,))
    assert are_same_groups(labels_in(tmp_path, names), truth)
    assert info_in(tmp_path)["parameters"]["pca"] == 0


def test_joined_features_are_those_of_all_files(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    files = (
        tmp_path / "netvlad" / "global-feats-vlad.h5",
        write_vectors(tmp_path / "netvlad", names, VECTORS, "street"),
    )
    run(tmp_path, features=files, **KMEANS)
    assert are_same_groups(labels_in(tmp_path, names), TRUTH) and info_in(tmp_path)["model"] == "vlad+street"


def test_batches_join_what_lies_in_several(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    report = run(tmp_path, algorithm="agglomerative", distance_threshold=(0.8,), batch_size=13)
    assert are_same_groups(labels_in(tmp_path, names), TRUTH)
    assert {row["part"] for row in table_in(tmp_path, "selection.csv")} == {"1", "2", "representatives"}
    assert info_in(tmp_path)["parameters"]["batch_size"] == 13 and report.counts["fits"] == 3


def test_noise_stands_under_the_key_of_photos_that_are_alone(tmp_path: Path) -> None:
    wider = np.pad(VECTORS, ((0, 0), (0, 2)))
    names = draw_work(tmp_path, np.concatenate((wider, np.eye(14)[12:])))
    run(tmp_path, algorithm="hdbscan", min_cluster_size=(4,))
    assert set(groups_in(tmp_path)["-1"]) >= set(names[-2:])
    entry = info_in(tmp_path)["singletons"][names[-1]]
    assert entry["reason"] == "noise" and entry["neighbour"] in names and -1 <= entry["score"] <= 1


def test_a_cluster_of_one_photo_is_a_photo_alone(tmp_path: Path) -> None:
    far = np.concatenate((VECTORS, 5 * np.eye(12)[:1]))
    names = draw_work(tmp_path, far)
    run(tmp_path, algorithm="agglomerative", n_clusters=(5,))
    assert groups_in(tmp_path)["-1"] == names[-1:] and len(groups_in(tmp_path)) == 5


def test_a_photo_with_a_zero_vector_is_alone_and_that_is_said(tmp_path: Path) -> None:
    names = draw_work(tmp_path, np.concatenate((VECTORS, np.zeros((2, 12)))))
    report = run(tmp_path, **KMEANS)
    assert set(groups_in(tmp_path)["-1"]) == set(names[-2:])
    assert any(note.startswith("2 photos have a zero vector") for note in report.notes)
    assert info_in(tmp_path)["singletons"][names[-1]] == {"reason": "no_pairs"}


def test_a_photo_without_a_descriptor_is_alone_and_that_is_said(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    draw_photo(99).save(tmp_path / "datasets" / "new.jpg")
    report = run(tmp_path, **KMEANS)
    assert groups_in(tmp_path)["-1"] == ["new.jpg"] and report.counts["photos"] == len(names) + 1
    assert any("1 photos have no descriptor yet" in note for note in report.notes)


def test_a_photo_that_could_not_be_described_is_skipped_with_its_reason(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    draw_photo(99).save(tmp_path / "datasets" / "bad.jpg")
    write_vectors(tmp_path / "netvlad", names, VECTORS, skipped=[SkippedPhoto("bad.jpg", "cut")])
    report = run(tmp_path, **KMEANS)
    assert report.exit_code == 3 and report.counts["skipped"] == 1
    assert info_in(tmp_path)["skipped"] == [{"name": "bad.jpg", "reason": "cut"}]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_few_photos_are_no_error(tmp_path: Path, count: int) -> None:
    names = draw_work(tmp_path, VECTORS[:count])
    run(tmp_path, algorithm="auto")
    assert len(labels_in(tmp_path, names)) == count


def test_equal_vectors_are_no_error(tmp_path: Path) -> None:
    names = draw_work(tmp_path, np.ones((9, 4)))
    run(tmp_path, algorithm="auto")
    assert len(labels_in(tmp_path, names)) == 9


# -- files ------------------------------------------------------------------------------------------------------------


def test_the_reasons_are_as_the_schema_says(tmp_path: Path) -> None:
    draw_work(tmp_path, np.concatenate((VECTORS, 9 * np.eye(12)[:2])))
    schema = json.loads((ROOT / "docs/schemas/clusters_info.schema.json").read_text(encoding="utf-8"))
    for given in ({"algorithm": "hdbscan"}, KMEANS, {"algorithm": "dbscan", "batch_size": 10}):
        run(tmp_path, **given)
        jsonschema.validate(json.loads((tmp_path / "results/clusters_info.json").read_text(encoding="utf-8")), schema)


def test_each_cluster_tells_its_members_its_pairs_and_its_extremes(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    run(tmp_path, **KMEANS)
    info, groups = info_in(tmp_path), groups_in(tmp_path)
    assert info["method"] == "kmeans" and info["parameters"]["n_clusters"] == 4
    units = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    for key, entry in info["clusters"].items():
        members = groups[key]
        rows = [names.index(name) for name in members]
        scores = (units[rows] @ units[rows].T)[np.triu_indices(len(rows), 1)]
        assert entry["size"] == len(members) and set(entry["representatives"]) <= set(members)
        assert entry["cohesion"] == pytest.approx(scores.mean(), abs=1e-5)
        assert len(entry["strong_pairs"]) == len(members) - 1
        assert {name for pair in entry["strong_pairs"] for name in pair[:2]} == set(members)
        first, second, score = entry["weakest_link"]["pair"]
        assert score == pytest.approx(units[names.index(first)] @ units[names.index(second)], abs=1e-5)
        assert score == min(pair[2] for pair in entry["strong_pairs"])
        assert len(entry["closest"]) == 5 and set(entry["closest"]) | set(entry["farthest"]) == set(members)
        mean = units[rows].mean(axis=0)
        nearest = min(rows, key=lambda row: np.linalg.norm(units[row] - mean))
        assert entry["closest"][0] == names[nearest]


def test_every_fit_stands_in_the_table_and_one_is_chosen(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    run(tmp_path, algorithm="kmeans", n_clusters=(1, 4, 26, 50))
    rows = table_in(tmp_path, "selection.csv")
    assert [row["n_clusters"] for row in rows] == ["1", "4", "26"]
    assert [row["problem"] for row in rows] == ["one cluster", "", "every cluster is one photo"]
    assert [row["is_chosen"] for row in rows] == ["0", "1", "0"]
    assert float(rows[1]["silhouette"]) > 0.5 and rows[0]["silhouette"] == ""
    assert rows[1]["clusters"] == "4" and rows[2]["alone"] == "26"


def test_the_statistics_stand_by_the_number_of_the_cluster(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    run(tmp_path, diameter_quantile=0.5, **KMEANS)
    rows = {int(row["cluster"]): row for row in table_in(tmp_path, "statistics.csv")}
    labels = labels_in(tmp_path, names)
    assert sorted(rows) == [0, 1, 2, 3]
    units = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    for number, row in rows.items():
        inside = units[labels == number]
        pairs = np.linalg.norm(inside[:, None] - inside[None], axis=2)[np.triu_indices(len(inside), 1)]
        assert int(row["size"]) == len(inside) and row["is_sampled"] == "0"
        assert float(row["diameter"]) == pytest.approx(np.median(pairs), rel=1e-4)
        assert float(row["ratio_1"]) == pytest.approx(float(row["diameter"]) / float(row["separation"]), rel=1e-4)


def test_sampled_diameters_are_said_to_be(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    report = run(tmp_path, max_pairs=6, **KMEANS)
    rows = table_in(tmp_path, "statistics.csv")
    assert all(row["is_sampled"] == "1" and row["diameter_photos"] == "4" for row in rows)
    assert "the diameter of 4 clusters is that of a sample (--max_pairs 6)" in report.notes


def test_a_second_run_writes_nothing(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    first = run(tmp_path, **KMEANS)
    before = file_states(tmp_path / "results")
    again = run(tmp_path, **KMEANS)
    after = file_states(tmp_path / "results")
    changed = {path.name for path, time in after.items() if before.get(path) != time}
    assert again.is_current and again.counts == first.counts and changed <= {".lock", ".lock.pid"}


@pytest.mark.parametrize("given", [{"seed": 1}, {"n_clusters": (2, 4)}, {"pca": 3}, {"selection": "rank"}])
def test_other_settings_make_new_clusters(tmp_path: Path, given: dict[str, Any]) -> None:
    draw_work(tmp_path, VECTORS)
    run(tmp_path, **KMEANS)
    assert not run(tmp_path, **(KMEANS | given)).is_current


def test_plots_are_written_where_asked_and_those_of_former_clusters_go(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    folder = tmp_path / "results" / "cluster_features"
    run(tmp_path, algorithm="agglomerative", n_clusters=(3, 4), plots=True)
    common = {"sizes.png", "size_diameter.png", "violins.png"}
    assert {path.name for path in folder.glob("*.png")} == common | {"dendrogram.png"}
    run(tmp_path, algorithm="dbscan", min_samples=(3,), plots=True)
    assert {path.name for path in folder.glob("*.png")} == common | {"k_distance.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))
    run(tmp_path, **KMEANS)
    assert not list(folder.glob("*.png"))


def test_a_photo_that_a_contact_sheet_cannot_show_is_named_and_shown_as_soon_as_it_can_be(tmp_path: Path) -> None:
    name = draw_work(tmp_path, VECTORS)[0]
    path = tmp_path / "datasets" / name
    whole = path.read_bytes()
    run(tmp_path, extremes=True, **KMEANS)
    expected = contents(tmp_path / "results" / "cluster_features" / "extremes")
    shutil.rmtree(tmp_path / "results")
    path.write_bytes(b"cut")
    report = run(tmp_path, extremes=True, **KMEANS)
    assert report.exit_code == 3 and name in {photo.name for photo in report.skipped}
    assert all(photo.reason.startswith("cannot be shown: ") for photo in report.skipped)
    assert contents(tmp_path / "results" / "cluster_features" / "extremes") != expected
    path.write_bytes(whole)
    assert run(tmp_path, extremes=True, **KMEANS).exit_code == 0
    assert contents(tmp_path / "results" / "cluster_features" / "extremes") == expected
    assert run(tmp_path, extremes=True, **KMEANS).is_current


def test_contact_sheets_are_one_per_cluster_and_old_ones_go(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    folder = tmp_path / "results" / "cluster_features" / "extremes"
    run(tmp_path, extremes=True, **KMEANS)
    assert {path.name for path in folder.iterdir()} == {f"cluster-{number}.png" for number in range(4)}
    run(tmp_path, algorithm="kmeans", n_clusters=(2,), extremes=True)
    assert len(list(folder.iterdir())) == 2


def test_a_contact_sheet_of_few_photos_says_that_it_shows_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets: list[Any] = []
    monkeypatch.setattr(outputs, "draw_extremes", lambda _title, rows, _source: sheets.append(rows) or b"sheet")
    draw_work(tmp_path, VECTORS)
    run(tmp_path, extremes=True, **KMEANS)
    assert sorted([[heading, len(names)] for heading, names in rows] for rows in sheets) == [
        [["all photos, the nearest to the centroid first", 5]],
        [["nearest to the centroid", 5], ["farthest from it", 1]],
        [["nearest to the centroid", 5], ["farthest from it", 2]],
        [["nearest to the centroid", 5], ["farthest from it", 3]],
    ]


def test_labels_give_measures_also_of_clusters_that_stand(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    labels = tmp_path / "labels.csv"
    labels.write_text("path,building\n" + "".join(f"{n},b{g}\n" for n, g in zip(names, TRUTH, strict=True)), "utf-8")
    run(tmp_path, **KMEANS)
    report = run(tmp_path, labels=labels, **KMEANS)
    path = tmp_path / "results" / "cluster_features" / "evaluation.json"
    measures = json.loads(path.read_text(encoding="utf-8"))
    for name in ("homogeneity", "completeness", "v_measure", "adjusted_rand_index", "bcubed_f1"):
        assert measures[name] == pytest.approx(1.0)
    assert report.is_current and "B-cubed F1 1.0000" in report.notes[-1]


# -- the run before and decisions -------------------------------------------------------------------------------------


def test_clusters_keep_the_numbers_of_the_run_before(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    run(tmp_path, **KMEANS)
    before = labels_in(tmp_path, names)
    run(tmp_path, algorithm="kmeans", n_clusters=(2,))
    coarse = labels_in(tmp_path, names)
    assert set(coarse.tolist()) < {0, 1, 2, 3}
    run(tmp_path, **KMEANS)
    again = labels_in(tmp_path, names)
    assert are_same_groups(again, before)
    kept = set(coarse.tolist())
    assert kept < set(again.tolist()) and min(set(again.tolist()) - kept) >= 4
    assert info_in(tmp_path)["next_number"] == max(again) + 1


def test_decisions_hold_whatever_the_vectors_say(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    one, other = (names[int(np.flatnonzero(group == TRUTH)[0])] for group in (0, 1))
    split = [names[int(row)] for row in np.flatnonzero(TRUTH == 2)[:2]]
    decide(tmp_path, must_link=[[one, other]], cannot_link=[split])
    report = run(tmp_path, **KMEANS)
    labels = dict(zip(names, labels_in(tmp_path, names).tolist(), strict=True))
    assert labels[one] == labels[other] >= 0
    assert labels[split[0]] != labels[split[1]]
    assert are_same_groups(labels_in(tmp_path, names)[TRUTH < 2], np.zeros(15, dtype=np.int64))
    assert any(note.startswith("decisions moved") for note in report.notes)
    assert {"decision"} == {entry["reason"] for entry in info_in(tmp_path)["singletons"].values()}


def test_names_notes_representatives_and_locks_are_kept(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    photos = [names[int(row)] for row in np.flatnonzero(TRUTH == 3)]
    locked = photos[:3]
    told = {"name": "Old mill", "note": "see archive", "representatives": [locked[2]], "locked": True, "photos": locked}
    decide(tmp_path, clusters=[told])
    run(tmp_path, **KMEANS)
    key = next(key for key, members in groups_in(tmp_path).items() if locked[0] in members)
    entry = info_in(tmp_path)["clusters"][key]
    assert sorted(groups_in(tmp_path)[key]) == sorted(locked)
    assert entry["name"] == "Old mill" and entry["note"] == "see archive" and entry["representatives"][0] == locked[2]


def test_a_photo_without_a_vector_obeys_decisions_too(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    for name in ("new_0.jpg", "new_1.jpg", "new_2.jpg"):
        draw_photo(99).save(tmp_path / "datasets" / name)
    decide(tmp_path, must_link=[["new_0.jpg", names[0]], ["new_1.jpg", "new_2.jpg"]])
    run(tmp_path, **KMEANS)
    groups = groups_in(tmp_path)
    assert ["new_1.jpg", "new_2.jpg"] in groups.values()
    assert any({"new_0.jpg", names[0]} <= set(members) for members in groups.values())


def test_new_decisions_make_new_clusters(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    run(tmp_path, **KMEANS)
    decide(tmp_path, must_link=[names[:2]])
    assert not run(tmp_path, **KMEANS).is_current


def test_decisions_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    decide(tmp_path, must_link=[names[:2]], cannot_link=[names[:2]])
    with pytest.raises(UsageError, match="contradicts itself"):
        run(tmp_path, **KMEANS)


# -- other stages -----------------------------------------------------------------------------------------------------


def test_the_clusters_can_be_exported(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    run(tmp_path, **KMEANS)
    export_clusters(ExportSettings(tmp_path / "datasets", tmp_path / "results"))
    exported = sorted(path.name for path in (tmp_path / "results" / "building_images").rglob("*.jpg"))
    assert exported == names


def test_the_review_is_told_that_thresholds_of_pairs_mean_nothing(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    run(tmp_path, **KMEANS)
    with pytest.raises(UsageError, match="run python -m tools.cluster_features again"):
        settings_of_review(info_in(tmp_path), ClusterSettings())


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"algorithm": "spectral"}, "--algorithm 'spectral': is not known"),
        ({"algorithm": "kmeans", "eps": (0.5,)}, "--eps belongs to --algorithm dbscan"),
        ({"metric": "l7"}, "--metric 'l7'"),
        ({"selection": "best"}, "--selection 'best': must be one of minmax, rank"),
        ({"batch_size": 1}, "--batch_size is 1, but must be 2 or more"),
        ({"diameter_quantile": 1.5}, "--diameter_quantile is 1.5, but must be 0 to 1"),
        ({"max_pairs": 0}, "--max_pairs is 0"),
        ({"seed": -1}, "--seed is -1"),
        ({"num_workers": -2}, "--num_workers is -2"),
        ({"metric": "hamming", "pca": 10}, "--pca 10 makes bits to other numbers"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_read(tmp_path: Path, given: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(tmp_path, **given)
    assert not list(tmp_path.iterdir())


def test_a_linkage_of_means_with_another_metric_is_told_as_infeasible(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    report = run(tmp_path, algorithm="agglomerative", metric="cosine", linkage=("ward", "average"), n_clusters=(4,))
    problems = [row["problem"] for row in table_in(tmp_path, "selection.csv")]
    assert problems == ["--linkage ward takes --metric euclidean only, not cosine", ""]
    assert report.counts["infeasible_fits"] == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "cosine", "linkage": ("ward",)}, "--linkage ward takes --metric euclidean only, not cosine"),
        (
            {"linkage": ("complete",), "n_clusters": (2, 4)},
            "too many for 26 photos .more than 20.; give --batch_size 10",
        ),
    ],
)
def test_a_linkage_that_no_fit_can_be_made_with_is_refused_and_nothing_is_written(
    tmp_path: Path, given: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_work(tmp_path, VECTORS)
    monkeypatch.setattr("clustering.features.linkage.MOST_WITH_ALL_DISTANCES", 20)
    with pytest.raises(UsageError, match=message):
        run(tmp_path, algorithm="agglomerative", **given)
    assert not (tmp_path / "results" / "clusters.json").exists()


def test_batches_make_a_linkage_of_all_distances_possible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = draw_work(tmp_path, VECTORS)
    monkeypatch.setattr("clustering.features.linkage.MOST_WITH_ALL_DISTANCES", 20)
    run(tmp_path, algorithm="agglomerative", linkage=("complete",), distance_threshold=(0.8,), batch_size=13)
    assert are_same_groups(labels_in(tmp_path, names), TRUTH)


@pytest.mark.parametrize("algorithm", FEATURE_CLUSTERERS)
def test_two_photos_are_no_error_of_any_algorithm(tmp_path: Path, algorithm: str) -> None:
    names = draw_work(tmp_path, VECTORS[:2])
    report = run(tmp_path, algorithm=algorithm)
    assert len(labels_in(tmp_path, names)) == 2 and report.exit_code == 0


def test_missing_features_are_said_with_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no global-feats-.*make one with: python extract_features.py"):
        run(tmp_path)


def test_features_of_several_models_are_asked_for_by_name(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    write_vectors(tmp_path / "netvlad", names, VECTORS, "street")
    (tmp_path / "netvlad" / "global-feats-vlad.hloc.h5").write_bytes(b"")
    with pytest.raises(UsageError, match="choose by --features: street, vlad"):
        run(tmp_path)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    vectors = VECTORS.copy()
    vectors[3, 2] = np.nan
    draw_work(tmp_path, vectors)
    with pytest.raises(StageError, match="not finite; make it again"):
        run(tmp_path)


def test_one_model_twice_is_refused(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    path = tmp_path / "netvlad" / "global-feats-vlad.h5"
    with pytest.raises(UsageError, match="two files are of one model"):
        run(tmp_path, features=(path, path))


# -- seam -------------------------------------------------------------------------------------------------------------


def test_without_a_preset_nothing_is_done_after_clustering(tmp_path: Path) -> None:
    assert steps_after_clustering(settings_of(tmp_path), VECTORS) == []


def test_clustering_keeps_what_it_tried(tmp_path: Path) -> None:
    clustering = Clustering(settings_of(tmp_path, **KMEANS), {"n_clusters": (2, 4, 6)})
    assert clustering.chosen is None
    labels = clustering(VECTORS)
    assert clustering.chosen is not None and clustering.chosen.clusterer.parameters()["n_clusters"] == 4
    assert are_same_groups(labels, TRUTH)
