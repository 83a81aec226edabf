"""What a request of the page may name, checked; what actions are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clustering.bonds import Bonds
from storage.errors import StageError, UsageError
from web.review.changes import Change
from web.review.state import ReviewState

Request = Mapping[str, Any]
MAX_TEXT = 2000


class ConflictError(StageError):
    """An action that does not fit the clusters as they stand now."""


@dataclass(frozen=True)
class Ground:
    """What actions are compiled on: the clusters, and the pairs between photos."""

    state: ReviewState
    bonds: Bonds


@dataclass(frozen=True)
class Action:
    """What is to be done, and what it is called in the undo button."""

    label: str
    change: Change


def stands_for(state: ReviewState, number: int) -> int:
    """Give the photo that links of a cluster hang on."""
    return next(iter(state.setting("representatives", number) or ()), min(state.members[number]))


def photos_of(state: ReviewState, values: Any) -> list[int]:
    """Give the photos that a request names, each once; refuse what is none."""
    if not isinstance(values, list):
        raise UsageError("photos must be a list of numbers")
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < state.num_photos:
            raise UsageError(f"there is no photo {value!r}")
    return list(dict.fromkeys(values))


def clusters_of(state: ReviewState, values: Any) -> list[int]:
    """Give the clusters that a request names; refuse what is none."""
    if not isinstance(values, list):
        raise UsageError("clusters must be a list of numbers")
    return [cluster_of(state, value) for value in values]


def cluster_of(state: ReviewState, value: Any) -> int:
    """Give the cluster that a request names, as number or text; refuse what is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value not in state.members:
        raise UsageError(f"there is no building {value!r} now")
    return value


def check_unlocked(state: ReviewState, numbers: Iterable[int]) -> None:
    """Refuse to change a locked cluster."""
    for number in numbers:
        if state.setting("lock", number):
            raise ConflictError(f"{called(state, number)} is locked: unlock it first")


def text_of(request: Request, field: str) -> str:
    """Give a text of a request, without blanks around it."""
    text = request.get(field, "")
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise UsageError(f"{field} must be a text of at most {MAX_TEXT} characters")
    return text.strip()


def called(state: ReviewState, number: int) -> str:
    """Give what a cluster is called in the undo button."""
    name = state.setting("name", number)
    return f"building {number} ({name})" if name else f"building {number}"


def counted(photos: Sequence[int]) -> str:
    """Give a number of photos in words."""
    return f"{len(photos)} photo{'' if len(photos) == 1 else 's'}"
