"""Actions that move photos: merge, split, move, make single."""

from __future__ import annotations

from collections.abc import Sequence

from clustering.corrections import LinkChange, part_links, tie
from storage.errors import UsageError
from web.review.changes import ALONE, OF_CLUSTER, Change, Move, Setting
from web.review.mending import mended
from web.review.requests import (
    Action,
    ConflictError,
    Ground,
    Request,
    called,
    check_unlocked,
    cluster_of,
    clusters_of,
    counted,
    photos_of,
    stands_for,
)
from web.review.state import ReviewState


def merge(ground: Ground, request: Request) -> Action:
    """Make one cluster of clusters and photos; the largest keeps its number."""
    state = ground.state
    numbers = clusters_of(state, request.get("clusters", []))
    alone = photos_of(state, request.get("photos", []))
    numbers += [state.owner[photo] for photo in alone if state.owner[photo] != ALONE]
    return joined(ground, sorted(set(numbers)), [photo for photo in alone if state.owner[photo] == ALONE], ())


def joined(ground: Ground, numbers: Sequence[int], alone: Sequence[int], pair: Sequence[int]) -> Action:
    """Make one cluster; ``pair`` are the photos that tell that it is one, else those that stand for the clusters."""
    state = ground.state
    if len(numbers) + len(alone) < 2:
        raise UsageError("a merge needs two buildings or photos at least")
    check_unlocked(state, numbers)
    target = max(numbers, key=lambda number: (len(state.members[number]), -number)) if numbers else state.next_number
    moves = [Move(tuple(state.photos(number)), number, target) for number in numbers if number != target]
    if alone:
        moves.append(Move(tuple(alone), ALONE, target))
    stand = [stands_for(state, number) for number in sorted(numbers, key=lambda number: number != target)]
    together = tie(pair or [*stand, *alone])
    change = Change(tuple(moves), _inherited(state, numbers, target), LinkChange(added_together=together))
    return Action(f"merge into {called(state, target)}", mended(state, change))


def _inherited(state: ReviewState, numbers: Sequence[int], target: int) -> tuple[Setting, ...]:
    """What was set of clusters that end goes to the one that they are in, where nothing is set of that one."""
    settings: list[Setting] = []
    for kind in OF_CLUSTER:
        values = {number: state.setting(kind, number) for number in numbers if state.setting(kind, number) is not None}
        for number in values.keys() - {target}:
            settings.append(state.set(kind, (number,), None))
        ended = [values[number] for number in sorted(values.keys() - {target})]
        if kind == "note" and ended:
            settings.append(state.set(kind, (target,), "\n".join([*filter(None, [values.get(target)]), *ended])))
        elif ended and target not in values:
            settings.append(state.set(kind, (target,), ended[0]))
    return tuple(settings)


def split(ground: Ground, request: Request) -> Action:
    """Take photos of a cluster out of it; two or more become a cluster."""
    state = ground.state
    number = cluster_of(state, request.get("cluster"))
    photos = photos_of(state, request.get("photos", []))
    if any(state.owner[photo] != number for photo in photos):
        raise ConflictError(f"not all of these photos are in building {number} now")
    if not 0 < len(photos) < len(state.members[number]):
        raise UsageError("a split needs some of the building's photos, not all")
    return moved_out(ground, photos, None, f"split of {called(state, number)}")


def move(ground: Ground, request: Request) -> Action:
    """Put photos into a cluster, or a new one."""
    state = ground.state
    photos = photos_of(state, request.get("photos", []))
    to = request.get("to")
    target = None if to == "new" else cluster_of(state, to)
    photos = [photo for photo in photos if target is None or state.owner[photo] != target]
    if not photos:
        raise UsageError("no photos to move: all are there already")
    if target is None and len(photos) == 1:
        return single(ground, request)
    where = "a new building" if target is None else called(state, target)
    return moved_out(ground, photos, target, f"move of {counted(photos)} to {where}")


def single(ground: Ground, request: Request) -> Action:
    """Make photos stand alone."""
    state = ground.state
    photos = [photo for photo in photos_of(state, request.get("photos", [])) if state.owner[photo] != ALONE]
    if not photos:
        raise UsageError("no photos to set apart: all are alone already")
    chosen = set(photos)
    moves, links = _taken(ground, photos, ALONE)
    every = [*photos, *(photo for move in moves for photo in move.photos if photo not in chosen)]
    near = [(one, two) for one in every for two in ground.bonds.neighbours(one) if two in chosen and one < two]
    parts = [part_links(_kept(state, number, chosen), [photo], ground.bonds.neighbours) for photo, number in links]
    change = Change(tuple(moves)).with_links(*parts, LinkChange(added_apart=tuple(near)))
    return Action(f"make {counted(photos)} single", mended(state, change))


def moved_out(ground: Ground, photos: Sequence[int], target: int | None, label: str) -> Action:
    """Move photos out of their clusters into one; a new one for None."""
    state = ground.state
    chosen = set(photos)
    number = state.next_number if target is None else target
    number = number if target is not None or len(photos) > 1 else ALONE
    moves, taken = _taken(ground, photos, number)
    sources = sorted({source for _, source in taken})
    check_unlocked(state, [] if target is None else [target])
    stand = [*photos] if target is None else [stands_for(state, target), *photos]
    parts = [
        part_links(
            _kept(state, source, chosen),
            [stand[0], *(photo for photo, owner in taken if owner == source)],
            ground.bonds.neighbours,
        )
        for source in sources
    ]
    change = Change(tuple(moves)).with_links(*parts, LinkChange(added_together=tie(stand)))
    return Action(label, mended(state, change))


def _taken(ground: Ground, photos: Sequence[int], target: int) -> tuple[list[Move], list[tuple[int, int]]]:
    """Give the moves of photos out of their clusters, a lone one that is left included, and photo and former cluster.

    A cluster that only one photo would be left of ends.
    """
    state, chosen = ground.state, set(photos)
    sources = sorted({state.owner[photo] for photo in photos})
    check_unlocked(state, [source for source in sources if source != ALONE])
    moves = []
    for source in sources:
        moves.append(Move(tuple(photo for photo in photos if state.owner[photo] == source), source, target))
        left = [] if source == ALONE else [photo for photo in state.photos(source) if photo not in chosen]
        if len(left) == 1:
            moves.append(Move((left[0],), source, ALONE))
    return moves, [(photo, state.owner[photo]) for photo in photos if state.owner[photo] != ALONE]


def _kept(state: ReviewState, number: int, taken: set[int]) -> list[int]:
    """Give the photos of a cluster that stay, what stands for them first."""
    left = [photo for photo in state.photos(number) if photo not in taken]
    first = next((photo for photo in state.setting("representatives", number) or () if photo in left), None)
    return left if first is None else [first, *(photo for photo in left if photo != first)]
