"""Random graphs of photos with planted buildings, for comparing the fast stages with the literal ones."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.graph import Adjacency, Edges, ScoredPairs, find_edges, list_neighbours
from clustering.partition import Partition
from clustering.specified import SpecifiedSettings, start_clusters
from tests.clustering.literal_specification import Line, Literal, Position, run_literally

METRES_PER_DEGREE = 111_195


@dataclass(frozen=True)
class DrawnGraph:
    """Lines of a pairs file and positions, with the settings to cluster them by."""

    num_photos: int
    lines: list[Line]
    positions: dict[int, Position]
    settings: SpecifiedSettings

    def pairs(self) -> ScoredPairs:
        first, second, score = zip(*self.lines, strict=True) if self.lines else ((), (), ())
        return ScoredPairs.from_arrays(self.num_photos, first, second, score)

    def position_array(self) -> NDArray[np.float64]:
        array = np.full((self.num_photos, 2), np.nan)
        for photo, position in self.positions.items():
            array[photo] = position
        return array

    def weak(self) -> tuple[Edges, Adjacency]:
        edges = find_edges(self.pairs(), self.settings.weak_edg_thresh)
        return edges, list_neighbours(edges, self.settings.file_order)

    def start(self) -> tuple[Partition, Adjacency]:
        edges, weak = self.weak()
        return start_clusters(self.pairs(), edges, weak, self.settings), weak

    def literal(self) -> Literal:
        s = self.settings
        return run_literally(self.lines, s.strong_edg_thresh, s.weak_edg_thresh, self.positions, s.file_order)


def draw_graph(seed: int, file_order: bool = False) -> DrawnGraph:
    """2 to 60 photos of 1 to 9 buildings; some scores NaN, some photos paired with themselves, some with hubs."""
    rng = random.Random(seed)
    num_photos, num_buildings = rng.randint(2, 60), rng.randint(1, 9)
    building = [rng.randrange(num_buildings) for _ in range(num_photos)]
    strong = rng.choice([0.3, 0.35, 0.5])
    settings = SpecifiedSettings(strong, rng.choice([0.15, 0.2, 0.25]), file_order=file_order)
    return DrawnGraph(num_photos, _lines(rng, building), _positions(rng, building), settings)


def snapshot(partition: Partition) -> dict[int, list[int]]:
    return {number: list(partition.members(number)) for number in partition.numbers()}


def _lines(rng: random.Random, building: list[int]) -> list[Line]:
    num_photos, num_neighbours, has_hubs = len(building), rng.choice([2, 3, 5, 8]), rng.random() < 0.3
    lines = []
    for photo in range(num_photos):
        for _ in range(rng.randint(0, num_neighbours)):
            other = rng.randrange(max(1, num_photos // 8) if has_hubs and rng.random() < 0.3 else num_photos)
            if rng.random() < 0.6:
                other = rng.choice([p for p in range(num_photos) if building[p] == building[photo]])
            score = rng.gauss(0.33 if building[photo] == building[other] else 0.19, 0.08)
            if photo != other or rng.random() < 0.1:
                lines.append((photo, other, float("nan") if rng.random() < 0.02 else round(score, 2)))
    rng.shuffle(lines)
    return lines


def _positions(rng: random.Random, building: list[int]) -> dict[int, Position]:
    latitude, longitude = rng.choice([(46.0, 7.0), (-33.0, -70.0), (0.0, 0.0)])
    spread = rng.choice([20, 60, 200]) / METRES_PER_DEGREE
    centres = [
        (latitude + rng.uniform(-spread, spread), longitude + rng.uniform(-spread, spread)) for _ in set(building)
    ]
    centre_of = dict(zip(sorted(set(building)), centres, strict=True))
    return {
        photo: (centre_of[b][0] + rng.gauss(0, 5e-5), centre_of[b][1] + rng.gauss(0, 5e-5))
        for photo, b in enumerate(building)
        if rng.random() < 0.8
    }
