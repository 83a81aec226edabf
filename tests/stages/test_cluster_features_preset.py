"""``--preset`` and the steps on labels, from a features file to the clusters."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from clustering.evaluation import evaluate
from clustering.features.label_steps import StepRule
from stages.cluster_features import check_settings
from stages.feature_clustering.preset import sized, step_rule, steps_after_clustering, with_preset
from storage.errors import UsageError
from storage.formats.clusters import read_clusters_info
from tests.clustering.drawn_supergroups import draw_supergroups
from tests.conftest import ROOT
from tests.stages.drawn_features import draw_work, labels_in, run, settings_of

SIZES = (1, 1, 1, 1, 2, 3)
VECTORS, GROUPS, SUPERS = draw_supergroups(SIZES, 6, 0, num_noise=4)
PRESET: dict[str, Any] = {"preset": "resnet_hdbscan"}


def info_in(work_dir: Path) -> dict[str, Any]:
    return read_clusters_info(work_dir / "results" / "clusters_info.json")


def table_in(work_dir: Path, name: str) -> list[dict[str, str]]:
    with open(work_dir / "results" / "cluster_features" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def score(work_dir: Path, names: list[str], truth: np.ndarray) -> float:
    labels = labels_in(work_dir, names)
    is_in = truth >= 0
    return evaluate(truth[is_in], labels[is_in]).bcubed_f1


# What the preset sets


def test_the_preset_sets_what_was_not_given(tmp_path: Path) -> None:
    settings = with_preset(settings_of(tmp_path, **PRESET))
    assert settings.parameters == {"min_samples": (2,), "min_cluster_size": ("rule",)}
    assert (settings.merge, settings.assign_noise) == ("average", "centroid")


def test_what_was_given_is_stronger_than_the_preset(tmp_path: Path) -> None:
    parameters, steps = {"min_samples": (4,), "min_cluster_size": (7,)}, {"merge": "none", "assign_noise": "keep"}
    settings = with_preset(settings_of(tmp_path, **PRESET, **parameters, **steps))
    assert settings.parameters == parameters and {name: getattr(settings, name) for name in steps} == steps


def test_without_a_preset_there_are_no_steps(tmp_path: Path) -> None:
    assert steps_after_clustering(with_preset(settings_of(tmp_path)), VECTORS) == []


def test_a_single_step_needs_no_preset(tmp_path: Path) -> None:
    settings = with_preset(settings_of(tmp_path, split_larger_than=9))
    assert step_rule(settings) == StepRule(split_larger_than=9)
    assert len(steps_after_clustering(settings, VECTORS)) == 1


def test_a_distance_is_one_of_the_metric(tmp_path: Path) -> None:
    given = {"assign_noise": "knn", "noise_max_distance": 0.5}
    assert step_rule(settings_of(tmp_path, **given)).noise.max_distance == 0.5
    assert step_rule(settings_of(tmp_path, metric="cosine", **given)).noise.max_distance == 1.0
    assert step_rule(settings_of(tmp_path, assign_noise="knn", noise_max_distance="none")).noise.max_distance is None


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"preset": "vgg"}, "--preset"),
        ({"preset": "resnet_hdbscan", "algorithm": "kmeans"}, "--algorithm"),
        ({"merge": "all"}, "--merge"),
        ({"merge": "average", "metric": "hamming"}, "--merge"),
        ({"merge_threshold": -0.1}, "--merge_threshold"),
        ({"assign_noise": "nearest"}, "--assign_noise"),
        ({"noise_neighbours": 0}, "--noise_neighbours"),
        ({"noise_max_distance": -1.0}, "--noise_max_distance"),
        ({"noise_max_distance": "far"}, "--noise_max_distance"),
        ({"precision_boost": "umap"}, "--precision_boost"),
        ({"split_larger_than": 1}, "--split_larger_than"),
        ({"min_cluster_size": ("some",)}, "--min_cluster_size"),
        ({"min_cluster_size": ("auto", 5)}, "--min_cluster_size auto"),
        ({"min_cluster_size": ("auto",), "batch_size": 20}, "--min_cluster_size auto"),
        ({"min_cluster_size": ("auto",), "min_samples": (2, 3)}, "--min_samples"),
    ],
)
def test_a_wrong_value_names_its_flag(given: dict[str, Any], flag: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=flag):
        check_settings(with_preset(settings_of(tmp_path, **given)))


@pytest.mark.parametrize(("count", "expected"), [(19, 2), (20, 3), (41, 3), (99, 5), (100, 5), (700, 7)])
def test_the_rule_becomes_a_number_of_photos(count: int, expected: int) -> None:
    given, trials = sized({"min_cluster_size": ("rule", 9)}, np.zeros((count, 2)))
    assert given["min_cluster_size"] == (expected, 9) and trials == []


def test_numbers_stay_numbers() -> None:
    assert sized({"min_cluster_size": (4,)}, np.zeros((50, 2))) == ({"min_cluster_size": (4,)}, [])


# From features to clusters


def test_the_preset_finds_the_groups_and_says_what_it_did(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS, "resnet101")
    report = run(tmp_path, **PRESET)
    assert score(tmp_path, names, SUPERS) == 1
    assert "close clusters joined: 9 became 6" in report.notes
    assert any(note.startswith("noise: ") for note in report.notes)
    assert report.counts["fits"] == 1


def test_the_file_says_what_was_done_and_obeys_its_schema(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    run(tmp_path, **PRESET, split_larger_than=14)
    info = json.loads((tmp_path / "results" / "clusters_info.json").read_text(encoding="utf-8"))
    jsonschema.validate(info, json.loads((ROOT / "docs" / "schemas" / "clusters_info.schema.json").read_text("utf-8")))
    done = info["parameters"]
    assert (done["preset"], done["merge"], done["assign_noise"]) == ("resnet_hdbscan", "average", "centroid")
    assert done["split_larger_than"] == 14 and info["method"] == "hdbscan"


def test_without_steps_the_file_speaks_of_none(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    run(tmp_path, min_cluster_size=(3,))
    assert "merge" not in info_in(tmp_path)["parameters"]
    assert not any("parent" in cluster for cluster in info_in(tmp_path)["clusters"].values())


@pytest.mark.parametrize("merge", ["none", "average", "steps"])
def test_every_way_of_joining_gives_what_it_is_for(merge: str, tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    report = run(tmp_path, **PRESET, merge=merge)
    assert report.counts["clusters"] == (9 if merge == "none" else 6)


@pytest.mark.parametrize("boost", ["pca", "tsne"])
def test_a_boost_without_a_limit_leaves_nobody_alone(boost: str, tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    report = run(tmp_path, **PRESET, precision_boost=boost, noise_max_distance="none")
    assert report.counts["singletons"] == 0


def test_noise_stays_alone_where_it_is_kept(tmp_path: Path) -> None:
    vectors, _, _ = draw_supergroups((1, 1, 1), 12, 3, num_noise=40)
    draw_work(tmp_path, vectors)
    kept = run(tmp_path, **PRESET, assign_noise="keep").counts["singletons"]
    taken = run(tmp_path, **PRESET, noise_max_distance="none").counts["singletons"]
    assert kept > 0 == taken


def test_parts_of_a_split_cluster_name_their_parent(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    report = run(tmp_path, **PRESET, split_larger_than=14)
    clusters = info_in(tmp_path)["clusters"].values()
    parts = [cluster for cluster in clusters if "parent" in cluster]
    assert len(parts) == 3 and {part["parent"]["number"] for part in parts} == {1}
    assert sum(part["size"] for part in parts) == parts[0]["parent"]["size"]
    assert any("were split" in note for note in report.notes)


def test_auto_tries_sizes_and_keeps_and_shows_the_table(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    report = run(tmp_path, **PRESET, min_cluster_size=("auto",))
    table = table_in(tmp_path, "sizes.csv")
    assert [int(row["min_cluster_size"]) for row in table] == [2, 3, 4, 6, 8, 11]
    chosen = [row for row in table if row["is_chosen"] == "1"]
    assert len(chosen) == 1
    assert info_in(tmp_path)["parameters"]["min_cluster_size"] == int(chosen[0]["min_cluster_size"])
    shown = [note for note in report.notes if note.startswith("min_cluster_size ")]
    assert len(shown) == len(table) and sum(note.endswith("chosen") for note in shown) == 1
    assert score(tmp_path, names, SUPERS) == 1


def test_a_table_of_a_former_run_goes(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    run(tmp_path, **PRESET, min_cluster_size=("auto",))
    run(tmp_path, **PRESET)
    assert not (tmp_path / "results" / "cluster_features" / "sizes.csv").exists()


def test_a_second_run_writes_nothing_and_another_rule_does(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    run(tmp_path, **PRESET)
    assert run(tmp_path, **PRESET).is_current
    assert not run(tmp_path, **PRESET, merge_threshold=0.1).is_current


@pytest.mark.parametrize("size", ["rule", "auto"])
@pytest.mark.parametrize("count", [1, 2, 3, 19, 20, 41])
def test_few_photos_will_do(count: int, size: str, tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS[:count])
    report = run(tmp_path, **PRESET, min_cluster_size=(size,))
    assert report.counts["clustered"] + report.counts["singletons"] == count == len(names)


def test_steps_follow_any_algorithm(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    report = run(tmp_path, algorithm="kmeans", n_clusters=(12,), merge="average", merge_threshold=0.3)
    assert report.counts["clusters"] < 12


def test_batches_take_the_rule_by_their_own_number(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    report = run(tmp_path, **PRESET, batch_size=30)
    assert report.counts["photos"] == 58 and report.counts["fits"] > 1
