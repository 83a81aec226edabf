"""The golden cases: results of the earlier program, and those worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clustering.expansion import expand_strictly
from clustering.graph import find_edges, list_neighbours
from clustering.partition import Partition
from clustering.small_clusters import merge_small_clusters
from clustering.specified import cluster_specified, start_clusters
from tests.clustering.golden_cases import GoldenCase, read_case
from tests.conftest import SHARED

FOLDER = SHARED / "cases" / "graph"
CASES = sorted(path.stem for path in FOLDER.glob("[ghr]*.json"))

# What the earlier program got wrong stays out; the README of the cases lists it.
SIGNS_AND_ZERO = {"g06_meridian_sign_bug", "g07_equator_sign_bug", "g08_zero_longitude_dropped"}
NAN_IS_NO_EDGE = "h18_nan_weight"
NO_ANSWER = {"h16_space_in_name", "h17_blank_line", "h19_deep_chain_recursion"}
WITH_ANSWER = [name for name in CASES if name not in SIGNS_AND_ZERO | NO_ANSWER | {NAN_IS_NO_EDGE}]
DEPENDS_ON_ORDER_OF_LINES = {"h08a_top3_file_order_good", "h08b_top3_file_order_bad"}
# the original's own answer depends on the order in which it numbers photos
BY_HAND = [name for name in WITH_ANSWER if name[0] in "gh" and name not in DEPENDS_ON_ORDER_OF_LINES]


@pytest.fixture
def case(shared_dir: Path, request: pytest.FixtureRequest) -> GoldenCase:
    return read_case(shared_dir / "cases" / "graph" / f"{request.param}.json")


def result_in_file_order(case: GoldenCase) -> dict[str, list[str]]:
    grouping = cluster_specified(case.pairs, case.settings(file_order=True), case.positions)
    return {**case.named(grouping.clusters), "-1": [case.names[photo] for photo in grouping.singletons]}


def partition_of(clusters: dict[str, list[str]]) -> set[frozenset[str]]:
    return {frozenset(names) for number, names in clusters.items() if number != "-1"}


def snapshot(case: GoldenCase, partition: Partition) -> dict[str, list[str]]:
    return case.named({number: list(partition.members(number)) for number in partition.numbers()})


def test_all_golden_cases_are_there(shared_dir: Path) -> None:
    assert len(CASES) == 46


@pytest.mark.parametrize("case", WITH_ANSWER, indirect=True)
def test_file_order_gives_the_same_numbers_and_order_as_the_earlier_program(case: GoldenCase) -> None:
    expected = case.content["canonical"]["file_order"]["clusters_json_relative"]
    on_disk = {name for name in case.content["images_on_disk"] if not name.endswith(".jpeg")}
    in_weak_edge = {name for names in expected.values() for name in names}
    result = result_in_file_order(case)
    result["-1"] = [name for name in result["-1"] if name in on_disk | in_weak_edge]
    assert json.dumps(result) == json.dumps(expected)


@pytest.mark.parametrize("case", WITH_ANSWER, indirect=True)
def test_file_order_equals_the_earlier_program_after_each_stage(case: GoldenCase) -> None:
    expected = case.content["canonical"]["file_order"]
    settings = case.settings(file_order=True)
    edges = find_edges(case.pairs, settings.weak_edg_thresh)
    weak = list_neighbours(edges, file_order=True)
    partition = start_clusters(case.pairs, edges, weak, settings)
    expand_strictly(partition, weak)
    assert snapshot(case, partition) == expected["after_strict"]
    merge_small_clusters(partition, weak)
    assert snapshot(case, partition) == expected["after_small"]


@pytest.mark.parametrize("case", BY_HAND, indirect=True)
def test_default_order_gives_the_groups_worked_out_by_hand(case: GoldenCase) -> None:
    grouping = cluster_specified(case.pairs, case.settings(file_order=False), case.positions)
    hand = case.content["hand_expected"]
    assert partition_of(case.named(grouping.clusters)) == {frozenset(names) for names in hand["clusters"]}


@pytest.mark.parametrize("case", ["g06_meridian_sign_bug", "g07_equator_sign_bug"], indirect=True)
@pytest.mark.parametrize("file_order", [False, True])
def test_hemispheres_are_honoured(case: GoldenCase, file_order: bool) -> None:
    grouping = cluster_specified(case.pairs, case.settings(file_order), case.positions)
    expected = case.content["expected_if_signs_are_honoured"]["clusters"]
    assert partition_of(case.named(grouping.clusters)) == {frozenset(names) for names in expected}


@pytest.mark.parametrize("case", ["g08_zero_longitude_dropped"], indirect=True)
def test_a_zero_longitude_is_a_position_like_any_other(case: GoldenCase) -> None:
    grouping = cluster_specified(case.pairs, case.settings(file_order=True), case.positions)
    letters = {frozenset(name[0] for name in names) for names in case.named(grouping.clusters).values()}
    assert letters == {frozenset("ab"), frozenset("cd")}


@pytest.mark.parametrize("case", [NAN_IS_NO_EDGE], indirect=True)
def test_a_score_that_is_no_number_is_no_edge(case: GoldenCase) -> None:
    assert result_in_file_order(case) == {"-1": ["a.jpg", "b.jpg"]}


@pytest.mark.parametrize("case", ["h15_jpeg_extension_lost"], indirect=True)
def test_every_photo_without_an_edge_is_listed_whatever_its_extension(case: GoldenCase) -> None:
    assert result_in_file_order(case)["-1"] == ["alone.jpeg", "kept.png", "lost.jpeg"]


@pytest.mark.parametrize("case", ["h19_deep_chain_recursion"], indirect=True)
@pytest.mark.parametrize("file_order", [False, True])
def test_a_chain_of_1200_photos_is_one_cluster(case: GoldenCase, file_order: bool) -> None:
    grouping = cluster_specified(case.pairs, case.settings(file_order), case.positions)
    assert grouping.clusters == {0: list(range(1200))}


@pytest.mark.parametrize("case", ["h16_space_in_name", "h17_blank_line"], indirect=True)
def test_what_broke_the_earlier_parser_is_one_pair_like_any_other(case: GoldenCase) -> None:
    assert list(result_in_file_order(case)) == ["0", "-1"]


@pytest.mark.parametrize("case", sorted(DEPENDS_ON_ORDER_OF_LINES), indirect=True)
def test_top_neighbours_by_score_make_the_order_of_lines_irrelevant(case: GoldenCase) -> None:
    grouping = cluster_specified(case.pairs, case.settings(file_order=False), case.positions)
    with_s = next(names for names in case.named(grouping.clusters).values() if "s.jpg" in names)
    assert {name[0] for name in with_s} == {"a", "s"}
