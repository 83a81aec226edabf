from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustering.agreement import ONE, Linkages, Links, find_linkages
from clustering.graph import ScoredPairs, find_edges

Pair = tuple[int, int, float]


def linkages(pairs: list[Pair], label: list[int]) -> dict[tuple[int, int], float]:
    found = find_all(pairs, label)
    columns = (found.first.tolist(), found.second.tolist(), found.agreement.tolist())
    return {(one, two): agreement for one, two, agreement in zip(*columns, strict=True)}


def find_all(pairs: list[Pair], label: list[int]) -> Linkages:
    first, second, score = zip(*pairs, strict=True) if pairs else ((), (), ())
    links = Links.of_edges(find_edges(ScoredPairs.from_arrays(len(label), first, second, score), 0.0))
    labels = np.array(label)
    links = links.take(labels[links.first] != labels[links.second])
    return find_linkages(links, labels, np.bincount(labels, minlength=len(label)))


def literal_agreement(pairs: list[Pair], label: list[int], one: int, two: int) -> float:
    means = []
    for here, there in ((one, two), (two, one)):
        members = [photo for photo in range(len(label)) if label[photo] == here]
        best = [
            max([score for a, b, score in pairs if photo in (a, b) and label[b if photo == a else a] == there] or [0])
            for photo in members
        ]
        means.append(sum(best) / len(members))
    return (means[0] * means[1]) ** 0.5


def test_two_photos_agree_as_well_as_their_probability_says() -> None:
    assert linkages([(0, 1, 0.8)], [0, 1]) == {(0, 1): pytest.approx(0.8)}


def test_photos_without_a_link_count_as_zero() -> None:
    # one pair between two clusters of ten
    label = [0] * 10 + [10] * 10
    (found,) = linkages([(3, 14, 1.0)], label).values()
    assert found == pytest.approx(0.1)


def test_many_links_of_one_photo_count_once_on_its_side() -> None:
    label = [0] * 4 + [4] * 4
    (found,) = linkages([(0, photo, 1.0) for photo in range(4, 8)], label).values()
    assert found == pytest.approx((0.25 * 1.0) ** 0.5)


def test_links_of_different_photos_count_together() -> None:
    label = [0] * 4 + [4] * 4
    (found,) = linkages([(photo, photo + 4, 0.9) for photo in range(4)], label).values()
    assert found == pytest.approx(0.9)


def test_a_photo_paired_with_itself_is_no_link() -> None:
    assert len(Links.of_edges(find_edges(ScoredPairs.from_arrays(2, [0], [0], [1.0]), 0.0))) == 0


def test_links_are_chosen_by_probability() -> None:
    links = Links.of_edges(find_edges(ScoredPairs.from_arrays(3, [0, 1], [1, 2], [0.8, 0.79]), 0.0))
    assert links.at_least(0.8).first.tolist() == [0]
    assert links.support.tolist() == [1, 1]


def test_two_clusters_are_as_well_supported_as_the_best_pair_between_them() -> None:
    links = Links(np.array([0, 1]), np.array([2, 3]), np.array([ONE, ONE]), np.array([0.25, 0.75]))
    assert find_linkages(links, np.array([0, 0, 2, 2]), np.array([2, 0, 2, 0])).support.tolist() == [0.75]


def test_no_links_are_no_joints() -> None:
    assert linkages([], [0, 1]) == {} and linkages([(0, 1, 0.9)], [0, 0]) == {}


def test_joints_can_be_taken_and_put_together() -> None:
    found = find_all([(0, 1, 0.8), (1, 2, 0.9)], [0, 1, 2])
    one, two = found.take(found.first == 0), found.take(found.first == 1)
    assert len(one) == len(two) == 1
    assert one.with_more(two).agreement.tolist() == found.agreement.tolist()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.25, 0.5, 0.75, 1.0])), max_size=25),
    st.lists(st.integers(0, 3), min_size=10, max_size=10),
)
def test_agreement_equals_its_definition(pairs: list[Pair], groups: list[int]) -> None:
    label = [groups.index(group) for group in groups]
    for (one, two), agreement in linkages(pairs, label).items():
        assert agreement == pytest.approx(literal_agreement(pairs, label, one, two))
