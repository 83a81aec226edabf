"""Actions that move no photo: names, notes, locks, representatives, places on the map."""

from __future__ import annotations

from typing import Any

from storage.errors import UsageError
from storage.formats.decisions import is_position
from web.review.changes import Change
from web.review.requests import Action, ConflictError, Ground, Request, called, cluster_of, counted, photos_of, text_of
from web.review.state import ReviewState

MAX_REPRESENTATIVES = 4


def name(ground: Ground, request: Request) -> Action:
    """Call a cluster by a name; an empty one takes it away."""
    state, number = ground.state, cluster_of(ground.state, request.get("cluster"))
    text = text_of(request, "name") or None
    others = {value for (other,), value in state.settings.get("name", {}).items() if other != number}
    if text in others:
        raise ConflictError(f"another building is called {text!r} already: merge the two, or choose another name")
    return _set(state, f"name of building {number}", "name", (number,), text)


def note(ground: Ground, request: Request) -> Action:
    """Note something about a cluster; nothing takes the note away."""
    number = cluster_of(ground.state, request.get("cluster"))
    return _set(ground.state, f"note on building {number}", "note", (number,), text_of(request, "text") or None)


def lock(ground: Ground, request: Request) -> Action:
    """Lock a cluster, or unlock it."""
    number, is_locked = cluster_of(ground.state, request.get("cluster")), request.get("locked")
    if not isinstance(is_locked, bool):
        raise UsageError(f"locked is {is_locked!r}, but must be true or false")
    change = Change(settings=(ground.state.set("lock", (number,), is_locked or None),))
    return Action(f"{'lock' if is_locked else 'unlock'} {called(ground.state, number)}", change)


def representative(ground: Ground, request: Request) -> Action:
    """Let a photo stand for its cluster, before others, or no more."""
    state, number = ground.state, cluster_of(ground.state, request.get("cluster"))
    (photo,) = photos_of(state, [request.get("photo")])
    if state.owner[photo] != number:
        raise ConflictError(f"the photo is not in building {number} now")
    chosen = [other for other in state.setting("representatives", number) or () if other != photo]
    if request.get("is_representative", True):
        chosen = [photo, *chosen][:MAX_REPRESENTATIVES]
    return _set(state, f"representatives of {called(state, number)}", "representatives", (number,), chosen or None)


def place(ground: Ground, request: Request) -> Action:
    """Place photos on the map; without a position they are where their files say, or nowhere."""
    photos, position = photos_of(ground.state, request.get("photos", [])), request.get("position")
    if position is not None and not (isinstance(position, list) and is_position(position)):
        raise UsageError("position must be [latitude, longitude] in degrees, or null")
    if not photos:
        raise UsageError("no photos to place")
    value = None if position is None else [float(each) for each in position]
    change = Change(settings=tuple(ground.state.set("position", (photo,), value) for photo in photos))
    return Action(f"place of {counted(photos)}", change)


def _set(state: ReviewState, label: str, kind: str, subject: tuple[int, ...], value: Any) -> Action:
    return Action(label, Change(settings=(state.set(kind, subject, value),)))
