"""COCO's run lengths, as numbers and as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.formats.rle import counts_mask, counts_text, mask_counts, mask_rle, rle_mask, text_counts


def test_counts_go_column_by_column_and_begin_with_zeros() -> None:
    mask = np.array([[0, 1, 1], [0, 1, 0]], dtype=bool)
    assert mask_counts(mask) == [2, 3, 1]
    assert mask_counts(~mask) == [0, 2, 3, 1]
    assert mask_counts(np.zeros((2, 3), bool)) == [6]
    assert mask_counts(np.ones((2, 3), bool)) == [0, 6]


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        # As pycocotools 2.0 writes them.
        ([6], "6"),
        ([0, 6], "06"),
        ([2, 3, 1], "231"),
        ([15, 16, 1], "?`01"),
        ([1000, 24], "Xo0h0"),
        ([5, 3, 7, 3, 7, 75], "53700X2"),
        ([3, 500, 2, 1, 4000, 7], "3d?2]@nl36"),
        ([100, 900, 2, 8, 1, 13], "T3Tl02TTOO5"),
    ],
)
def test_known_counts_have_the_text_that_other_tools_write(counts: list[int], text: str) -> None:
    assert counts_text(counts) == text and text_counts(text) == counts


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.floats(0, 1))
def test_a_mask_comes_back_from_its_counts_and_from_its_text(seed: int, height: int, width: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    assert (counts_mask(mask_counts(mask), height, width) == mask).all()
    assert (rle_mask(mask_rle(mask)) == mask).all()
    assert (rle_mask({"size": [height, width], "counts": mask_counts(mask)}) == mask).all()


@given(st.lists(st.integers(0, 2**31), max_size=12))
def test_counts_of_any_size_come_back_from_their_text(counts: list[int]) -> None:
    text = counts_text(counts)
    assert text_counts(text) == counts and all(48 <= ord(character) < 112 for character in text)


@pytest.mark.parametrize("counts", [[5], [7], [-1, 7], [[6]]])
def test_counts_that_do_not_fit_the_size_are_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="do not add up to 3 x 2"):
        counts_mask(counts, 2, 3)


@pytest.mark.parametrize("text", ["P", "5\n", "5é", "p0", "o" * 40])
def test_what_is_no_text_of_counts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="run lengths"):
        text_counts(text)


@pytest.mark.parametrize("rle", [None, {}, {"size": [2], "counts": "6"}, {"size": [2, 3], "counts": 6}])
def test_what_is_no_object_of_run_lengths_is_refused(rle: object) -> None:
    with pytest.raises(ValueError):
        rle_mask(rle)
