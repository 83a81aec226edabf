"""Drawn vectors of groups within groups: what merging has to put together, and what not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def draw_supergroups(
    sizes: Sequence[int], per_group: int, seed: int, num_noise: int = 0, apart: float = 0.4
) -> tuple[Floats, Places, Places]:
    """Draw vectors (N, 64) of unit length: give them, the group of each and its supergroup, -1 for noise.

    Supergroup k has ``sizes[k]`` groups; directions of two supergroups are orthogonal, those of two groups in one
    have a cosine distance of about ``apart ** 2``. Noise lies between all of them.
    """
    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.normal(size=(64, 64)))[0]
    groups, supers, means = [], [], []
    for number, size in enumerate(sizes):
        for _ in range(size):
            means.append(basis[number] + apart * basis[len(sizes) + len(means)])
            supers.append(number)
    vectors = np.repeat(means, per_group, axis=0) + random.normal(scale=0.01, size=(len(means) * per_group, 64))
    groups = np.repeat(np.arange(len(means)), per_group)
    outliers = random.normal(size=(num_noise, 64))
    vectors = np.concatenate([vectors, outliers])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    nothing = np.full(num_noise, -1)
    order = random.permutation(len(vectors))
    return (
        vectors[order],
        np.concatenate([groups, nothing])[order],
        np.concatenate([np.array(supers)[groups], nothing])[order],
    )
