"""What stands for a cluster of vectors, and what holds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clustering.features.cluster_statistics import measure_clusters
from stages.feature_clustering.reasons import MAX_REPRESENTATIVES, ToldOfFeatures, central_members, describe_features
from storage.formats.json_stream import write_json_stream
from tests.clustering.features.drawn_vectors import draw_groups

VECTORS, TRUTH = draw_groups([6, 5, 4], dimension=5)
UNITS = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
LABELS = np.where(np.arange(15) % 7 == 6, -1, TRUTH)
NAMES = [f"{number:02d}.jpg" for number in range(15)]


def described(tmp_path: Path, labels: np.ndarray = LABELS, **given: Any) -> dict[str, Any]:
    rows = np.arange(15)
    told = {
        "names": NAMES,
        "labels": labels,
        "units": UNITS,
        "reduced": VECTORS,
        "rows": rows,
        "statistics": measure_clusters(UNITS, labels[rows]),
        "number_of": {0: 5, 1: 3, 2: 9},
        "cluster_names": {},
        "is_decided": np.zeros(15, dtype=bool),
    } | given
    write_json_stream(tmp_path / "told.json", describe_features(ToldOfFeatures(**told)))
    content: dict[str, Any] = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    return content


def test_clusters_stand_by_the_number_that_they_go_by(tmp_path: Path) -> None:
    found = described(tmp_path)
    assert list(found["clusters"]) == ["3", "5", "9"] and found["review"] == []
    assert [entry["run_number"] for entry in found["clusters"].values()] == [1, 0, 2]


def test_pairs_that_hold_a_cluster_stand_best_first_and_the_last_is_the_weakest_link(tmp_path: Path) -> None:
    for entry in described(tmp_path)["clusters"].values():
        scores = [pair[2] for pair in entry["strong_pairs"]]
        assert scores == sorted(scores, reverse=True) and len(scores) == entry["size"] - 1
        assert entry["weakest_link"] == {"stage": "strong", "pair": entry["strong_pairs"][-1]}
        assert all(pair[0] < pair[1] for pair in entry["strong_pairs"])


def test_a_photo_alone_is_told_with_the_photo_it_is_nearest_to(tmp_path: Path) -> None:
    for name, entry in described(tmp_path)["singletons"].items():
        row = NAMES.index(name)
        scores = UNITS @ UNITS[row]
        scores[row] = -2
        assert entry["neighbour"] == NAMES[scores.argmax()] and entry["reason"] == "noise"
        assert entry["score"] == pytest.approx(scores.max(), abs=1e-6)
        label = int(LABELS[scores.argmax()])
        assert entry["cluster"] == ({0: 5, 1: 3, 2: 9}[label] if label >= 0 else None)


def test_a_photo_that_a_decision_set_apart_says_so(tmp_path: Path) -> None:
    entries = described(tmp_path, is_decided=LABELS < 0)["singletons"]
    assert {entry["reason"] for entry in entries.values()} == {"decision"}


def test_the_first_representative_is_the_one_nearest_to_the_mean() -> None:
    inside = VECTORS[TRUTH == 0]
    chosen = central_members(inside)
    assert chosen[0] == np.linalg.norm(inside - inside.mean(axis=0), axis=1).argmin()
    assert chosen[1] == np.linalg.norm(inside - inside[chosen[0]], axis=1).argmax()
    assert len(set(chosen.tolist())) == MAX_REPRESENTATIVES


def test_equal_members_are_represented_by_different_ones() -> None:
    assert sorted(central_members(np.ones((6, 3))).tolist()) == [0, 1, 2, 3]
    assert central_members(np.ones((2, 3))).tolist() == [0, 1]


def test_one_described_photo_alone_has_no_neighbour(tmp_path: Path) -> None:
    found = described(
        tmp_path,
        np.full(15, -1),
        units=UNITS[:1],
        reduced=VECTORS[:1],
        rows=np.array([4]),
        statistics={},
        number_of={},
    )
    assert {entry["reason"] for entry in found["singletons"].values()} == {"no_pairs"} and found["clusters"] == {}
