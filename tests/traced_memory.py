"""What Python and NumPy ask for, counted by tracemalloc: the same in every run, unlike the memory of a process."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable


def bytes_per_item(function: Callable[[int], object], few: int, many: int) -> float:
    """Give by how many bytes for each further item the peak of ``function(many)`` is above that of ``function(few)``.

    What is always the same, or is there but once, counts for nothing. What the function gives back counts.
    """
    function(few)  # what is imported or kept for good is there now
    few_bytes, many_bytes = (_peak(function, count) for count in (few, many))
    return (many_bytes - few_bytes) / (many - few)


def _peak(function: Callable[[int], object], count: int) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        function(count)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
