"""Reading of the golden cases: names to photo numbers, rationals to degrees."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.graph import ScoredPairs
from clustering.specified import SpecifiedSettings

SIGN = {"N": 1, "E": 1, "S": -1, "W": -1}


@dataclass(frozen=True)
class GoldenCase:
    """One case, its photos numbered by sorted name."""

    content: dict[str, Any]
    names: list[str]
    pairs: ScoredPairs
    positions: NDArray[np.float64]

    def settings(self, file_order: bool) -> SpecifiedSettings:
        return SpecifiedSettings(**self.content["params"], file_order=file_order)

    def named(self, clusters: dict[int, list[int]]) -> dict[str, list[str]]:
        return {str(number): [self.names[photo] for photo in photos] for number, photos in clusters.items()}


def read_case(path: Path) -> GoldenCase:
    content = json.loads(path.read_text(encoding="utf-8"))
    lines = [split_line(line) for line in content["pairs_text"].splitlines() if line.strip()]
    names = sorted({*content["images_on_disk"], *(name for line in lines for name in line[:2])})
    number_of = {name: number for number, name in enumerate(names)}
    positions = np.full((len(names), 2), np.nan)
    for name, gps in content["gps"].items():
        positions[number_of[name]] = [
            SIGN[gps[f"{axis}_ref"]] * sum(num / den / 60**i for i, (num, den) in enumerate(gps[axis]))
            for axis in ("lat", "lon")
        ]
    first, second = ([number_of[line[side]] for line in lines] for side in (0, 1))
    pairs = ScoredPairs.from_arrays(len(names), first, second, [line[2] for line in lines])
    return GoldenCase(content, names, pairs, positions)


def split_line(line: str) -> tuple[str, str, float]:
    """Split at the blank after the first file extension: names of the cases may hold blanks, not ``.jpg ``."""
    names, score = line.rsplit(" ", 1)
    extension_end = min(end for end in (names.find(f"{e} ") for e in ("g", "G")) if end >= 0) + 1
    return names[:extension_end], names[extension_end + 1 :], float(score)
