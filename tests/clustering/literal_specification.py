"""The stages of docs/clustering.md word for word: slow, no shortcuts, and the fast ones are checked against them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Line = tuple[int, int, float]
Position = tuple[float, float]


@dataclass
class Literal:
    """Clusters by number, photos in order, after each stage; and the metres of each merge by position."""

    after_strong: dict[int, list[int]] = field(default_factory=dict)
    after_expansion: dict[int, list[int]] = field(default_factory=dict)
    after_small: dict[int, list[int]] = field(default_factory=dict)
    after_positions: dict[int, list[int]] = field(default_factory=dict)
    distances: list[float] = field(default_factory=list)


def neighbours_of(lines: Iterable[Line], threshold: float, file_order: bool) -> dict[int, list[int]]:
    """Photo -> its neighbours in order; photos in the order of first appearance."""
    scores: dict[int, dict[int, float]] = {}
    for first, second, score in lines:
        if score >= threshold:
            for photo, other in ((first, second), (second, first)):
                known = scores.setdefault(photo, {})
                known[other] = max(score, known.get(other, -math.inf))
    if file_order:
        return {photo: list(known) for photo, known in scores.items()}
    return {photo: sorted(known, key=lambda other: (-known[other], other)) for photo, known in sorted(scores.items())}


def strong_clusters(strong: Mapping[int, list[int]], file_order: bool) -> dict[int, list[int]]:
    seen: set[int] = set()
    clusters: dict[int, list[int]] = {}

    def walk(photo: int, members: list[int]) -> None:
        seen.add(photo)
        members.append(photo)
        for other in strong[photo]:
            if other not in seen:
                walk(other, members)

    for photo in strong:
        if photo not in seen:
            members: list[int] = []
            walk(photo, members)
            clusters[len(clusters)] = members if file_order else sorted(members)
    return clusters


def merges(a: list[int], b: list[int], weak: Mapping[int, list[int]]) -> bool:
    def agrees(these: list[int], those: list[int]) -> bool:
        count = sum(6 * len(set(weak[i]) & set(those)) >= len(weak[i]) for i in these)
        return 6 * count >= len(these)

    return agrees(a, b) and agrees(b, a)


def expand(clusters: dict[int, list[int]], weak: Mapping[int, list[int]]) -> None:
    for f in sorted(clusters):
        has_absorbed = False
        while f in clusters:
            candidates = (s for s in sorted(clusters) if s != f and (s > f or has_absorbed))
            found = next((s for s in candidates if merges(clusters[f], clusters[s], weak)), None)
            if found is None:
                break
            clusters[f] += clusters.pop(found)
            has_absorbed = True


def merge_small(clusters: dict[int, list[int]], weak: Mapping[int, list[int]]) -> None:
    def only_target(number: int) -> int | None:
        owner = {photo: k for k, members in clusters.items() for photo in members}
        targets = {owner[other] for photo in clusters[number] for other in weak[photo][:3]} - {number}
        return targets.pop() if len(targets) == 1 else None

    while True:
        small = [k for k in sorted(clusters) if len(clusters[k]) <= 4 and only_target(k) is not None]
        if not small:
            return
        target = only_target(small[0])
        assert target is not None
        clusters[small[0]] += clusters.pop(target)


def distance_m(a: Position, b: Position) -> float:
    (phi0, lambda0), (phi1, lambda1) = (tuple(map(math.radians, position)) for position in (a, b))
    h = math.sin((phi1 - phi0) / 2) ** 2 + math.cos(phi0) * math.cos(phi1) * math.sin((lambda1 - lambda0) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(h))


def merge_positions(
    clusters: dict[int, list[int]], positions: Mapping[int, Position], min_count: int, max_m: float
) -> list[float]:
    def median(number: int) -> Position:
        known = [positions[photo] for photo in clusters[number] if photo in positions]
        return statistics.median(p[0] for p in known), statistics.median(p[1] for p in known)

    def first_pair() -> tuple[int, int, float] | None:
        eligible = [k for k in sorted(clusters) if sum(p in positions for p in clusters[k]) >= min_count]
        medians = {k: median(k) for k in eligible}
        for a in eligible:
            for b in eligible:
                if b > a and distance_m(medians[a], medians[b]) <= max_m:
                    return a, b, distance_m(medians[a], medians[b])
        return None

    distances = []
    while (found := first_pair()) is not None:
        a, b, metres = found
        clusters[a] += clusters.pop(b)
        distances.append(metres)
    return distances


def run_literally(
    lines: list[Line],
    strong_threshold: float,
    weak_threshold: float,
    positions: Mapping[int, Position] | None = None,
    file_order: bool = False,
) -> Literal:
    """All stages; at least four positions, 30 metres."""
    result = Literal()
    weak = neighbours_of(lines, weak_threshold, file_order)
    clusters = strong_clusters(neighbours_of(lines, strong_threshold, file_order), file_order)
    in_strong = {photo for members in clusters.values() for photo in members}
    result.after_strong = _copy(clusters)
    for photo in weak:
        if photo not in in_strong:
            clusters[len(clusters)] = [photo]
    expand(clusters, weak)
    result.after_expansion = _copy(clusters)
    merge_small(clusters, weak)
    result.after_small = _copy(clusters)
    result.distances = merge_positions(clusters, positions or {}, 4, 30.0)
    result.after_positions = _copy(clusters)
    return result


def _copy(clusters: dict[int, list[int]]) -> dict[int, list[int]]:
    return {number: list(clusters[number]) for number in sorted(clusters)}
