"""What create_clusters says of its inputs, in sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clustering.clusterers.components import ComponentsSettings
from clustering.evidence import EvidenceSettings
from clustering.specified import SpecifiedSettings
from stages.clustering.inputs import ClusterInputs, default_method, thresholds_of_pairs
from stages.clustering.notes import origin_notes
from storage.formats.decisions import Decisions
from tests.tiny_similarity import WEAK, register

COMPARED: dict[str, Any] = {"similarity": {}, "threshold": 0.9, "skip": "exact", "num_skipped": 5}
SETTINGS = {
    "components": ComponentsSettings(0.9, 0.7),
    "specified": SpecifiedSettings(0.9, 0.7),
    "evidence": EvidenceSettings(),
}
NAMES = ["a.jpg", "b.jpg"]


def inputs_of(method: str = "components", origin: dict[str, Any] | None = None, **changes: Any) -> ClusterInputs:
    found: dict[str, Any] = {
        "pairs_file": Path("pairs-tiny.txt"),
        "model": "tiny",
        "method": method,
        "on_disk": NAMES,
        "skipped": [],
        "thresholds": SETTINGS[method],
        "decisions": Decisions(),
        "checksum": "0",
        "origin": COMPARED if origin is None else origin,
    }
    return ClusterInputs(**found | changes)


def test_compared_photos_at_their_threshold_need_no_word() -> None:
    assert origin_notes(inputs_of(), NAMES) == []


def test_a_higher_threshold_misses_pairs_only_where_some_were_not_compared() -> None:
    higher = ComponentsSettings(0.95, 0.7)
    (said,) = origin_notes(inputs_of(thresholds=higher), NAMES)
    assert "(--skip exact)" in said and "run python -m tools.compare_images" in said
    assert origin_notes(inputs_of(origin=COMPARED | {"num_skipped": 0}, thresholds=higher), NAMES) == []


def test_a_lower_threshold_misses_pairs_that_were_not_kept() -> None:
    (said,) = origin_notes(inputs_of(thresholds=ComponentsSettings(0.8, 0.7)), NAMES)
    assert said.startswith("pairs below 0.9 were not kept: for --strong_edg_thresh 0.8")


def test_a_cluster_that_a_decision_parts_may_miss_pairs() -> None:
    parted = Decisions(cannot_link=[("a.jpg", "b.jpg")])
    (said,) = origin_notes(inputs_of(decisions=parted), NAMES)
    assert "may come apart" in said


def test_careful_growth_may_miss_pairs() -> None:
    (said,) = origin_notes(inputs_of("specified"), NAMES)
    assert "may come apart" in said


def test_verified_pairs_are_another_matter() -> None:
    verified = {"is_probability": True, "model": "tiny"}
    assert origin_notes(inputs_of("evidence", verified), NAMES) == []


@pytest.mark.parametrize("method", ["components", "specified"])
def test_pairs_of_nobody_knows_what_take_the_thresholds_of_another_model(method: str) -> None:
    (said,) = origin_notes(inputs_of(method, {}), NAMES)
    assert "the model of these pairs is not known" in said


def test_photos_that_are_gone_are_counted() -> None:
    (said,) = origin_notes(inputs_of(), [*NAMES, "gone.jpg"])
    assert said.startswith("1 photos of the pairs file are not in the image folder")


@pytest.mark.parametrize(
    ("origin", "method"),
    [
        ({}, "specified"),
        ({"model": "vlad"}, "specified"),
        ({"model": "tiny", "similarity": {}, "threshold": 0.9}, "components"),
        ({"model": "tiny", "is_probability": True}, "evidence"),
    ],
)
def test_the_method_follows_from_what_made_the_pairs(origin: dict[str, Any], method: str) -> None:
    assert default_method(origin) == method


def test_the_thresholds_follow_from_what_made_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    assert thresholds_of_pairs("tiny", COMPARED) == (0.9, WEAK)
    assert thresholds_of_pairs("tiny", COMPARED | {"threshold": -3.5}) == (-3.5, -3.5)
    assert thresholds_of_pairs("tiny", {"is_probability": True}) == (0.8, 0.3)
    assert thresholds_of_pairs("vlad", {"model": "vlad"}) != thresholds_of_pairs(None, {})
