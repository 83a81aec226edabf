"""Masks brought to the size of the photo."""

from __future__ import annotations

import numpy as np

from segmentation import refining
from segmentation.refining import enlarge_mask


def test_a_mask_of_full_size_stays_as_it_is() -> None:
    mask = np.eye(9, dtype=bool)
    found = enlarge_mask(mask, np.zeros((9, 9, 3), np.uint8))
    assert (found == mask).all() and found is not mask


def test_a_border_moves_to_the_edge_of_the_photo() -> None:
    photo = np.full((80, 120, 3), 40, np.uint8)
    photo[:, 53:] = 220
    mask = np.zeros((10, 15), bool)
    mask[:, 7:] = True  # from column 56 of the photo on
    found = enlarge_mask(mask, photo)
    assert found[:, 53:].all() and not found[:, :53].any()
    assert enlarge_mask(mask, photo, refine=False)[40].argmax() == 56


def test_far_from_the_border_nothing_changes() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    mask = np.zeros((30, 40), bool)
    mask[:, 20:] = True
    found = enlarge_mask(mask, photo)
    assert found[:, 72:].all() and not found[:, :48].any()


def test_the_side_of_the_squares_changes_nothing(monkeypatch: object) -> None:
    photo = np.zeros((160, 200, 3), np.uint8)
    photo[33:121, 47:149] = (200, 120, 40)
    mask = np.zeros((40, 50), bool)
    mask[9:30, 12:37] = True
    whole = enlarge_mask(mask, photo)
    monkeypatch.setattr(refining, "TILE", 64)  # type: ignore[attr-defined]
    assert np.count_nonzero(enlarge_mask(mask, photo) != whole) <= 0.001 * whole.size


def test_a_mask_of_nothing_or_everything_stays_so() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    for value in (False, True):
        assert (enlarge_mask(np.full((10, 15), value), photo) == value).all()
