"""The queue as the page gets it: each question with both sides and what speaks for it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from web.review.answers import key_of, part_between
from web.review.changes import ALONE
from web.review.queue import Item
from web.review.requests import Ground
from web.review.review import Review

MAX_PHOTOS = 8
WORDS = {
    "few_agree": "a good pair, but too few photos on both sides agree",
    "unsure": "between the two thresholds",
    "below_weak": "below the weak threshold",
    "positions": "a good pair, but the positions lie too far apart",
    "tie": "one of several joins that are equal in all respects",
    "weakest": "what holds this building together least",
}


def list_questions(review: Review, offset: int, limit: int) -> dict[str, Any]:
    """Give a stretch of the queue."""
    queue = review.fresh_queue()
    return {
        "total": len(queue),
        "answered": review.session.num_answers,
        "items": [question(review, item) for item in islice(queue.items(), offset, offset + limit)],
    }


def count_questions(review: Review) -> int:
    """Give the number of open questions; 0 while the pairs are being read."""
    return len(review.fresh_queue()) if review.has_bonds else 0


def question(review: Review, item: Item) -> dict[str, Any]:
    """Give one question."""
    state = review.state
    if item.kind == "inside":
        sides = part_between(Ground(state, review.bonds), item.pair)
    else:
        sides = state.group(item.pair[0]), state.group(item.pair[1])
    reason = _reason(review, item)
    score = review.bonds.score(*item.pair)
    return {
        "key": key_of(state, item.pair),
        "kind": item.kind,
        "pair": list(item.pair),
        "score": None if score != score else score,
        "agreement": round(item.agreement, 6),
        "reason": reason,
        "text": WORDS[reason],
        "unsure": item.is_unsure,
        "left": _side(review, sides[0], item.pair[0]),
        "right": _side(review, sides[1], item.pair[1]),
    }


def _side(review: Review, photos: Sequence[int], shown: int) -> dict[str, Any]:
    state = review.state
    number = state.owner[shown]
    near = [photo for photo in review.bonds.neighbours(shown) if photo in set(photos)]
    chosen = list(dict.fromkeys([shown, *near, *photos]))[:MAX_PHOTOS]
    return {
        "number": None if number == ALONE else str(number),
        "name": None if number == ALONE else state.setting("name", number),
        "size": len(photos),
        "photos": chosen,
    }


def _reason(review: Review, item: Item) -> str:
    if item.kind == "inside":
        return "weakest"
    told = review.reason_of(item.pair)
    if told in WORDS:
        return told
    strong, weak = review.thresholds or (0.0, 0.0)
    score = review.bonds.score(*item.pair)
    if score < weak:
        return "below_weak"
    return "unsure" if score < strong else "few_agree"
