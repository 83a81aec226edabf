from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustering.bonds import Bonds
from clustering.graph import ScoredPairs
from clustering.questions import Questions, chance, expected_gain


def ask(groups: list[int], *pairs: tuple[int, int, float]) -> Questions:
    first, second, score = zip(*pairs, strict=True)
    return Questions(Bonds(ScoredPairs.from_arrays(len(groups), first, second, score)), groups)


def test_there_is_one_question_about_two_groups_with_their_best_pair() -> None:
    (question,) = ask([5, 5, 7, 7], (0, 2, 0.3), (3, 1, 0.6), (0, 1, 0.9)).in_order()
    assert question.groups == (5, 7) and question.pair == (1, 3) and question.score == 0.6


def test_measures_are_those_of_the_bond() -> None:
    pairs = [(0, 2, 0.3), (1, 3, 0.6), (1, 2, 0.5)]
    bonds = Bonds(ScoredPairs.from_arrays(4, *zip(*pairs, strict=True)))
    (question,) = Questions(bonds, [0, 0, 1, 1]).in_order()
    bond = bonds.between([0, 1], [2, 3])
    assert bond is not None and question.agreement == pytest.approx(bond.agreement)
    assert question.gain == pytest.approx(expected_gain(chance(0.6, bond.agreement), (2, 2)))


def test_of_two_equal_chances_the_larger_groups_are_asked_about_first() -> None:
    groups = [0, 0, 1, 1, ~4, ~5]
    first, second = ask(groups, (0, 2, 0.5), (1, 3, 0.5), (4, 5, 0.5)).in_order()
    assert first.groups == (0, 1) and second.groups == (~5, ~4) and first.gain > second.gain


def test_of_two_equal_groups_the_likelier_one_is_asked_about_first() -> None:
    questions = list(ask([~0, ~1, ~2, ~3], (0, 1, 0.4), (2, 3, 0.7)).in_order())
    assert [question.pair for question in questions] == [(3, 2), (1, 0)]


def test_one_sure_pair_is_worth_less_the_more_photos_are_silent() -> None:
    assert chance(0.99, 0.2) < chance(0.99, 0.6) < chance(0.99, 0.99) <= 1


def test_what_a_merge_gains_is_what_b_cubed_recall_gains() -> None:
    # three and five of eight photos: each of the three sees 5 more of 8, each of the five 3 more
    assert expected_gain(1.0, (3, 5)) == pytest.approx(3 * 5 / 8 + 5 * 3 / 8)


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_kept_up_to_date_is_what_would_be_found_anew(seed: int) -> None:
    random = np.random.default_rng(seed)
    pairs = ScoredPairs.from_arrays(12, *random.integers(0, 12, (2, 30)), random.random(30))
    groups = [int(group) if group else ~photo for photo, group in enumerate(random.integers(0, 5, 12))]
    questions = Questions(Bonds(pairs), groups)
    for _ in range(3):
        former, moved = list(groups), random.integers(0, 12)
        groups[moved] = int(random.integers(1, 6))
        changed = {former[moved], groups[moved]}
        photos = [photo for photo in range(12) if groups[photo] in changed or former[photo] in changed]
        questions.update(photos, [groups[photo] for photo in photos])
    found, wanted = list(questions.in_order()), list(Questions(Bonds(pairs), groups).in_order())
    assert {question.groups: question for question in found}.keys() == {q.groups: q for q in wanted}.keys()
    assert [question.gain for question in found] == pytest.approx([question.gain for question in wanted])
