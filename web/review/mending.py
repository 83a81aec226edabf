"""What has to go because of a change: links against it, and what was set of clusters that end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from clustering.corrections import LinkChange, Links, mend_links
from web.review.changes import ALONE, OF_CLUSTER, Change, Setting
from web.review.state import ReviewState


def mended(state: ReviewState, change: Change) -> Change:
    """Add to a change what has to go because of it: links against it, settings of clusters that end."""
    moved = {photo: move.target for move in change.moves for photo in move.photos}

    def place_of(photo: int) -> Any:
        number = moved.get(photo, state.owner[photo])
        return (photo,) if number == ALONE else number

    added = change.links
    mend = mend_links(state.links, moved, state.num_photos, place_of, added.removed_together)
    links = LinkChange(
        (*added.removed_together, *mend.removed_together),
        tuple(dict.fromkeys((*mend.added_together, *(link for link in added.added_together)))),
        (*added.removed_apart, *mend.removed_apart),
        tuple(pair for pair in dict.fromkeys(added.added_apart) if place_of(pair[0]) != place_of(pair[1])),
    )
    links = _without_known(state.links, links)
    settings = (*change.settings, *_of_ended(state, change))
    return Change(change.moves, (*settings, *_of_representatives(state, change, settings)), links)


def _without_known(known: Links, links: LinkChange) -> LinkChange:
    """Leave out what stands already and goes on standing; take back what a longer link says as well."""
    leaving = set(links.removed_together)
    added = [link for link in links.added_together if not _is_held(known, link, leaving)]
    held = [
        link
        for longer in added
        for link in known.together_of(longer)
        if link != longer and link not in leaving and set(link) <= set(longer)
    ]
    apart = [
        pair for pair in links.added_apart if not {pair, pair[::-1]} & known.apart.keys() or pair in links.removed_apart
    ]
    both = set(added) & leaving
    return LinkChange(
        tuple(link for link in dict.fromkeys((*links.removed_together, *held)) if link not in both),
        tuple(link for link in added if link not in both),
        links.removed_apart,
        tuple(apart),
    )


def _is_held(known: Links, link: tuple[int, ...], leaving: set[tuple[int, ...]]) -> bool:
    """Tell whether a link that stays holds all photos of another."""
    return any(set(link) <= set(other) for other in known.together_of(link[:1]) if other not in leaving)


def _of_ended(state: ReviewState, change: Change) -> tuple[Setting, ...]:
    """Unset what was set of clusters that no photo is in any more, unless the change does so."""
    numbers = {move.source for move in change.moves} - {move.target for move in change.moves} - {ALONE}
    sizes = {number: len(state.members[number]) for number in numbers}
    for move in change.moves:
        if move.source in sizes:
            sizes[move.source] -= len(move.photos)
    done = {(each.kind, each.subject) for each in change.settings}
    return tuple(
        state.set(kind, (number,), None)
        for number in sorted(number for number, size in sizes.items() if size == 0)
        for kind in OF_CLUSTER
        if state.setting(kind, number) is not None and (kind, (number,)) not in done
    )


def _of_representatives(state: ReviewState, change: Change, settings: Sequence[Setting]) -> Iterator[Setting]:
    """Let photos that leave a cluster stand for it no more, unless that is said already."""
    done = {each.subject[0] for each in settings if each.kind == "representatives"}
    for number in sorted({move.source for move in change.moves} - {ALONE} - done):
        gone = {photo for move in change.moves if move.source == number for photo in move.photos}
        chosen = state.setting("representatives", number) or []
        if gone & set(chosen):
            yield state.set("representatives", (number,), [photo for photo in chosen if photo not in gone] or None)
