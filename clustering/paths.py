"""The strongest chain of pairs between two photos."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence

from clustering.graph import Edges
from clustering.union_find import UnionFind


def widest_path(edges: Edges, start: int, goal: int) -> list[int]:
    """Find the chain of photos whose weakest pair has the highest score.

    Of chains that are equally strong, one with the fewest pairs is given; of these, the first by photo numbers. Source:
    Hu, "The maximum capacity route problem" (Operations Research 9, 1961): the widest path lies in a maximum spanning
    tree, so joining photos by falling score finds its width.

    Parameters
    ----------
    edges : Edges
        Pairs that may be used, by falling score.
    start, goal : int
        Two different photos.

    Returns
    -------
    list of int
        Photos from ``start`` to ``goal``; empty when no chain connects them.
    """
    union_find = UnionFind()
    for row, (first, second) in enumerate(zip(edges.first.tolist(), edges.second.tolist(), strict=True)):
        union_find.union(first, second)
        if union_find.find(start) == union_find.find(goal):
            usable = edges.take(edges.score >= edges.score[row])
            return _shortest(_neighbours(usable), start, goal)
    return []


def _neighbours(edges: Edges) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for first, second in zip(edges.first.tolist(), edges.second.tolist(), strict=True):
        found[first].append(second)
        found[second].append(first)
    return {photo: sorted(others) for photo, others in found.items()}


def _shortest(neighbours: Mapping[int, Sequence[int]], start: int, goal: int) -> list[int]:
    """Walk breadth first, lower numbers first, so that the chain is the first of the shortest."""
    came = {start: start}
    pending = deque([start])
    while goal not in came:
        photo = pending.popleft()
        for other in neighbours[photo]:
            if other not in came:
                came[other] = photo
                pending.append(other)
    chain = [goal]
    while chain[-1] != start:
        chain.append(came[chain[-1]])
    return chain[::-1]
