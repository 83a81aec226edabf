"""Why the photos of each cluster are together, in the words of ``clusters_info.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clustering.grouping import Grouping
from clustering.reasons import ClusterReasons, JoinReason

Names = Sequence[str]


def describe_reasons(grouping: Grouping, names: Names) -> dict[str, Any]:
    """Give the ``clusters`` object of ``clusters_info.json``: number to size, strong pairs and joins.

    Parameters
    ----------
    grouping : Grouping
        What a clusterer gave.
    names : sequence of str
        Image name of each photo.
    """
    reasons = grouping.reasons.of_clusters(list(grouping.clusters))
    return {str(reason.number): _reason(reason, len(grouping.clusters[reason.number]), names) for reason in reasons}


def _reason(reason: ClusterReasons, size: int, names: Names) -> dict[str, Any]:
    return {
        "size": size,
        "strong_pairs": _named_pairs(reason.strong_pairs, names),
        "joins": [_join(join, names) for join in reason.joins],
    }


def _join(join: JoinReason, names: Names) -> dict[str, Any]:
    content = {
        "stage": join.stage.name.lower(),
        "survivor": join.survivor,
        "absorbed": join.absorbed,
        "survivor_size": join.survivor_size,
        "absorbed_size": join.absorbed_size,
        "joined_photos": [names[photo] for photo in join.smaller_side],
    }
    if join.distance_m is not None:
        return content | {"distance_m": round(join.distance_m, 3)}
    return content | {"pairs": _named_pairs(join.pairs, names)}


def _named_pairs(pairs: Sequence[tuple[int, int, float]], names: Names) -> list[list[Any]]:
    return [[names[first], names[second], score] for first, second, score in pairs]
