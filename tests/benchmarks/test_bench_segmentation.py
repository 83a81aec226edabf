"""What the benchmark of segmentation measures."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bench_segmentation import agreement, print_methods, segmented
from segmentation import METHODS
from tests.drawn_segments import DrawnSegments, draw_facade, draw_object


def test_equal_segments_agree_wholly_whatever_their_numbers() -> None:
    truth = np.array([[1, 1, 2], [3, 3, 2]], np.int32)
    assert agreement(truth, 4 - truth) == (1.0, 1.0)


def test_one_segment_for_all_does_not_agree() -> None:
    truth = np.array([[1, 1, 1, 2]], np.int32)
    index, best = agreement(truth, np.ones_like(truth))
    assert index == 0 and best == 0.75


def test_edges_are_left_out_of_the_index_and_count_as_wrong_in_the_best_share() -> None:
    truth = np.array([[1, 1, 2, 2]], np.int32)
    assert agreement(truth, np.array([[1, 0, 2, 2]], np.int32)) == (1.0, 0.75)


def test_a_segmenter_is_timed_with_its_parameters() -> None:
    labels, taken = segmented("kmeans", {"k": 3}, draw_facade(60, 40).photo)
    assert labels.max() == 3 and taken > 0


def test_the_table_has_a_line_for_each_method(capsys: pytest.CaptureFixture[str]) -> None:
    print_methods(draw_facade(60, 40))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == list(METHODS)
    assert len({line.count("|") for line in lines}) == 1
    assert "| sam | no checkpoint |" in lines[-1]


def test_the_drawn_facade_has_15_segments_and_is_the_same_each_time() -> None:
    first, second = draw_facade(120, 90), draw_facade(120, 90)
    assert isinstance(first, DrawnSegments) and (first.photo == second.photo).all()
    assert np.unique(first.truth).tolist() == list(range(1, 16))
    assert (draw_facade(120, 90, seed=1).photo != first.photo).any()


def test_the_drawn_object_is_in_the_middle_and_not_at_the_border() -> None:
    drawn = draw_object()
    assert 0.1 < drawn.mask.mean() < 0.4 and not drawn.mask[0].any() and drawn.photo.shape == (180, 240, 3)
