"""Which pairs are compared: the skipping rules against going through all pairs one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustering import comparisons
from clustering.comparisons import EXACT, LEADER, NONE, RULES, Comparison, compare, label_components
from clustering.union_find import UnionFind
from storage.errors import UsageError

THRESHOLD = 0.5


class TableScorer:
    """Scores from a table; notes every pair that it was asked for."""

    def __init__(self, table: np.ndarray) -> None:
        self.table = np.asarray(table, dtype=np.float64)
        self.asked: list[tuple[int, int]] = []

    def block(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        self.asked += [(int(one), int(two)) for one in first for two in second]
        return self.table[np.ix_(first, second)]

    def pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        self.asked += list(zip(first.tolist(), second.tolist(), strict=True))
        return self.table[first, second]


def table_of(num_photos: int, similar: set[tuple[int, int]]) -> np.ndarray:
    table = np.zeros((num_photos, num_photos))
    for one, two in similar:
        table[one, two] = table[two, one] = 0.6 + 0.3 * ((one + two) % 10) / 10
    return table


def run(table: np.ndarray, rule: str, scores_blocks: bool = False, group: np.ndarray | None = None, **how: object):
    scorer = TableScorer(table)
    comparison = Comparison(scorer, len(table), THRESHOLD, rule, scores_blocks, group)
    return list(compare(comparison, **how)), scorer, comparison  # type: ignore[arg-type]


def pairs_of(steps: list) -> set[tuple[int, int]]:
    found = [pair for step in steps for pair in zip(step.first.tolist(), step.second.tolist(), strict=True)]
    assert len(found) == len(set(found))
    return set(found)


def components(num_photos: int, pairs: set[tuple[int, int]]) -> list[int]:
    union_find = UnionFind()
    for one, two in pairs:
        union_find.union(one, two)
    return [union_find.find(photo) for photo in range(num_photos)]


def sequential_exact(table: np.ndarray, group: np.ndarray | None = None) -> list[tuple[int, int]]:
    union_find, compared = UnionFind(), []
    for one, two in combinations(range(len(table)), 2):
        if union_find.find(one) == union_find.find(two) or (group is not None and group[one] == group[two]):
            continue
        compared.append((one, two))
        if table[one, two] >= THRESHOLD:
            union_find.union(one, two)
    return compared


def sequential_leader(table: np.ndarray) -> tuple[list[tuple[int, int]], set[tuple[int, int]]]:
    absorbed: set[int] = set()
    compared, found = [], set()
    for one, two in combinations(range(len(table)), 2):
        if one in absorbed or two in absorbed:
            continue
        compared.append((one, two))
        if table[one, two] >= THRESHOLD:
            absorbed.add(two)
            found.add((one, two))
    return compared, found


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    num_photos = draw(st.integers(1, 14))
    every = list(combinations(range(num_photos), 2))
    similar = draw(st.sets(st.sampled_from(every), max_size=30)) if every else set()
    return table_of(num_photos, similar)


grouped = st.lists(st.integers(0, 2), min_size=14, max_size=14).map(np.array)


@given(tables(), st.booleans())
def test_exact_finds_the_components_of_comparing_everything(table: np.ndarray, scores_blocks: bool) -> None:
    exact, *_ = run(table, EXACT, scores_blocks)
    everything, *_ = run(table, NONE)
    assert components(len(table), pairs_of(exact)) == components(len(table), pairs_of(everything))


@given(tables(), st.none() | grouped)
def test_exact_compares_what_going_through_the_pairs_in_order_would(table: np.ndarray, group: np.ndarray) -> None:
    group = None if group is None else group[: len(table)]
    steps, scorer, _ = run(table, EXACT, group=group)
    expected = sequential_exact(table, group)
    assert sorted(scorer.asked) == expected
    assert sum(step.num_compared for step in steps) == len(expected)


@given(tables(), st.booleans())
def test_leader_keeps_the_pairs_of_the_original_rule(table: np.ndarray, scores_blocks: bool) -> None:
    steps, scorer, _ = run(table, LEADER, scores_blocks)
    compared, found = sequential_leader(table)
    assert pairs_of(steps) == found
    if not scores_blocks:
        assert sorted(scorer.asked) == compared and sum(step.num_compared for step in steps) == len(compared)


@given(tables(), st.booleans(), st.none() | grouped)
def test_none_compares_every_pair_of_two_groups_once(table: np.ndarray, scores_blocks: bool, group: np.ndarray) -> None:
    group = None if group is None else group[: len(table)]
    steps, _, comparison = run(table, NONE, scores_blocks, group)
    wanted = {
        (one, two) for one, two in combinations(range(len(table)), 2) if group is None or group[one] != group[two]
    }
    assert pairs_of(steps) == {pair for pair in wanted if table[pair] >= THRESHOLD}
    assert sum(step.num_compared for step in steps) == len(wanted) == comparison.num_pairs


@given(tables(), st.sampled_from(RULES), st.booleans(), st.data())
def test_going_on_after_any_step_gives_what_one_run_gives(
    table: np.ndarray, rule: str, scores_blocks: bool, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparisons, "SCORES_AT_ONCE", 30)
        whole, *_ = run(table, rule, scores_blocks)
    done = data.draw(st.integers(0, len(whole)))
    row = whole[done - 1].next_row if done else 0
    former = [np.concatenate([np.zeros(0, np.int64), *(getattr(step, end) for step in whole[:done])]) for end in ENDS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparisons, "SCORES_AT_ONCE", 30)
        rest, *_ = run(table, rule, scores_blocks, start_row=row, former=tuple(former))
    assert pairs_of(whole[:done]) | pairs_of(rest) == pairs_of(whole)
    assert sum(step.num_compared for step in whole[done:]) == sum(step.num_compared for step in rest)


ENDS = ("first", "second")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scores_blocks", [True, False])
def test_small_blocks_give_what_large_ones_give(
    rule: str, scores_blocks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    table = table_of(30, {pair for pair in combinations(range(30), 2) if random.random() < 0.05})
    large, *_ = run(table, rule, scores_blocks)
    monkeypatch.setattr(comparisons, "SCORES_AT_ONCE", 50)
    monkeypatch.setattr(comparisons, "PAIRS_AT_ONCE", 50)
    small, *_ = run(table, rule, scores_blocks)
    assert pairs_of(large) == pairs_of(small)
    assert len(small) > 3 or rule == EXACT


def test_the_chain_that_the_leader_rule_breaks_is_whole_with_exact() -> None:
    chain = table_of(3, {(0, 1), (1, 2)})
    assert pairs_of(run(chain, EXACT)[0]) == {(0, 1), (1, 2)}
    assert pairs_of(run(chain, LEADER)[0]) == {(0, 1)}


def test_what_the_leader_rule_finds_depends_on_the_order() -> None:
    chain = table_of(3, {(0, 1), (0, 2)})  # the same chain with its middle first
    assert pairs_of(run(chain, LEADER)[0]) == {(0, 1), (0, 2)}


@pytest.mark.parametrize("rule", RULES)
def test_what_is_not_comparable_is_in_no_pair(rule: str) -> None:
    assert pairs_of(run(np.full((4, 4), -np.inf), rule)[0]) == set()


def test_a_score_at_the_threshold_is_similar() -> None:
    assert pairs_of(run(np.full((2, 2), THRESHOLD), EXACT)[0]) == {(0, 1)}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("num_photos", [0, 1])
def test_one_photo_has_nothing_to_be_compared_with(rule: str, num_photos: int) -> None:
    steps, _, comparison = run(np.zeros((num_photos, num_photos)), rule)
    assert pairs_of(steps) == set() and comparison.num_pairs == 0


def test_blocks_make_exact_compare_and_keep_everything() -> None:
    table = table_of(6, set(combinations(range(6), 2)))
    steps, *_ = run(table, EXACT, scores_blocks=True)
    assert len(pairs_of(steps)) == sum(step.num_compared for step in steps) == 15
    assert len(pairs_of(run(table, EXACT)[0])) == 5


def test_components_are_numbered_alike_for_what_is_connected() -> None:
    label = label_components(4, np.array([0]), np.array([2]))
    assert label[0] == label[2] and len(set(label.tolist())) == 3


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(UsageError, match="--skip most: must be one of exact, leader, none"):
        Comparison(TableScorer(np.zeros((1, 1))), 1, THRESHOLD, "most")
