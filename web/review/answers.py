"""Answers to questions about two photos: the same building, two buildings, or nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clustering.corrections import LinkChange
from storage.errors import UsageError
from web.review.changes import ALONE, Change
from web.review.mending import mended
from web.review.moving import joined, moved_out
from web.review.requests import Action, Ground, Request, photos_of
from web.review.state import ReviewState

ANSWERS = ("same", "different", "unsure")


def answer(ground: Ground, request: Request) -> Action:
    """Answer whether two photos show one building: join their clusters, part them, or ask again last."""
    state = ground.state
    said = request.get("answer")
    if said not in ANSWERS:
        raise UsageError(f"answer is {said!r}, but must be one of {', '.join(ANSWERS)}")
    pair = parse_key(state, request.get("key"))
    asked = Change(settings=(state.set("answer", pair, said),))
    is_joined = state.place(pair[0]) == state.place(pair[1])
    label = f"answer: {said}"
    if said == "unsure" or (said == "different" and not is_joined and _is_apart(state, pair)):
        return Action(label, asked)
    if said == "different":
        change = _parted(ground, pair) if is_joined else mended(state, Change(links=LinkChange(added_apart=(pair,))))
    elif is_joined:
        change = mended(state, Change(links=LinkChange(added_together=(pair,))))
    else:
        numbers = sorted({state.owner[photo] for photo in pair} - {ALONE})
        alone = [photo for photo in pair if state.owner[photo] == ALONE]
        change = joined(ground, numbers, alone, pair).change
    return Action(label, Change(change.moves, (*change.settings, *asked.settings), change.links))


def _is_apart(state: ReviewState, pair: tuple[int, int]) -> bool:
    return pair in state.links.apart or pair[::-1] in state.links.apart


def _parted(ground: Ground, pair: tuple[int, int]) -> Change:
    """Split a cluster where it comes apart so that two photos are on two sides."""
    kept, parted = part_between(ground, pair)
    if len(parted) > len(kept):
        kept, parted = parted, kept
    change = moved_out(ground, parted, None, "").change
    return mended(ground.state, change.with_links(LinkChange(added_apart=(pair,))))


def part_between(ground: Ground, pair: tuple[int, int]) -> tuple[list[int], list[int]]:
    """Give two sides of a cluster, one photo of a pair in each: the sides that the seams between them leave.

    Seam by seam the part that holds both photos is looked at; what comes off on the way stays with the side that it
    has the better bond with.
    """
    part, off = ground.state.group(pair[0]), []
    while True:
        one, two = ground.bonds.seam(part).sides
        held = one if pair[0] in one else two
        if pair[1] not in held:
            break
        off.append(two if held is one else one)
        part = held
    sides = [held, two if held is one else one]
    for rest in reversed(off):
        bonds = [ground.bonds.between(side, rest) for side in sides]
        worth = [-1.0 if bond is None else bond.agreement for bond in bonds]
        sides[int(worth[1] > worth[0])] = sorted([*sides[int(worth[1] > worth[0])], *rest])
    return sides[0], sides[1]


def key_of(state: ReviewState, pair: Sequence[int]) -> str:
    """Give the key of the question about two photos."""
    return f"{min(pair)}-{max(pair)}"


def parse_key(state: ReviewState, key: Any) -> tuple[int, int]:
    """Give the photos of a question."""
    parts = key.split("-") if isinstance(key, str) and len(key) < 30 else []
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"{key!r} is no key of a question")
    one, two = photos_of(state, [int(part) for part in parts]) if parts[0] != parts[1] else (0, 0)
    if one == two:
        raise UsageError(f"{key!r} is no key of a question")
    return min(one, two), max(one, two)
