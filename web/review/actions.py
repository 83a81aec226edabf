"""What can be done to clusters: each action checked and turned into a change, without making it."""

from __future__ import annotations

from collections.abc import Callable

from storage.errors import UsageError
from web.review import marking, moving
from web.review.answers import answer
from web.review.requests import Action, Ground, Request


def compile_action(ground: Ground, request: Request) -> Action:
    """Turn a request into an action; nothing is changed.

    Raises
    ------
    UsageError
        When the request is not of the form of ``docs/review.md``, or names photos or clusters that are not there.
    ConflictError
        When a locked cluster stands against it.
    """
    kind = request.get("action")
    if not isinstance(kind, str) or kind not in ACTIONS:
        raise UsageError(f"action is {kind!r}, but must be one of {', '.join(ACTIONS)}")
    return ACTIONS[kind](ground, request)


ACTIONS: dict[str, Callable[[Ground, Request], Action]] = {
    "merge": moving.merge,
    "split": moving.split,
    "move": moving.move,
    "single": moving.single,
    "name": marking.name,
    "lock": marking.lock,
    "representative": marking.representative,
    "note": marking.note,
    "place": marking.place,
    "answer": answer,
}
