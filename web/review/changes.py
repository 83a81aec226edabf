"""One change of the review: photos that moved, what was set, links that came and went; and its form in the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clustering.corrections import LinkChange

ALONE = -1
OF_CLUSTER = ("name", "lock", "note", "representatives")
OF_PHOTO = ("position",)
OF_PAIR = ("answer",)
OF_ALL = ("thresholds",)
LINK_FIELDS = ("removed_together", "added_together", "removed_apart", "added_apart")


@dataclass(frozen=True)
class Move:
    """Photos that went from one cluster to another; :data:`ALONE` for none."""

    photos: tuple[int, ...]
    source: int
    target: int


@dataclass(frozen=True)
class Setting:
    """A value that was set.

    Attributes
    ----------
    kind : str
        One of ``OF_CLUSTER`` (``subject``: number of the cluster), ``OF_PHOTO`` (the photo), ``OF_PAIR`` (both photos)
        or ``OF_ALL`` (empty).
    subject : tuple of int
        What it was set of.
    before, after : object
        JSON values; representatives are photos. None where nothing is set.
    """

    kind: str
    subject: tuple[int, ...]
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """Everything that one action did.

    Attributes
    ----------
    moves : tuple of Move
        In order.
    settings : tuple of Setting
        In order.
    links : LinkChange
        What decisions came and went.
    """

    moves: tuple[Move, ...] = ()
    settings: tuple[Setting, ...] = ()
    links: LinkChange = LinkChange()

    def __bool__(self) -> bool:
        return bool(self.moves or self.settings or self.links)

    def inverse(self) -> Change:
        """Give the change that takes this one back."""
        moves = tuple(Move(move.photos, move.target, move.source) for move in reversed(self.moves))
        settings = tuple(replace(each, before=each.after, after=each.before) for each in reversed(self.settings))
        return Change(moves, settings, self.links.inverse())

    def with_links(self, *links: LinkChange) -> Change:
        """Give the same change with more links."""
        every = (self.links, *links)
        joined = {field: tuple(link for each in every for link in getattr(each, field)) for field in LINK_FIELDS}
        return replace(self, links=LinkChange(**joined))

    def clusters(self) -> set[int]:
        """Give the numbers of the clusters that it concerns."""
        moved = {number for move in self.moves for number in (move.source, move.target)}
        return (moved | {each.subject[0] for each in self.settings if each.kind in OF_CLUSTER}) - {ALONE}


# -- in the journal, photos go by their names -------------------------------------------------------------------------


def change_as_json(change: Change, name_of: Callable[[int], str]) -> dict[str, Any]:
    """Give a change as JSON types, without what is empty; ``docs/formats.md`` specifies it."""
    content: dict[str, Any] = {}
    if change.moves:
        content["moves"] = [[list(map(name_of, move.photos)), move.source, move.target] for move in change.moves]
    if change.settings:
        content["settings"] = [_setting_as_json(each, name_of) for each in change.settings]
    for field in LINK_FIELDS:
        links: Sequence[tuple[int, ...]] = getattr(change.links, field)
        if links:
            content[field] = [list(map(name_of, link)) for link in links]
    return content


def change_from_json(content: Mapping[str, Any], number_of: Callable[[str], int]) -> Change:
    """Give the change of a line of the journal."""

    def numbers(names: Iterable[str]) -> tuple[int, ...]:
        return tuple(map(number_of, names))

    moves = [Move(numbers(photos), int(source), int(target)) for photos, source, target in content.get("moves", [])]
    settings = [_setting_from_json(each, numbers) for each in content.get("settings", [])]
    links: dict[str, Any] = {field: tuple(map(numbers, content.get(field, []))) for field in LINK_FIELDS}
    return Change(tuple(moves), tuple(settings), LinkChange(**links))


def _setting_as_json(each: Setting, name_of: Callable[[int], str]) -> list[Any]:
    subject: list[Any] = list(each.subject)
    if each.kind in (*OF_PHOTO, *OF_PAIR):
        subject = list(map(name_of, each.subject))
    values = [each.before, each.after]
    if each.kind == "representatives":
        values = [value if value is None else list(map(name_of, value)) for value in values]
    return [each.kind, subject, *values]


def _setting_from_json(content: Sequence[Any], numbers: Callable[[Iterable[str]], tuple[int, ...]]) -> Setting:
    kind, subject, *values = content
    if kind == "representatives":
        values = [value if value is None else list(numbers(value)) for value in values]
    is_of_photos = kind in (*OF_PHOTO, *OF_PAIR)
    return Setting(str(kind), numbers(subject) if is_of_photos else tuple(map(int, subject)), *values)
