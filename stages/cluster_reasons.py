"""Why photos are together, or are not, in the words of ``clusters_info.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clustering.constraints import DECIDED, Constraints
from clustering.evidence import EvidenceSettings
from clustering.graph import ScoredPairs, find_edges
from clustering.grouping import Doubt, Grouping
from clustering.partition import Stage
from clustering.reasons import ClusterReasons, JoinReason
from clustering.specified import SpecifiedSettings
from clustering.summaries import MAX_REPRESENTATIVES, Summaries, nearest_neighbours, summarise
from storage.formats.decisions import DecidedCluster

Names = Sequence[str]
Pair = tuple[int, int, float]
NUM_DIGITS = 6


@dataclass(frozen=True)
class Told:
    """What there is to tell about.

    Attributes
    ----------
    names : sequence of str
        Image name of each photo.
    pairs : ScoredPairs
        All scored pairs.
    grouping : Grouping
        What a clusterer gave.
    constraints : Constraints
        What a person decided.
    number_of : mapping of int to int
        Number of a cluster in the grouping to the number that it goes by; itself where none is given.
    cluster_names : mapping of int to str
        Number that a cluster goes by to its name.
    thresholds : SpecifiedSettings or EvidenceSettings
        What the clusterer went by.
    decided : mapping of int to DecidedCluster
        Number that a cluster goes by to its note and its representatives.
    """

    names: Names
    pairs: ScoredPairs
    grouping: Grouping
    constraints: Constraints
    number_of: Mapping[int, int]
    cluster_names: Mapping[int, str]
    thresholds: SpecifiedSettings | EvidenceSettings
    decided: Mapping[int, DecidedCluster] = field(default_factory=dict)

    def number(self, number: int) -> int:
        """Give the number that a cluster of the grouping goes by."""
        return self.number_of.get(number, number)


def describe(told: Told) -> dict[str, Any]:
    """Give the objects ``clusters``, ``singletons`` and ``review`` of ``clusters_info.json``."""
    edges = find_edges(told.pairs, -np.inf)
    grouping = told.grouping
    summaries = summarise(edges, grouping.clusters)
    reasons = grouping.reasons.of_clusters(list(grouping.clusters))
    clusters = {told.number(reason.number): _cluster(reason, summaries, told) for reason in reasons}
    owner = {photo: told.number(number) for number, photos in grouping.clusters.items() for photo in photos}
    nearest = nearest_neighbours(edges, grouping.singletons)
    return {
        "clusters": {str(number): clusters[number] for number in sorted(clusters)},
        "singletons": _singletons(told, nearest, owner),
        "review": [_doubt(doubt, owner, told.names) for doubt in grouping.doubts],
    }


def _cluster(reason: ClusterReasons, summaries: Summaries, told: Told) -> dict[str, Any]:
    names, number = told.names, reason.number
    content: dict[str, Any] = {"size": len(told.grouping.clusters[number]), "run_number": number}
    if told.number(number) in told.cluster_names:
        content["name"] = told.cluster_names[told.number(number)]
    said = told.decided.get(told.number(number))
    if said is not None and said.note is not None:
        content["note"] = said.note
    cohesion = summaries.cohesion.get(number)
    central = [names[photo] for photo in summaries.representatives[number]]
    chosen = () if said is None else said.representatives
    content["representatives"] = list(dict.fromkeys([*chosen, *central]))[:MAX_REPRESENTATIVES]
    content["cohesion"] = None if cohesion is None else round(cohesion, NUM_DIGITS)
    content["weakest_link"] = _weakest_link(reason, names)
    decided = [[names[first], names[second]] for first, second, score in reason.strong_pairs if score == DECIDED]
    if decided:
        content["must_links"] = decided
    content["strong_pairs"] = _named_pairs(_scored(reason.strong_pairs), names)
    content["joins"] = [_join(join, names) for join in reason.joins]
    return content


def _scored(pairs: Iterable[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair[2] != DECIDED]


def _weakest_link(reason: ClusterReasons, names: Names) -> dict[str, Any] | None:
    """Find what holds least: of joins by evidence the one that agrees least, else the lowest best pair."""
    links: list[tuple[float, dict[str, Any]]] = []
    for pair in _scored(reason.strong_pairs):
        links.append((pair[2], {"stage": "strong", "pair": _named_pairs([pair], names)[0]}))
    for join in reason.joins:
        link: dict[str, Any] = {"stage": join.stage.name.lower()}
        if join.pairs:
            link["pair"] = _named_pairs(_scored(join.pairs)[:1], names)[0]
        if join.stage is Stage.GPS and join.distance_m is not None:
            links.append((-1.0, link | {"distance_m": round(join.distance_m, 3)}))
        elif join.agreement is not None:
            links.append((join.agreement, link | {"agreement": round(join.agreement, NUM_DIGITS)}))
        elif join.pairs:
            links.append((join.pairs[0][2], link))
    links = [link for link in links if link[1]["stage"] != "decision"]
    return min(links, key=lambda link: link[0])[1] if links else None


def _join(join: JoinReason, names: Names) -> dict[str, Any]:
    content: dict[str, Any] = {
        "stage": join.stage.name.lower(),
        "survivor": join.survivor,
        "absorbed": join.absorbed,
        "survivor_size": join.survivor_size,
        "absorbed_size": join.absorbed_size,
        "joined_photos": [names[photo] for photo in join.smaller_side],
    }
    if join.distance_m is not None:
        return content | {"distance_m": round(join.distance_m, 3)}
    if join.agreement is not None:
        content["agreement"] = round(join.agreement, NUM_DIGITS)
    return content | {"pairs": _named_pairs(_scored(join.pairs), names)}


def _singletons(told: Told, nearest: Mapping[int, tuple[int, float]], owner: Mapping[int, int]) -> dict[str, Any]:
    """Say of each photo that is alone which photo it is nearest to, and why it is not with it."""
    photos = sorted(nearest)
    others = [nearest[photo][0] for photo in photos]
    first, second = np.array(photos, dtype=np.int64), np.array(others, dtype=np.int64)
    is_allowed = told.constraints.allow(first, second, len(told.names)) if told.constraints else first == first
    forbidden = {photo for photo, allowed in zip(photos, is_allowed.tolist(), strict=True) if not allowed}
    causes = {doubt.pair[:2]: doubt.cause.value for doubt in told.grouping.doubts}
    content: dict[str, Any] = {}
    for photo in told.grouping.singletons:
        if photo not in nearest:
            content[told.names[photo]] = {"reason": "no_pairs"}
            continue
        other, score = nearest[photo]
        cause = causes.get((min(photo, other), max(photo, other)))
        content[told.names[photo]] = {
            "reason": "decision" if photo in forbidden else _reason(cause, score, told.thresholds),
            "neighbour": told.names[other],
            "score": score,
            "cluster": owner.get(other),
        }
    return content


def _reason(cause: str | None, score: float, thresholds: SpecifiedSettings | EvidenceSettings) -> str:
    if cause is not None:
        return cause
    if score < thresholds.weak_edg_thresh:
        return "below_weak"
    return "unsure" if isinstance(thresholds, EvidenceSettings) else "few_agree"


def _doubt(doubt: Doubt, owner: Mapping[int, int], names: Names) -> dict[str, Any]:
    first, second, _ = doubt.pair
    content: dict[str, Any] = {
        "reason": doubt.cause.value,
        "pair": _named_pairs([doubt.pair], names)[0],
        "clusters": [owner.get(first), owner.get(second)],
    }
    if doubt.agreement is not None:
        content["agreement"] = round(doubt.agreement, NUM_DIGITS)
    if doubt.distance_m is not None:
        content["distance_m"] = round(doubt.distance_m, 1)
    return content


def _named_pairs(pairs: Sequence[Pair], names: Names) -> list[list[Any]]:
    return [[names[first], names[second], score] for first, second, score in pairs]
