"""Clusters and photos as the page gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from storage.errors import UsageError
from storage.formats.matches import matches_path
from web.review.asking import count_questions
from web.review.changes import ALONE
from web.review.review import Review

MAX_SHOWN = 4
MAX_LISTED = 500
Card = dict[str, Any]


def representatives(review: Review, number: int) -> list[int]:
    """Give up to four photos that stand for a cluster: those that were chosen, then the most central ones."""
    state = review.state
    chosen = list(state.setting("representatives", number) or ())
    central = [state.number_of.get(name, -1) for name in review.told(number).get("representatives", ())]
    members = state.members[number]
    if not central:
        central = sorted(members)[:MAX_SHOWN] if len(members) > MAX_SHOWN else sorted(members)
    return list(dict.fromkeys(photo for photo in [*chosen, *central] if photo in members))[:MAX_SHOWN]


def card(review: Review, number: int) -> Card:
    """Give what the grid shows of a cluster."""
    state = review.state
    members = state.members[number]
    times = sorted(filter(None, (review.collection.known_facts(photo).time for photo in members)))
    return {
        "number": str(number),
        "name": state.setting("name", number),
        "size": len(members),
        "doubt": round(doubt(review, number), 4),
        "locked": bool(state.setting("lock", number)),
        "note": state.setting("note", number) or "",
        "changed": review.session.differences.is_changed(number),
        "representatives": representatives(review, number),
        "first_time": times[0] if times else None,
        "last_time": times[-1] if times else None,
        "position": middle(review, members),
    }


def position(review: Review, photo: int) -> Sequence[float] | None:
    """Give where a photo is: where it was placed by hand, else where its file says."""
    placed: Sequence[float] | None = review.state.setting("position", photo)
    return placed or review.collection.known_facts(photo).position


def middle(review: Review, photos: Any) -> list[float] | None:
    """Give the median position of some photos."""
    found = [at for at in (position(review, photo) for photo in photos) if at is not None]
    return [round(float(value), 7) for value in np.median(np.array(found), axis=0)] if found else None


def doubt(review: Review, number: int) -> float:
    """Give how doubtful it is that a cluster holds together, 0 to 1: what its weakest link lacks."""
    told = review.told(number)
    if told:
        link = told.get("weakest_link") or {}
        hold = link.get("agreement", (link.get("pair") or [0, 0, 1.0])[2])
        return float(min(max(1.0 - hold, 0.0), 1.0))
    if not review.has_bonds:
        return 0.0
    bond = review.seam(number).bond
    return 1.0 if bond is None else float(min(max(1.0 - bond.agreement, 0.0), 1.0))


# -- one cluster, one photo -------------------------------------------------------------------------------------------


def photo_card(review: Review, photo: int) -> Card:
    """Give what the page shows of a photo."""
    state, facts = review.state, review.collection.facts(photo)
    number = state.owner[photo]
    stands = number != ALONE and photo in (state.setting("representatives", number) or ())
    at = position(review, photo)
    return {
        "id": photo,
        "name": state.names[photo],
        "time": facts.time,
        "camera": facts.camera,
        "position": None if at is None else list(at),
        "placed": state.setting("position", photo) is not None,
        "representative": stands,
        "warning": facts.warning,
    }


def cluster_card(review: Review, number: int) -> Card:
    """Give everything about a cluster."""
    state = review.state
    photos = state.photos(number)
    told, seam = review.told(number), review.seam(number)
    link = None
    if seam.bond is not None:
        link = {
            "pair": list(seam.bond.pair),
            "score": seam.bond.score,
            "stage": (told.get("weakest_link") or {}).get("stage", "review"),
            "agreement": round(seam.bond.agreement, 6),
        }
    return card(review, number) | {
        "photos": [photo_card(review, photo) for photo in photos],
        "weakest_link": link,
        "cohesion": told.get("cohesion"),
        "joins": _joins(review, number),
        "nearest": nearest(review, photos),
    }


def _joins(review: Review, number: int) -> list[Card]:
    """Say what made a cluster, the last join first."""
    joins = []
    for join in reversed(review.told(number).get("joins", ())):
        sizes = f"{join['survivor_size']} and {join['absorbed_size']} photos joined"
        measure = f", agreement {join['agreement']:.2f}" if "agreement" in join else ""
        measure += f", {join['distance_m']:.0f} m apart" if "distance_m" in join else ""
        pair = (join.get("pairs") or [None])[0]
        numbers = None if pair is None else [review.state.number_of.get(name, -1) for name in pair[:2]]
        joins.append({"text": f"{join['stage']}: {sizes}{measure}", "pair": numbers})
    return joins[:MAX_LISTED]


def nearest(review: Review, photos: Sequence[int], most: int = 6) -> list[Card]:
    """Give the groups that have the best pairs with some photos, clusters only."""
    state = review.state
    own = set(photos)
    _, others, scores = review.bonds.gather(photos)
    best: dict[int, float] = {}
    for other, score in zip(others.tolist(), scores.tolist(), strict=True):
        number = state.owner[other]
        if other not in own and number != ALONE:
            best[number] = max(best.get(number, -np.inf), score)
    cards = []
    for number in sorted(best, key=lambda number: (-best[number], number))[: most * 2]:
        bond = review.bonds.between(photos, state.photos(number))
        if bond is not None:
            cards.append(
                {
                    "number": str(number),
                    "name": state.setting("name", number),
                    "pair": list(bond.pair),
                    "score": bond.score,
                    "agreement": round(bond.agreement, 6),
                    "reason": "apart by a decision" if _is_decided(review, bond.pair) else "",
                }
            )
    return sorted(cards, key=lambda found: (-found["agreement"], found["number"]))[:most]


def _is_decided(review: Review, pair: Sequence[int]) -> bool:
    return bool({tuple(pair), tuple(reversed(pair))} & review.state.links.apart.keys())


def whole_photo_card(review: Review, photo: int) -> Card:
    """Give everything about a photo: its cluster, its size, its best pairs."""
    number = review.state.owner[photo]
    others, scores = review.bonds.of(photo)
    pairs = [{"id": other, "score": score} for other, score in zip(others[:8], scores[:8], strict=True)]
    return photo_card(review, photo) | {
        "cluster": None if number == ALONE else str(number),
        "size": list(review.collection.size(photo)),
        "pairs": pairs,
    }


def split_preview(review: Review, number: int, parted: set[int] | None) -> Card:
    """Give what would stay and what would go, of a split by photos or at the weakest link."""
    photos = review.state.photos(number)
    if parted is None:
        seam = review.seam(number)
        kept, gone, bond = *seam.sides, seam.bond
    else:
        if not parted < set(photos):
            raise UsageError("a split needs some of the building's photos, not all")
        kept, gone = [photo for photo in photos if photo not in parted], sorted(parted)
        bond = review.bonds.between(kept, gone)
    link = None if bond is None else {"pair": list(bond.pair), "score": bond.score}
    return {"kept": kept, "parted": gone, "link": link}


def map_points(review: Review) -> Card:
    """Give all photos that have a place."""
    state, points = review.state, []
    for photo in range(state.num_photos):
        at = position(review, photo)
        if at is not None:
            number = state.owner[photo]
            is_placed = state.setting("position", photo) is not None
            points.append([photo, *at, None if number == ALONE else str(number), is_placed])
    return {"photos": points}


def overview(review: Review) -> Card:
    """Give how much there is, what was done, and what can be undone."""
    state, session, info = review.state, review.session, review.info
    skipped = info.get("skipped", [])
    settings = info.get("settings", {})
    clustered = sum(map(len, state.members.values()))
    chosen = state.setting("thresholds") or [settings.get(f"{name}_edg_thresh") for name in ("strong", "weak")]
    return {
        "title": review.folders.image_dir.absolute().parent.name,
        "counts": {
            "photos": state.num_photos + len(skipped),
            "clusters": len(state.members),
            "singletons": state.num_photos - clustered,
            "skipped": len(skipped),
            "doubtful": count_questions(review),
            "answered": session.num_answers,
            "actions": session.num_actions,
            "unapplied": session.num_unapplied,
        },
        "can_undo": session.can_undo,
        "can_redo": session.can_redo,
        "has_positions": review.collection.has_positions or bool(state.settings.get("position")),
        "has_matches": matches_path(review.folders.outputs_dir, str(info.get("model"))).is_file(),
        "thresholds": {
            "method": info.get("method"),
            "strong": chosen[0],
            "weak": chosen[1],
        },
        "skipped": skipped[:MAX_LISTED],
    }
