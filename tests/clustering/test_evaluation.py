from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustering.evaluation import evaluate, number_groups

Labels = list[int]
two_groupings = st.integers(1, 12).flatmap(
    lambda size: st.tuples(*[st.lists(st.integers(-1, 4), min_size=size, max_size=size)] * 2)
)


def groups_of(labels: Labels) -> list[frozenset[int]]:
    """Each photo's group, itself included."""
    return [
        frozenset([i]) if label == -1 else frozenset(j for j, other in enumerate(labels) if other == label)
        for i, label in enumerate(labels)
    ]


def fewest_moves_by_trying_all(true: Labels, predicted: Labels) -> int:
    """Photos that stay: the best of all ways to let each true group keep one predicted group's photos."""
    true_groups, predicted_groups = (
        sorted(set(groups_of(true)), key=sorted),
        sorted(set(groups_of(predicted)), key=sorted),
    )
    short, long = sorted((true_groups, predicted_groups), key=len)
    stays = (
        sum(len(a & b) for a, b in zip(short, chosen, strict=True))
        for chosen in itertools.permutations(long, len(short))
    )
    return len(true) - max(stays)


def test_a_case_worked_out_by_hand() -> None:
    measures = evaluate([0, 0, 0, 1, 1], [5, 5, 7, 7, 7]).as_dict()
    assert measures == {
        "num_photos": 5,
        "num_true_groups": 2,
        "num_predicted_groups": 2,
        "pairwise_precision": pytest.approx(2 / 4),
        "pairwise_recall": pytest.approx(2 / 4),
        "pairwise_f1": pytest.approx(1 / 2),
        "bcubed_precision": pytest.approx((2 + 1 / 3 + 4 / 3) / 5),
        "bcubed_recall": pytest.approx((4 / 3 + 1 / 3 + 2) / 5),
        "bcubed_f1": pytest.approx(11 / 15),
        "adjusted_rand_index": pytest.approx((2 - 1.6) / (4 - 1.6)),
        "normalised_mutual_information": pytest.approx(0.4325, abs=1e-4),
        "num_split": 1,
        "num_merging": 1,
        "num_moves": 1,
    }


def test_everything_in_one_cluster_has_full_recall_and_poor_precision() -> None:
    result = evaluate([0, 0, 1, 1], [3, 3, 3, 3])
    assert (result.pairwise_recall, result.bcubed_recall) == (1, 1)
    assert (result.pairwise_precision, result.bcubed_precision) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert (result.num_split, result.num_merging, result.num_moves) == (0, 1, 2)


def test_every_photo_alone_has_full_precision_and_no_pairwise_recall() -> None:
    result = evaluate([0, 0, 1, 1], [-1, -1, -1, -1])
    assert (result.pairwise_precision, result.pairwise_recall, result.pairwise_f1) == (1, 0, 0)
    assert (result.bcubed_precision, result.bcubed_recall) == (1, 0.5)
    assert (result.num_split, result.num_merging, result.num_moves) == (2, 0, 2)


def test_photos_labelled_minus_one_are_groups_of_their_own() -> None:
    assert evaluate([-1, -1, 0, 0], [1, 1, 0, 0]).num_merging == 1
    assert evaluate([-1, -1], [-1, -1]).pairwise_f1 == 1


def test_a_move_into_a_new_group_is_one_move() -> None:
    assert evaluate([0, 0, 0, -1], [0, 0, 0, 0]).num_moves == 1


def test_swapped_halves_take_the_smaller_halves_moves() -> None:
    assert evaluate([0] * 5 + [1] * 5, [0, 0, 0, 1, 1, 0, 0, 1, 1, 1]).num_moves == 4


def test_group_numbers_have_no_gaps_and_singles_come_apart() -> None:
    assert sorted(number_groups([7, -1, 7, -1, 3]).tolist()) == [0, 1, 1, 2, 3]


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="same photos"):
        evaluate([0, 1], [0])


def test_no_photos_are_refused() -> None:
    with pytest.raises(ValueError, match="one at least"):
        evaluate([], [])


def test_a_table_of_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="one-dimensional"):
        evaluate([[0]], [[0]])


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=20))
def test_a_grouping_agrees_fully_with_itself(labels: Labels) -> None:
    measures = evaluate(labels, labels).as_dict()
    assert all(value == pytest.approx(1) for value in measures.values() if isinstance(value, float))
    assert (measures["num_split"], measures["num_merging"], measures["num_moves"]) == (0, 0, 0)


@given(two_groupings, st.randoms())
def test_neither_the_order_of_photos_nor_the_numbers_of_groups_matter(groupings: tuple[Labels, Labels], rng) -> None:  # type: ignore[no-untyped-def]
    true, predicted = groupings
    order = rng.sample(range(len(true)), len(true))
    renamed = {-1: -1} | dict(zip(range(5), rng.sample(range(100), 5), strict=True))
    other = evaluate([true[i] for i in order], [renamed[predicted[i]] for i in order])
    assert other.as_dict() == pytest.approx(evaluate(true, predicted).as_dict())


@given(two_groupings)
def test_precision_one_way_is_recall_the_other_way(groupings: tuple[Labels, Labels]) -> None:
    one, other = evaluate(*groupings), evaluate(*groupings[::-1])
    assert one.pairwise_precision == other.pairwise_recall
    assert one.bcubed_precision == pytest.approx(other.bcubed_recall)
    assert (one.num_split, one.num_moves) == (other.num_merging, other.num_moves)


@given(two_groupings)
def test_measures_equal_those_of_counting_every_pair_and_photo(groupings: tuple[Labels, Labels]) -> None:
    true, predicted = (groups_of(labels) for labels in groupings)
    result = evaluate(*groupings)
    pairs = list(itertools.combinations(range(len(true)), 2))
    kinds = Counter((j in predicted[i], j in true[i]) for i, j in pairs)
    num_predicted, num_both = kinds[True, True] + kinds[True, False], kinds[True, True]
    assert result.pairwise_precision == pytest.approx(num_both / num_predicted if num_predicted else 1)
    shares = [len(p & t) / len(p) for p, t in zip(predicted, true, strict=True)]
    assert result.bcubed_precision == pytest.approx(np.mean(shares))
    assert result.num_split == sum(len({predicted[i] for i in group}) > 1 for group in set(true))


@given(st.integers(1, 6).flatmap(lambda n: st.tuples(*[st.lists(st.integers(-1, 3), min_size=n, max_size=n)] * 2)))
def test_the_fewest_moves_equal_those_of_trying_every_assignment(groupings: tuple[Labels, Labels]) -> None:
    assert evaluate(*groupings).num_moves == fewest_moves_by_trying_all(*groupings)


def test_a_hundred_thousand_photos_are_compared_without_a_full_table() -> None:
    rng = np.random.default_rng(0)
    true = np.arange(100_000) // 10
    predicted = np.where(rng.random(100_000) < 0.02, rng.permutation(true), true)
    result = evaluate(true, predicted)
    assert 0.9 < result.pairwise_f1 < 1
    assert 1500 < result.num_moves < 2100
