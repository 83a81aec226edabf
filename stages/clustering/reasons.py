"""Why photos are together, or are not, in the words of ``clusters_info.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clustering.clusterers.base import PairClusterer
from clustering.constraints import DECIDED, Constraints
from clustering.graph import ScoredPairs, find_edges
from clustering.grouping import Doubt, Grouping
from clustering.partition import Stage
from clustering.reasons import ClusterReasons, JoinReason
from clustering.summaries import MAX_REPRESENTATIVES, Summaries, nearest_neighbours, rows_of_photos, summarise
from storage.formats.decisions import DecidedCluster
from storage.formats.json_stream import EncodedList, Members, encode_strings

Names = Sequence[str]
Pair = tuple[int, int, float]
Owner = Sequence[int | None]
NUM_DIGITS = 6
SMALLEST_PLAIN = 1e-4  # smaller numbers are written with an exponent
STAGE_NAMES = {stage: stage.name.lower() for stage in Stage}
_STAGE_STARTS = [f'{{"stage": "{STAGE_NAMES[stage]}", "survivor": ' for stage in Stage]


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
    thresholds : PairClusterer
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
    thresholds: PairClusterer
    decided: Mapping[int, DecidedCluster] = field(default_factory=dict)

    def number(self, number: int) -> int:
        """Give the number that a cluster of the grouping goes by."""
        return self.number_of.get(number, number)


def describe(told: Told) -> dict[str, Any]:
    """Give the objects ``clusters``, ``singletons`` and ``review`` of ``clusters_info.json``.

    They are made while they are written (:func:`storage.formats.json_stream.write_json_stream`): a million photos
    would take gigabytes.
    """
    grouping = told.grouping
    edges = find_edges(_pairs_told(told), -np.inf)
    summaries = summarise(edges, grouping.clusters)
    nearest = nearest_neighbours(edges, grouping.singletons)
    numbers = sorted(grouping.clusters, key=told.number)
    owner: list[int | None] = [None] * len(told.names)
    for number, photos in grouping.clusters.items():
        goes_by = told.number(number)
        for photo in photos:
            owner[photo] = goes_by
    reasons = grouping.reasons.of_clusters(numbers)
    encoded = encode_strings(told.names)
    return {
        "clusters": Members(
            (str(told.number(reason.number)), _cluster(reason, summaries, told, encoded)) for reason in reasons
        ),
        "singletons": Members(_singletons(told, nearest, owner)),
        "review": (_doubt(doubt, owner, told.names) for doubt in grouping.doubts),
    }


def _pairs_told(told: Told) -> ScoredPairs:
    """Give the pairs within clusters, and those of photos that are alone: nothing is told of the others."""
    pairs = told.pairs
    row = rows_of_photos(told.grouping.clusters, pairs.num_photos)
    first, second = row[pairs.first], row[pairs.second]
    is_told = (first == second) | (first < 0) | (second < 0)
    return ScoredPairs(pairs.num_photos, pairs.first[is_told], pairs.second[is_told], pairs.score[is_told])


def _cluster(reason: ClusterReasons, summaries: Summaries, told: Told, encoded: Names) -> dict[str, Any]:
    names, number = told.names, reason.number
    content: dict[str, Any] = {"size": len(told.grouping.clusters[number]), "run_number": number}
    if told.number(number) in told.cluster_names:
        content["name"] = told.cluster_names[told.number(number)]
    said = told.decided.get(told.number(number))
    if said is not None and said.note is not None:
        content["note"] = said.note
    cohesion = summaries.cohesion.get(number)
    central = [encoded[photo] for photo in summaries.representatives[number]]
    chosen = [] if said is None else encode_strings(said.representatives)
    content["representatives"] = EncodedList(list(dict.fromkeys([*chosen, *central]))[:MAX_REPRESENTATIVES])
    content["cohesion"] = None if cohesion is None else round(cohesion, NUM_DIGITS)
    content["weakest_link"] = _weakest_link(reason, names)
    decided = [[names[first], names[second]] for first, second, score in reason.strong_pairs if score == DECIDED]
    if decided:
        content["must_links"] = decided
    content["strong_pairs"] = EncodedList(_encoded_pairs(reason.strong_pairs, encoded))
    content["joins"] = EncodedList([_join_text(join, encoded) for join in reason.joins])
    return content


def _weakest_link(reason: ClusterReasons, names: Names) -> dict[str, Any] | None:
    """Find what holds least: of joins by evidence the one that agrees least, else the lowest best pair."""
    weakest: tuple[float, Pair | JoinReason] | None = None
    for pair in reason.strong_pairs:
        if pair[2] != DECIDED and (weakest is None or pair[2] < weakest[0]):
            weakest = pair[2], pair
    for join in reason.joins:
        strength = _strength(join)
        if strength is not None and (weakest is None or strength < weakest[0]):
            weakest = strength, join
    if weakest is None:
        return None
    if not isinstance(weakest[1], JoinReason):
        return {"stage": "strong", "pair": _named(weakest[1], names)}
    join = weakest[1]
    link: dict[str, Any] = {"stage": STAGE_NAMES[join.stage]}
    if join.pairs:
        link["pair"] = _named(next(pair for pair in join.pairs if pair[2] != DECIDED), names)
    if join.stage is Stage.GPS and join.distance_m is not None:
        link["distance_m"] = round(join.distance_m, 3)
    elif join.agreement is not None:
        link["agreement"] = round(join.agreement, NUM_DIGITS)
    return link


def _strength(join: JoinReason) -> float | None:
    """Tell how firmly a join holds; None for a decision, and where nothing tells it."""
    if join.stage is Stage.DECISION:
        return None
    if join.distance_m is not None:
        return -1.0
    if join.agreement is not None:
        return join.agreement
    return join.pairs[0][2] if join.pairs else None


def _join_text(join: JoinReason, encoded: Names) -> str:
    """Give one join as a line of JSON, put together by hand: there are nearly as many joins as photos."""
    stage, survivor, absorbed, survivor_size, absorbed_size, side, pairs, distance_m, agreement = join
    photos = encoded[side[0]] if len(side) == 1 else ", ".join([encoded[photo] for photo in side])
    text = (
        f'{_STAGE_STARTS[stage]}{survivor}, "absorbed": {absorbed}, "survivor_size": {survivor_size}, '
        f'"absorbed_size": {absorbed_size}, "joined_photos": [{photos}]'
    )
    if distance_m is not None:
        return f'{text}, "distance_m": {round(distance_m, 3)!r}}}'
    told = "" if agreement is None else f', "agreement": {_rounded(agreement)}'
    return f'{text}{told}, "pairs": [{", ".join(_encoded_pairs(pairs, encoded))}]}}'


def _rounded(value: float) -> str:
    """Give ``repr(round(value, NUM_DIGITS))`` of a number from 0 to 1, in half the time."""
    text = f"{value:.{NUM_DIGITS}f}".rstrip("0")
    if text[-1] == ".":
        return f"{text}0"
    return text if value >= SMALLEST_PLAIN else repr(round(value, NUM_DIGITS))


def _encoded_pairs(pairs: Sequence[Pair], encoded: Names) -> list[str]:
    """Give the pairs that have a score, which is finite, as JSON."""
    return [f"[{encoded[first]}, {encoded[second]}, {score!r}]" for first, second, score in pairs if score != DECIDED]


def _singletons(
    told: Told, nearest: Mapping[int, tuple[int, float]], owner: Owner
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Say of each photo that is alone which photo it is nearest to, and why it is not with it."""
    photos = sorted(nearest)
    others = [nearest[photo][0] for photo in photos]
    first, second = np.array(photos, dtype=np.int64), np.array(others, dtype=np.int64)
    is_allowed = told.constraints.allow(first, second, len(told.names)) if told.constraints else first == first
    forbidden = {photo for photo, allowed in zip(photos, is_allowed.tolist(), strict=True) if not allowed}
    causes = {doubt.pair[:2]: doubt.cause.value for doubt in told.grouping.doubts}
    for photo in told.grouping.singletons:
        if photo not in nearest:
            yield told.names[photo], {"reason": "no_pairs"}
            continue
        other, score = nearest[photo]
        cause = causes.get((min(photo, other), max(photo, other)))
        yield (
            told.names[photo],
            {
                "reason": "decision" if photo in forbidden else _reason(cause, score, told.thresholds),
                "neighbour": told.names[other],
                "score": score,
                "cluster": owner[other],
            },
        )


def _reason(cause: str | None, score: float, thresholds: PairClusterer) -> str:
    if cause is not None:
        return cause
    if score < thresholds.weak_edg_thresh:
        return "below_weak"
    return thresholds.why_apart(score >= thresholds.strong_edg_thresh)


def _doubt(doubt: Doubt, owner: Owner, names: Names) -> dict[str, Any]:
    first, second, _ = doubt.pair
    content: dict[str, Any] = {
        "reason": doubt.cause.value,
        "pair": _named(doubt.pair, names),
        "clusters": [owner[first], owner[second]],
    }
    if doubt.agreement is not None:
        content["agreement"] = round(doubt.agreement, NUM_DIGITS)
    if doubt.distance_m is not None:
        content["distance_m"] = round(doubt.distance_m, 1)
    return content


def _named(pair: Pair, names: Names) -> list[Any]:
    first, second, score = pair
    return [names[first], names[second], score]
