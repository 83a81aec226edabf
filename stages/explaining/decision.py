"""Why two photos are in one cluster, or are not: the chain between them, the join, the doubt, what a person decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from clustering import CLUSTERERS, get_clusterer
from stages.explaining.chains import Pair, Step, best_between, decided_links, find_chain
from stages.explaining.inputs import Grouped, Scored
from storage.formats.clusters import SINGLETONS_KEY
from storage.formats.decisions import Decisions
from storage.formats.pairs import Pairs


@dataclass(frozen=True)
class Listing:
    """Whether the descriptor listed ``name``'s pair: place from 1, None for not listed, among ``length`` photos."""

    name: str
    rank: int | None
    length: int


@dataclass(frozen=True)
class Decision:
    """Why two photos are together or apart.

    Attributes
    ----------
    is_together : bool or None
        Whether they are in one cluster; None when there are no clusters, or one photo is in none of its places.
    clusters : tuple of str or None
        Number of the cluster of either, ``"-1"`` for alone, None for unknown.
    cluster_names : tuple of str or None
        What a person called these.
    chain : list of Step
        The strongest chain of pairs: within the cluster when they are together, else over all photos.
    join : dict or None
        The join that brought them together, as in ``clusters_info.json``.
    best_pair : Step or None
        The best pair between their two clusters, when they are apart.
    reason : str or None
        Why that pair made no join, as in ``clusters_info.json``.
    doubt : dict
        The entry of ``review`` about the two, empty for none.
    decided : list of str
        What a person decided that concerns the two.
    listings : list of Listing
        Where the descriptor lists either photo for the other.
    """

    is_together: bool | None
    clusters: tuple[str | None, str | None]
    cluster_names: tuple[str | None, str | None] = (None, None)
    chain: list[Step] = field(default_factory=list)
    join: dict[str, Any] | None = None
    best_pair: Step | None = None
    reason: str | None = None
    doubt: dict[str, Any] = field(default_factory=dict)
    decided: list[str] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Give everything as JSON types."""
        return asdict(self)


def decide(names: Pair, scored: Scored, grouped: Grouped) -> Decision:
    """Find out why two photos are in one cluster, or are not.

    Parameters
    ----------
    names : tuple of str
        The two photos.
    scored : Scored
        Pairs.
    grouped : Grouped
        Clusters, reasons and decisions.
    """
    clusters = grouped.number_of(names[0]), grouped.number_of(names[1])
    is_known = None not in clusters
    is_together = (clusters[0] == clusters[1] != SINGLETONS_KEY) if is_known else None
    members = set(grouped.members(names[0])) if is_together else None
    common: dict[str, Any] = {
        "clusters": clusters,
        "cluster_names": (_name(grouped, clusters[0]), _name(grouped, clusters[1])),
        "chain": find_chain(names, scored, grouped.decisions, members),
        "listings": [] if scored.listed is None else list(_listings(names, scored.listed)),
    }
    if is_together is None:
        return Decision(None, **common)
    sides = grouped.members(names[0]), grouped.members(names[1])
    if is_together:
        info = grouped.info.get("clusters", {}).get(clusters[0], {})
        join = meeting_join(names, sides[0], info) if info else None
        decided = [*_must_links(grouped.decisions, names), *_locks(grouped.decisions, [names])]
        return Decision(True, join=join, decided=decided, doubt=_doubt(grouped, names, clusters), **common)
    best = best_between(sides, scored)
    doubt = _doubt(grouped, names, clusters)
    apart, locks = _cannot_links(grouped.decisions, sides), _locks(grouped.decisions, sides)
    reason = doubt.get("reason") or _reason(grouped, names, sides, best)
    if apart or (locks and reason not in ("no_pairs", "below_weak")):
        reason = "decision"
    return Decision(False, best_pair=best, reason=reason, doubt=doubt, decided=[*apart, *locks], **common)


def _name(grouped: Grouped, number: str | None) -> str | None:
    found = grouped.info.get("clusters", {}).get(number, {}).get("name")
    return None if found is None else str(found)


# -- pairs ------------------------------------------------------------------------------------------------------------


def _listings(names: Pair, listed: Pairs) -> Iterator[Listing]:
    """Say where in the list of either photo the other one stands."""
    place = {name: number for number, name in enumerate(listed.names)}
    for name, other in (names, names[::-1]):
        rows = np.flatnonzero(listed.first == place.get(name, -1))
        found = rows[listed.second[rows] == place.get(other, -1)]
        rank = int((listed.scores[rows] > listed.scores[found[0]]).sum()) + 1 if len(found) else None
        yield Listing(name, rank, len(rows))


# -- clusters ---------------------------------------------------------------------------------------------------------


def meeting_join(names: Pair, members: Iterable[str], info: Mapping[str, Any]) -> dict[str, Any] | None:
    """Find the join that brought two photos of a cluster together.

    The joins are taken back from the last to the first: each parts a set of photos in the smaller side, which it
    lists, and the rest.

    Parameters
    ----------
    names : tuple of str
        The two photos.
    members : iterable of str
        All photos of the cluster.
    info : Mapping
        What ``clusters_info.json`` says of it.

    Returns
    -------
    dict or None
        The join; None when the two were together from the start, in a strong component.
    """
    photos_of = {int(info["run_number"]): set(members)}
    for join in reversed(info["joins"]):
        whole, smaller = photos_of[join["survivor"]], set(join["joined_photos"])
        is_absorbed = join["absorbed_size"] <= join["survivor_size"]
        parted = (whole - smaller, smaller) if is_absorbed else (smaller, whole - smaller)
        if any(names[0] in one and names[1] in other for one, other in (parted, parted[::-1])):
            return dict(join)
        photos_of[join["survivor"]], photos_of[join["absorbed"]] = parted
    return None


def _doubt(grouped: Grouped, names: Pair, clusters: tuple[str | None, str | None]) -> dict[str, Any]:
    """Find the entry of the review list about two clusters, or about a pair of one."""
    numbers = [None if number == SINGLETONS_KEY else int(number or -1) for number in clusters]
    alone = {name for name, number in zip(names, numbers, strict=True) if number is None}
    for entry in grouped.info.get("review", []):
        pair = set(entry["pair"][:2])
        if numbers[0] is not None and numbers[0] == numbers[1]:
            is_meant = pair == set(names)
        else:
            is_meant = entry["clusters"] in (numbers, numbers[::-1]) and alone <= pair
        if is_meant:
            return dict(entry)
    return {}


def _reason(grouped: Grouped, names: Pair, sides: tuple[Sequence[str], Sequence[str]], best: Step | None) -> str | None:
    """Give the reason why a best pair made no join, where the review list has none."""
    if best is None:
        return "no_pairs"
    for name, side in (names[0], sides[1]), (names[1], sides[0]):
        lone = grouped.info.get("singletons", {}).get(name, {})
        if lone.get("neighbour") in side:
            return str(lone["reason"])
    settings = grouped.info.get("settings", {})
    if best.score is None or not settings:
        return None
    if best.score < settings["weak_edg_thresh"]:
        return "below_weak"
    method, is_strong = grouped.info.get("method"), best.score >= settings["strong_edg_thresh"]
    return get_clusterer(method).why_apart(is_strong) if method in CLUSTERERS else None


# -- decisions --------------------------------------------------------------------------------------------------------


def _must_links(decisions: Decisions, names: Pair) -> list[str]:
    """Say which must-links hold two photos together by themselves."""
    chain = find_chain(names, Scored(), decisions, None)
    texts = [f"{step.decision} of decisions.json: {step.first} and {step.second} show one building" for step in chain]
    return [text for text in texts if text.startswith("must_link")]


def _cannot_links(decisions: Decisions, sides: tuple[Sequence[str], Sequence[str]]) -> list[str]:
    one, other = _linked(decisions, sides[0]), _linked(decisions, sides[1])
    return [
        f"cannot_link {place} of decisions.json: {first} and {second} show two buildings"
        for place, (first, second) in enumerate(decisions.cannot_link, 1)
        if (first in one and second in other) or (first in other and second in one)
    ]


def _linked(decisions: Decisions, photos: Iterable[str]) -> set[str]:
    """Give photos and all that decisions link to them, also those that are gone."""
    found, links = set(photos), [pair for pair, _ in decided_links(decisions)]
    while fresh := {name for pair in links if found & set(pair) for name in pair} - found:
        found |= fresh
    return found


def _locks(decisions: Decisions, sides: Sequence[Sequence[str]]) -> list[str]:
    """Say which locked clusters hold one side, so that nothing else joins it."""
    texts = []
    for place, cluster in enumerate(decisions.clusters, 1):
        if cluster.is_locked and any(set(side) <= set(cluster.photos) for side in sides):
            called = f" ({cluster.name})" if cluster.name else ""
            texts.append(f"clusters {place}{called} of decisions.json is locked: its photos and no others")
    return texts
