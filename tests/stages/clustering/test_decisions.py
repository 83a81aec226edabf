from __future__ import annotations

from pathlib import Path

import pytest

from stages.clustering.decisions import check_decisions, constrain, name_clusters
from storage.errors import UsageError
from storage.formats.decisions import DecidedCluster, Decisions

FILE = Path("results/decisions.json")


def clash(decisions: Decisions) -> str:
    with pytest.raises(UsageError) as caught:
        check_decisions(decisions, FILE)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_decisions_that_can_hold_pass() -> None:
    check_decisions(Decisions((("a", "b"),), (("b", "c"),), (DecidedCluster(("d", "e"), "x", True),)), FILE)


def test_a_chain_against_a_cannot_link_is_named_by_places_and_photos() -> None:
    message = clash(Decisions((("a", "b"), ("x", "y"), ("b", "c")), (("c", "a"),)))
    assert "results/decisions.json contradicts itself" in message
    assert "cannot_link 1 ('c', 'a') against must_link 3 ('b', 'c') and must_link 1 ('a', 'b')" in message
    assert "Take one back" in message and "'x'" not in message


def test_a_locked_cluster_is_named_by_place_and_name() -> None:
    clusters = (DecidedCluster(("q",), "Other"), DecidedCluster(("a", "b"), "Town hall", True))
    assert "cannot_link 1 ('a', 'b') against clusters 2 ('Town hall', locked)" in clash(
        Decisions((), (("a", "b"),), clusters)
    )
    assert "must_link 1 ('b', 'z') would add photos to clusters 2 ('Town hall', locked)" in clash(
        Decisions((("b", "z"),), (), clusters)
    )


def test_two_locked_clusters_with_a_photo_in_common_are_named() -> None:
    clusters = (DecidedCluster(("a", "b"), None, True), DecidedCluster(("b", "c"), None, True))
    assert "clusters 1 (locked) and clusters 2 (locked) have photos in common" in clash(Decisions((), (), clusters))


def test_of_many_clashes_the_first_are_named() -> None:
    pairs = tuple((f"a{place}", f"b{place}") for place in range(9))
    message = clash(Decisions(pairs, pairs))
    assert message.count("against") == 5 and "and 4 more" in message


def test_long_lists_of_photos_are_cut() -> None:
    assert "('a', 'b', 'c', ...)" in clash(Decisions((tuple("abcdef"),), (("a", "f"),)))


def test_photos_are_numbered_by_name_and_gone_ones_are_left_out() -> None:
    decisions = Decisions((("c", "gone"), ("gone", "a")), (("b", "c"),), (DecidedCluster(("d",), None, True),))
    constraints = constrain(decisions, ["a", "b", "c", "d"])
    assert constraints.together == [[0, 2]] and constraints.apart == [(0, 1)] and constraints.locked == [[3]]


def test_a_name_alone_locks_nothing() -> None:
    assert not constrain(Decisions(clusters=(DecidedCluster(("a", "b"), "x"),)), ["a", "b"])


def test_names_go_to_the_clusters_that_hold_their_photos() -> None:
    clusters = (
        DecidedCluster(("a", "b", "z"), "Town hall"),
        DecidedCluster(("q",), "Gone"),
        DecidedCluster(("c",), None, True),
    )
    names, unused = name_clusters(Decisions(clusters=clusters), {3: ["a", "b", "y"], 5: ["c", "z"]})
    assert (names, unused) == ({3: "Town hall"}, ["Gone"])
