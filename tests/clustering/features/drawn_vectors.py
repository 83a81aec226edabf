"""Vectors drawn for tests: groups around centres, digits-like blobs, bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truth = NDArray[np.int64]


def draw_groups(sizes: Sequence[int], dimension: int = 8, spread: float = 0.1, seed: int = 0) -> tuple[Floats, Truth]:
    """Draw groups of these sizes around random centres of length 3, mixed up; give vectors and groups."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(len(sizes), dimension))
    centres *= 3 / np.linalg.norm(centres, axis=1, keepdims=True)
    truth = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return centres[truth] + spread * random.normal(size=(len(truth), dimension)), truth


def draw_digits(num_each: int = 20, side: int = 8, seed: int = 0) -> tuple[Floats, Truth]:
    """Draw ten patterns of strokes, each many times with noise and at a random brightness, as flat pictures."""
    random = np.random.default_rng(seed)
    patterns = np.zeros((10, side, side))
    for pattern in patterns:
        for _ in range(3):
            row, column = random.integers(0, side - 2, 2)
            pattern[row, :] += random.random() > 0.5
            pattern[:, column] += random.random() > 0.5
            pattern[row : row + 3, column : column + 3] += 1
    truth = random.permutation(np.repeat(np.arange(10), num_each))
    pictures = patterns[truth] + 0.15 * random.normal(size=(len(truth), side, side))
    return (pictures * random.uniform(0.7, 1.3, (len(truth), 1, 1))).reshape(len(truth), -1), truth


def draw_bits(num_groups: int = 5, num_each: int = 8, dimension: int = 64, seed: int = 0) -> tuple[Floats, Truth]:
    """Draw hashes of 0 and 1: those of a group differ in about one bit of twenty."""
    random = np.random.default_rng(seed)
    centres = random.random((num_groups, dimension)) < 0.5
    truth = np.repeat(np.arange(num_groups), num_each)
    flipped = random.random((len(truth), dimension)) < 0.05
    return (centres[truth] ^ flipped).astype(np.float64), truth


def are_same_groups(one: NDArray[np.integer], other: NDArray[np.integer]) -> bool:
    """Say whether two labellings make the same groups."""
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
