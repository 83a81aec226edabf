"""Scores by counts: exact, in blocks of bounded memory."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.similarities.base import NOT_COMPARABLE
from hloc.similarities.counting import CELLS_AT_ONCE, CountingScorer, differing_bits, differing_words, stacked

WORD = np.dtype(np.uint64)


def bit_scorer(num_photos: int, num_words: int = 1) -> tuple[CountingScorer, NDArray[np.uint64]]:
    words = np.random.default_rng(0).integers(0, 2**63, (num_photos, num_words), dtype=np.uint64)
    scores = 1 - np.arange(64 * num_words + 1) / (64 * num_words)
    return CountingScorer(words, np.ones(num_photos, bool), differing_bits, scores), words


@pytest.mark.parametrize("num_words", [1, 2, 64])
def test_bits_are_counted_over_all_words(num_words: int) -> None:
    scorer, words = bit_scorer(5, num_words)
    counts = [
        [sum((int(a) ^ int(b)).bit_count() for a, b in zip(one, two, strict=True)) for two in words] for one in words
    ]
    expected = np.round(1 - np.array(counts) / (64 * num_words), 7)
    assert np.array_equal(scorer.block(np.arange(5), np.arange(5)), expected)


def test_words_are_counted_as_equal_or_not() -> None:
    words = np.array([[1, 2, 3, 4], [1, 9, 3, 9]], np.uint32)
    scorer = CountingScorer(words, np.ones(2, bool), differing_words, 1 - np.arange(5) / 4)
    assert scorer.pairs(np.array([0, 0]), np.array([1, 0])).tolist() == [0.5, 1.0]


def test_photos_without_a_feature_are_comparable_with_nothing() -> None:
    words, is_comparable = stacked([np.array([7], WORD), np.empty(0, WORD)], 1, WORD)
    scorer = CountingScorer(words, is_comparable, differing_bits, 1 - np.arange(65) / 64)
    scores = scorer.block(np.arange(2), np.arange(2))
    assert scores[0, 0] == 1.0
    assert scores[0, 1] == scores[1, 0] == scores[1, 1] == NOT_COMPARABLE


def test_a_block_larger_than_what_is_counted_at_once_is_whole() -> None:
    scorer, _ = bit_scorer(700)
    everyone = np.arange(700)
    block = scorer.block(everyone, everyone)
    assert block.size > 2 * CELLS_AT_ONCE
    rows, others = (indices.ravel() for indices in np.indices(block.shape))
    assert np.array_equal(scorer.pairs(rows, others), block.ravel())


def test_a_block_takes_little_memory_besides_its_scores() -> None:
    scorer, _ = bit_scorer(2000)
    everyone = np.arange(2000)
    tracemalloc.start()
    scores = scorer.block(everyone, everyone)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < scores.nbytes + 4 * 2**20


def test_memory_grows_with_the_photos_and_not_with_their_square() -> None:
    peaks = []
    for num_photos in (10_000, 40_000):
        tracemalloc.start()
        scorer, _ = bit_scorer(num_photos)
        scorer.block(np.arange(10), np.arange(num_photos))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 5 * peaks[0]


def test_threads_may_share_a_scorer() -> None:
    scorer, _ = bit_scorer(300)
    everyone = np.arange(300)
    expected = scorer.block(everyone, everyone)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: scorer.block(everyone, everyone), range(8)))
    assert all(np.array_equal(block, expected) for block in found)
