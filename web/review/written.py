"""What differs from clusters.json as it was written last, whatever was done and taken back on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from web.review.changes import ALONE, OF_CLUSTER, Change

Found = tuple[Any, Any]


class Differences:
    """Photos, settings and links that are not as they were; to be told of every change.

    Attributes
    ----------
    owners : dict of int to (int, int)
        Photos that are in another cluster, with the number then and now.
    """

    def __init__(self) -> None:
        self.owners: dict[int, tuple[int, int]] = {}
        self._settings: dict[tuple[str, tuple[int, ...]], Found] = {}
        self._links: dict[tuple[str, tuple[int, ...]], Found] = {}
        self._moved: Counter[int] = Counter()
        self._set: Counter[int] = Counter()
        self._linked: Counter[int] = Counter()

    def take(self, change: Change) -> None:
        """Account for a change."""
        for move in change.moves:
            for photo in move.photos:
                self._take_move(photo, move.source, move.target)
        for each in change.settings:
            self._take_setting((each.kind, each.subject), each.before, each.after)
        links = change.links
        removed = [(("together", link), False) for link in links.removed_together]
        removed += [(("apart", pair), False) for pair in links.removed_apart]
        added = [(("together", link), True) for link in links.added_together]
        added += [(("apart", pair), True) for pair in links.added_apart]
        for link, is_there in removed + added:
            self._take_link(link, is_there)

    @property
    def clusters(self) -> set[int]:
        """Clusters that have other photos, or of which something else is set."""
        return {*self._moved, *self._set}

    def is_changed(self, number: int) -> bool:
        """Tell whether a cluster has other photos, or something else is set of it."""
        return number in self._moved or number in self._set

    def has_moved(self, number: int) -> bool:
        """Tell whether a cluster has other photos."""
        return number in self._moved

    def is_linked(self, photos: Iterable[int]) -> bool:
        """Tell whether other decisions than then hold about any of some photos."""
        return bool(self._linked) and any(photo in self._linked for photo in photos)

    def _take_move(self, photo: int, source: int, target: int) -> None:
        former = self.owners.pop(photo, (source, source))
        now = former[0], target
        if former[0] != former[1]:
            _count(self._moved, set(former) - {ALONE}, -1)
        if now[0] != now[1]:
            _count(self._moved, set(now) - {ALONE}, 1)
            self.owners[photo] = now

    def _take_setting(self, what: tuple[str, tuple[int, ...]], before: Any, after: Any) -> None:
        former = self._settings.pop(what, (before, before))
        now = former[0], after
        numbers = what[1] if what[0] in OF_CLUSTER else ()
        if former[0] != former[1]:
            _count(self._set, numbers, -1)
        if now[0] != now[1]:
            _count(self._set, numbers, 1)
            self._settings[what] = now

    def _take_link(self, link: tuple[str, tuple[int, ...]], is_there: bool) -> None:
        # one that is as it was is remembered, too: a change may remove what is gone already
        former = self._links.get(link, (not is_there, not is_there))
        if former[0] != former[1]:
            _count(self._linked, link[1], -1)
        if former[0] != is_there:
            _count(self._linked, link[1], 1)
        self._links[link] = former[0], is_there


def _count(counter: Counter[Any], keys: Iterable[Any], by: int) -> None:
    """Count up or down; what comes to nothing is forgotten."""
    for key in keys:
        counter[key] += by
        if not counter[key]:
            del counter[key]
