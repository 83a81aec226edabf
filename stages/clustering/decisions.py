"""What a person decided, by image name, in the form that the clusterers take; and what contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from clustering.constraints import Clash, ClashError, Constraints, Decided, resolve
from clustering.numbering import match_names
from storage.errors import UsageError
from storage.formats.decisions import DecidedCluster, Decisions

MAX_SHOWN = 5
Names = Sequence[str]


def check_decisions(decisions: Decisions, path: Path) -> None:
    """Check that all decisions can hold together.

    Raises
    ------
    UsageError
        When some contradict each other; the message names them by their places in the file.
    """
    try:
        resolve(_numbered(decisions, ()), 0)
    except ClashError as error:
        texts = [_clash_text(clash, decisions) for clash in error.clashes]
        more = [f"and {len(texts) - MAX_SHOWN} more"] if len(texts) > MAX_SHOWN else []
        raise UsageError(f"{path} contradicts itself: {'; '.join(texts[:MAX_SHOWN] + more)}. Take one back") from error


def constrain(decisions: Decisions, names: Names) -> Constraints:
    """Give checked decisions as constraints on the photos of these names, photos numbered by their place."""
    return resolve(_numbered(decisions, names), len(names))


def name_clusters(decisions: Decisions, clusters: Mapping[int, Names]) -> tuple[dict[int, str], list[str]]:
    """Find which cluster each given name belongs to: the one with the most of the photos that the name was given to.

    Returns
    -------
    names : dict of int to str
        Cluster number to name.
    unused : list of str
        Names that fit no cluster now.
    """
    named = [cluster for cluster in decisions.clusters if cluster.name is not None]
    found = match_names([cluster.photos for cluster in named], clusters)
    names = {number: named[place].name or "" for place, number in found.items()}
    return names, [cluster.name or "" for place, cluster in enumerate(named) if place not in found]


def decided_of_clusters(decisions: Decisions, clusters: Mapping[int, Names]) -> dict[int, DecidedCluster]:
    """Find the note and the representatives of each cluster.

    Returns
    -------
    dict of int to DecidedCluster
        Cluster number to what was decided about it, without representatives that are in it no more.
    """
    told = [cluster for cluster in decisions.clusters if cluster.note is not None or cluster.representatives]
    found = match_names([cluster.photos for cluster in told], clusters)
    return {
        number: replace(
            told[place],
            representatives=tuple(name for name in told[place].representatives if name in set(clusters[number])),
        )
        for place, number in found.items()
    }


def _numbered(decisions: Decisions, names: Names) -> Decided:
    """Number the photos by their place in ``names``, those that are gone behind them."""
    photos = decisions.photos()
    number = {name: place for place, name in enumerate(names) if name in photos} if photos else {}
    number |= {photo: place for place, photo in enumerate(sorted(photos - number.keys()), len(names))}
    return Decided(
        [[number[photo] for photo in photos] for photos in decisions.must_link],
        [(number[one], number[two]) for one, two in decisions.cannot_link],
        [[number[photo] for photo in cluster.photos] for cluster in decisions.clusters if cluster.is_locked],
    )


def _clash_text(clash: Clash, decisions: Decisions) -> str:
    lock_places = [place for place, cluster in enumerate(decisions.clusters, 1) if cluster.is_locked]
    locks = [_lock_text(lock_places[place], decisions) for place in clash.locked]
    links = [f"must_link {place + 1} ({_quoted(decisions.must_link[place])})" for place in clash.together]
    if clash.apart is not None:
        pair = f"cannot_link {clash.apart + 1} ({_quoted(decisions.cannot_link[clash.apart])})"
        return f"{pair} against {' and '.join(locks + links)}"
    if len(locks) > 1:
        return f"{' and '.join(locks)} have photos in common"
    return f"{' and '.join(links)} would add photos to {locks[0]}"


def _lock_text(place: int, decisions: Decisions) -> str:
    name = decisions.clusters[place - 1].name
    return f"clusters {place} ({f'{name!r}, ' if name else ''}locked)"


def _quoted(photos: Sequence[str]) -> str:
    shown = ", ".join(repr(photo) for photo in photos[:3])
    return f"{shown}, ..." if len(photos) > 3 else shown
