"""Finding the photos that a table means, which may say less than their whole names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


class PhotoLookup:
    """Photos by their name, its end, and both without ending: a table may say less than the whole name."""

    def __init__(self, names: Sequence[str]) -> None:
        self._exact = set(names)
        self._whole: dict[str, list[str]] = defaultdict(list)
        self._bare: dict[str, list[str]] = defaultdict(list)
        for name in names:
            parts = name.split("/")
            for start in range(len(parts)):
                end = "/".join(parts[start:])
                self._whole[end].append(name)
                self._bare[_without_ending(end)].append(name)

    def find(self, file: str) -> list[str]:
        """Give the photos that ``file`` can mean: that of just this name, else those that end so, with ending first."""
        if file in self._exact:
            return [file]
        return self._whole.get(file) or self._bare.get(file) or []


def _without_ending(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.rpartition('.')[0] or last}"
