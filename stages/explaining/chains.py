"""Chains of pairs between two photos, and the decisions of a person that hold or part them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from clustering.constraints import DECIDED
from clustering.graph import ScoredPairs, find_edges
from clustering.paths import widest_path
from stages.explaining.evidence import find_pair
from stages.explaining.inputs import Scored
from storage.formats.decisions import Decisions
from storage.formats.pairs import Pairs

Pair = tuple[str, str]
Scores = dict[Pair, float]
ROUGH_DECIMALS = 2  # a chain of several pairs is stronger than one pair only when that shows


@dataclass(frozen=True)
class Step:
    """One pair of a chain: two photos, their score and inliers, None where they are not known.

    ``decision`` names what a person decided where that holds the two together.
    """

    first: str
    second: str
    score: float | None = None
    inliers: int | None = None
    decision: str | None = None


def find_chain(names: Pair, scored: Scored, decisions: Decisions, members: set[str] | None) -> list[Step]:
    """Find the chain of pairs between two photos whose weakest pair is best; decisions are stronger than all pairs.

    Probabilities are compared by their first two digits, so that the chain does not wind through many photos for what
    nobody can see.

    Parameters
    ----------
    names : tuple of str
        The two ends.
    scored : Scored
        The pairs.
    decisions : Decisions
        Photos that must be together are linked by them.
    members : set of str or None
        Photos that the chain may use; None for all.
    """
    links = {_key(*pair): text for pair, text in decided_links(decisions)}
    scores = _scores(scored.pairs, members)
    # photos of decisions may be gone, and hold others together all the same
    every = sorted({*names, *(name for pair in (*scores, *links) for name in pair)})
    place = {name: number for number, name in enumerate(every)}
    usable = {pair: score for pair, score in scores.items() if pair not in links}
    first, second = ([place[pair[side]] for pair in (*usable, *links)] for side in (0, 1))
    rough = [round(score, ROUGH_DECIMALS) for score in usable.values()] + [DECIDED] * len(links)
    numbered = ScoredPairs.from_arrays(len(every), first, second, rough)
    chain = [every[photo] for photo in widest_path(find_edges(numbered, -np.inf), place[names[0]], place[names[1]])]
    return [_step(pair, scores, links, scored) for pair in pairwise(chain)]


def best_between(sides: tuple[Sequence[str], Sequence[str]], scored: Scored) -> Step | None:
    """Find the best pair between two groups of photos; None when none was scored."""
    if scored.pairs is None:
        return None
    one, other = set(sides[0]), set(sides[1])
    scores = {
        pair: score
        for pair, score in _scores(scored.pairs, one | other).items()
        if (pair[0] in one and pair[1] in other) or (pair[0] in other and pair[1] in one)
    }
    if not scores:
        return None
    best = min(scores, key=lambda pair: (-scores[pair], pair))
    first, second = best if best[0] in one else best[::-1]
    return _step((first, second), scores, {}, scored)


def _scores(pairs: Pairs | None, members: set[str] | None) -> Scores:
    """Give the best score of each pair of different photos, of ``members`` where they are given."""
    scores: Scores = {}
    if pairs is None:
        return scores
    is_usable = np.ones(len(pairs.names), bool)
    if members is not None:
        is_usable = np.array([name in members for name in pairs.names], bool)
    rows = np.flatnonzero(is_usable[pairs.first] & is_usable[pairs.second] & ~np.isnan(pairs.scores))
    for first, second, score in zip(pairs.first[rows], pairs.second[rows], pairs.scores[rows].tolist(), strict=True):
        if first != second:
            pair = _key(pairs.names[first], pairs.names[second])
            scores[pair] = max(score, scores.get(pair, -np.inf))
    return scores


def _key(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _step(pair: Pair, scores: Mapping[Pair, float], links: Mapping[Pair, str], scored: Scored) -> Step:
    content = scored.matches
    row = None if content is None else find_pair(content, pair)
    inliers = None if content is None or row is None else int(content.matches.num_places[row])
    return Step(*pair, scores.get(_key(*pair)), inliers, links.get(_key(*pair)))


def decided_links(decisions: Decisions) -> Iterator[tuple[Pair, str]]:
    """Give every two photos that a decision puts together, chained as they stand in it."""
    for place, photos in enumerate(decisions.must_link, 1):
        yield from ((pair, f"must_link {place}") for pair in pairwise(photos))
    for place, cluster in enumerate(decisions.clusters, 1):
        if cluster.is_locked:
            yield from ((pair, f"clusters {place} (locked)") for pair in pairwise(cluster.photos))
