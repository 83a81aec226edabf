"""The grid and the photos that are alone: sorted, filtered, searched, a stretch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from storage.errors import UsageError
from web.review.cards import Card, card, doubt, middle, photo_card
from web.review.changes import ALONE
from web.review.review import Review

FILTERS = ("all", "doubtful", "locked", "named", "changed", "noted")
DOUBTFUL = 0.5


def list_cards(review: Review, sort: str, order: str, text: str, kept: str, offset: int, limit: int) -> Card:
    """Give a stretch of the clusters, sorted and filtered."""
    if sort not in SORTS or order not in ("asc", "desc") or kept not in FILTERS:
        raise UsageError(f"sort is one of {', '.join(SORTS)}, order asc or desc, filter one of {', '.join(FILTERS)}")
    numbers = [number for number in review.state.members if _is_kept(review, number, kept)]
    numbers = [number for number in numbers if _is_found(review, number, text.casefold())]
    key = SORTS[sort]
    keys = {number: key(review, number) for number in numbers}
    known = sorted(
        (number for number in numbers if keys[number] is not None), key=lambda number: (keys[number], number)
    )
    if order == "desc":
        known.reverse()
    numbers = known + sorted(number for number in numbers if keys[number] is None)
    return {"total": len(numbers), "clusters": [card(review, number) for number in numbers[offset : offset + limit]]}


def _is_kept(review: Review, number: int, kept: str) -> bool:
    state = review.state
    if kept == "doubtful":
        return doubt(review, number) >= DOUBTFUL
    if kept == "changed":
        return review.session.differences.is_changed(number)
    kind = {"locked": "lock", "named": "name", "noted": "note"}.get(kept)
    return kind is None or state.setting(kind, number) is not None


def _is_found(review: Review, number: int, text: str) -> bool:
    if not text:
        return True
    state = review.state
    own = f"{number}\n{state.setting('name', number) or ''}\n{state.setting('note', number) or ''}".casefold()
    return text in own or any(text in state.names[photo].casefold() for photo in state.members[number])


def _first_time(review: Review, number: int) -> str | None:
    return min(
        filter(None, (review.collection.known_facts(photo).time for photo in review.state.members[number])),
        default=None,
    )


def _name(review: Review, number: int) -> str | None:
    called = review.state.setting("name", number)
    return None if called is None else str(called).casefold()


def _place(review: Review, number: int) -> list[float] | None:
    return middle(review, review.state.members[number])


SORTS: dict[str, Callable[[Review, int], Any]] = {
    "size": lambda review, number: len(review.state.members[number]),
    "doubt": doubt,
    "time": _first_time,
    "name": _name,
    "place": _place,
}


def list_singletons(review: Review, text: str, offset: int, limit: int) -> Card:
    """Give a stretch of the photos that are alone, those with the best pair first."""
    state = review.state
    wanted = text.casefold()
    photos = [photo for photo in state.singletons() if wanted in state.names[photo].casefold()]
    nearest_of = {photo: _nearest_photo(review, photo) for photo in photos}
    photos.sort(key=lambda photo: (-(nearest_of[photo][1] or 0.0), photo))
    return {
        "total": len(photos),
        "photos": [_singleton(review, photo, *nearest_of[photo]) for photo in photos[offset : offset + limit]],
    }


def _nearest_photo(review: Review, photo: int) -> tuple[int | None, float | None]:
    if not review.has_bonds:
        return None, None
    others, scores = review.bonds.of(photo)
    return (others[0], scores[0]) if others else (None, None)


def _singleton(review: Review, photo: int, neighbour: int | None, score: float | None) -> Card:
    state = review.state
    told = review.info.get("singletons", {}).get(state.names[photo], {})
    number = ALONE if neighbour is None else state.owner[neighbour]
    return photo_card(review, photo) | {
        "reason": told.get("reason", "no_pairs" if neighbour is None else "decision"),
        "neighbour": neighbour,
        "score": score,
        "cluster": None if number == ALONE else str(number),
    }
