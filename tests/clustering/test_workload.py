"""The expected number of comparisons: the tables, and what the rules really take."""

from __future__ import annotations

import numpy as np
import pytest

from clustering.comparisons import EXACT, LEADER, NONE, RULES, Comparison, compare
from clustering.workload import (
    Workload,
    equal_classes,
    estimate,
    expected_comparisons,
    merge_bounds,
    published_estimates,
)
from storage.errors import UsageError

# sizes of groups, photos that are like no other, leader, exact
BATCHES = [
    ([5, 5, 5], 10, 122.00, 282),
    ([3, 8, 1], 4, 39.75, 98),
    ([20, 20], 0, 58.00, 438),
    ([2, 2, 2, 2], 6, 63.00, 91),
]
README = Workload(equal_classes(20_000, 5), 2500, 0.5)


class Cliques:
    """Scores 1 within a group, 0 otherwise."""

    def __init__(self, label: np.ndarray) -> None:
        self.label = label

    def pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return (self.label[first] == self.label[second]).astype(np.float64)

    def block(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return self.pairs(first[:, None], second)


def labels_of(similar: list[int], num_others: int) -> np.ndarray:
    sizes = [*similar, *([1] * num_others)]
    return np.repeat(np.arange(len(sizes)), sizes)


def counted(label: np.ndarray, rule: str) -> int:
    steps = compare(Comparison(Cliques(label), len(label), 0.5, rule))
    return sum(step.num_compared for step in steps)


@pytest.mark.parametrize(("similar", "others", "leader", "exact"), BATCHES)
def test_the_formulas_give_the_table_of_small_batches(similar: list, others: int, leader: float, exact: int) -> None:
    assert expected_comparisons(similar, others, LEADER) == pytest.approx(leader, abs=0.005)
    assert expected_comparisons(similar, others, EXACT) == exact
    count = sum(similar) + others
    assert expected_comparisons(similar, others, NONE) == count * (count - 1) / 2


@pytest.mark.parametrize(("similar", "others", "leader", "exact"), BATCHES)
def test_exact_takes_what_the_formula_says_in_any_order(similar: list, others: int, leader: float, exact: int) -> None:
    random = np.random.default_rng(1)
    label = labels_of(similar, others)
    assert {counted(random.permutation(label), EXACT) for _ in range(5)} == {exact}


@pytest.mark.parametrize(("similar", "others", "leader", "exact"), BATCHES)
def test_leader_takes_in_the_mean_what_the_formula_says(similar: list, others: int, leader: float, exact: int) -> None:
    random = np.random.default_rng(2)
    label = labels_of(similar, others)
    counts = [counted(random.permutation(label), LEADER) for _ in range(300)]
    error = np.std(counts) / np.sqrt(len(counts))
    assert abs(np.mean(counts) - expected_comparisons(similar, others, LEADER)) <= 4 * error


def test_the_estimates_of_the_readme_example_are_those_of_the_table() -> None:
    exact, leader, none = estimate(README)
    assert [each.rule for each in (exact, leader, none)] == list(RULES)
    assert leader.most == pytest.approx(6_375_261.6, abs=0.05) and leader.saved == pytest.approx(0.968122, abs=5e-7)
    assert exact.most == 23_755_660 and exact.saved == pytest.approx(0.881216, abs=5e-7)
    assert none.within_batches == 24_990_000
    assert 1 - none.within_batches / none.all_pairs == pytest.approx(0.875044, abs=5e-7)
    assert none.all_pairs == 199_990_000


@pytest.mark.parametrize(
    ("version", "comparisons", "saved"),
    [
        ("as_printed", 12_590_794, 0.937043),
        ("as_meant", 7_550_674, 0.962245),
        ("without_double_pairs", 6_305_674, 0.968470),
    ],
)
def test_the_published_formula_gives_the_published_numbers(version: str, comparisons: int, saved: float) -> None:
    found = published_estimates(README)[version]
    assert found == comparisons
    assert 1 - found / 199_990_000 == pytest.approx(saved, abs=5e-7)


def test_representatives_take_at_most_all_pairs_across_batches() -> None:
    batches = README.batches()
    assert merge_bounds(batches, NONE) == (700, 700)
    assert merge_bounds(batches, LEADER) == (105, 700)
    assert merge_bounds(batches, EXACT) == (595, 700)


@pytest.mark.parametrize("rule", RULES)
def test_merging_classes_that_are_alike_takes_what_the_lower_bound_says(rule: str) -> None:
    batch_of = np.repeat(np.arange(8), 5)
    class_of = np.tile(np.arange(5), 8)
    steps = compare(Comparison(Cliques(class_of), 40, 0.5, rule, group=batch_of))
    least = merge_bounds(README.batches(), rule)[0]
    assert sum(step.num_compared for step in steps) == least


def test_one_batch_has_nothing_to_merge() -> None:
    assert merge_bounds(Workload([10, 10]).batches(), LEADER) == (0, 0)


def test_rescued_photos_are_compared_across_batches() -> None:
    workload = Workload([10], 5, 0.4, rescue_outliers=True)
    batches = workload.batches()
    assert [(batch.similar, batch.num_others) for batch in batches] == [((2.0,), 3.0)] * 2
    assert merge_bounds(batches, NONE, rescue_outliers=True) == (16, 16)


def test_batches_are_rounded_up_and_the_last_holds_what_is_left() -> None:
    assert [batch.num_photos for batch in Workload([25], 10).batches()] == [10, 10, 5]


def test_classes_may_be_of_unequal_sizes() -> None:
    (batch,) = Workload([6, 4, 1], similar_share=0.5).batches()
    assert batch.similar == (3.0, 2.0) and batch.num_others == 6.0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"class_sizes": []}, "--class_sizes"),
        ({"class_sizes": [3, 0]}, "--class_sizes"),
        ({"class_sizes": [3], "batch_size": 1}, "--batch_size 1: must be 2 or more"),
        ({"class_sizes": [3], "similar_share": 1.5}, "--similar_share 1.5: must be 0 to 1"),
    ],
)
def test_values_out_of_range_are_refused(settings: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Workload(**settings)


def test_equal_classes_differ_by_one_photo_at_most() -> None:
    assert equal_classes(11, 3) == [4, 4, 3]
    with pytest.raises(UsageError, match="--num_classes 4"):
        equal_classes(3, 4)
