"""Prepared photos to batches of equal shape, with a bound on how many are held back for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from hloc.stream import Prepared

HELD_PER_PHOTO_OF_BATCH = 4  # photos that may wait for others of their shape, for each photo of a batch


def batches_of_equal_shape(prepared: Iterable[Prepared], batch_size: int) -> Iterator[list[Prepared]]:
    """Put photos together whose values have the same shape.

    A batch goes out as soon as it is full. When more than four batches' photos wait for others of their shape, the
    largest of the waiting batches goes out as it is, the oldest of equal ones. Which photos meet depends on their order
    alone.

    Parameters
    ----------
    prepared : iterable of Prepared
        With arrays as values.
    batch_size : int
        Most photos of a batch, at least 1.

    Yields
    ------
    list of Prepared
        1 to ``batch_size`` photos; each photo in exactly one batch.
    """
    waiting: dict[tuple[int, ...], list[Prepared]] = {}
    held = 0
    for item in prepared:
        shape = np.shape(item.value)
        waiting.setdefault(shape, []).append(item)
        held += 1
        if len(waiting[shape]) < batch_size:
            if held <= HELD_PER_PHOTO_OF_BATCH * batch_size:
                continue
            shape = max(waiting, key=lambda each: len(waiting[each]))  # of equal ones the first, as dicts keep order
        held -= len(waiting[shape])
        yield waiting.pop(shape)
    yield from waiting.values()
