"""The page on clustering: its examples are valid, and what it says of agreement is so."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path

import jsonschema
import pytest

from clustering.evidence import EvidenceSettings, cluster_evidence
from clustering.graph import ScoredPairs
from stages.clustering.decisions import check_decisions
from storage.formats.decisions import read_decisions


@pytest.fixture
def page(root_dir: Path) -> str:
    return (root_dir / "docs" / "clustering.md").read_text(encoding="utf-8")


def test_the_decisions_of_the_page_are_read_and_fit_their_schema(page: str, root_dir: Path, tmp_path: Path) -> None:
    (example,) = [text for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if '"decisions"' in text]
    schema = json.loads((root_dir / "docs" / "schemas" / "decisions.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(example), schema)
    path = tmp_path / "decisions.json"
    path.write_text(example, encoding="utf-8")
    decisions = read_decisions(path)
    check_decisions(decisions, path)
    assert decisions.must_link and decisions.cannot_link
    assert [cluster.is_locked for cluster in decisions.clusters] == [False, True]


def test_the_defaults_of_the_page_are_those_of_the_program(page: str) -> None:
    default = EvidenceSettings()
    assert f"`--strong_edg_thresh` ({default.strong_edg_thresh:g})" in page
    assert f"`--agreement_thresh` ({default.agreement_thresh:g})" in page
    assert f"`--gps_conflict_thresh` metres apart ({default.gps_conflict_thresh:,.0f})" in page


@pytest.mark.parametrize(
    ("sizes", "between", "agreement"),
    [
        ((1, 1), [(0, 1, 0.9)], 0.9),
        ((4, 1), [(0, 4, 0.95), (1, 4, 0.95)], 0.67),
        ((5, 5), [(0, 5, 0.99)], 0.2),
        ((5, 5), [(0, photo, 0.99) for photo in range(5, 10)], 0.44),
        ((5, 5), [(photo, photo + 5, 0.95) for photo in range(5)], 0.95),
    ],
)
def test_the_table_of_the_page_is_right(
    page: str, sizes: tuple[int, int], between: list[tuple[int, int, float]], agreement: float
) -> None:
    num_photos = sum(sizes)
    groups = range(sizes[0]), range(sizes[0], num_photos)
    lines = [(one, two, 0.999) for group in groups for one, two in combinations(group, 2)] + between
    grouping = cluster_evidence(ScoredPairs.from_arrays(num_photos, *zip(*lines, strict=True)), EvidenceSettings())
    is_joined = list(map(len, grouping.clusters.values())) == [num_photos]
    if is_joined:
        (reasons,) = grouping.reasons.of_clusters(list(grouping.clusters))
        found = reasons.joins[-1].agreement
    else:
        (doubt,) = grouping.doubts
        found = doubt.agreement
    assert found == pytest.approx(agreement, abs=0.005)
    (line,) = [
        text
        for text in page.splitlines()
        if text.startswith(f"| {sizes[0]} and {sizes[1]}") and f"| {agreement:.2f} |" in text
    ]
    assert ("joined" in line) == is_joined
