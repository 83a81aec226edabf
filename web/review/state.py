"""The clusters as they stand in the review, what was set of them, and the links that hold."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from clustering.corrections import Links
from clustering.numbering import match_names
from storage.formats.clusters import SINGLETONS_KEY
from storage.formats.decisions import DecidedCluster, Decisions
from web.review.changes import ALONE, OF_CLUSTER, Change, Setting

MAX_NAMED_BY = 200  # photos of a cluster that stand in decisions.json to say which one is meant


class ReviewState:
    """Photos by number (their place in the sorted names), clusters by number; every photo in exactly one group.

    Parameters
    ----------
    clusters : mapping of str to sequence of str
        As :func:`storage.formats.clusters.read_clusters` gives them.
    next_number : int
        The first number that no cluster has or had.

    Attributes
    ----------
    names : list of str
        Image names, sorted; behind them those of photos that are gone and that decisions speak of.
    num_photos : int
        Photos that are there.
    owner : list of int
        Cluster of each photo, ``ALONE`` for none.
    members : dict of int to set of int
        Photos of each cluster, two at least.
    links : Links
        Which photos are decided to be together, or apart.
    """

    def __init__(self, clusters: Mapping[str, Sequence[str]], next_number: int) -> None:
        self.names = sorted(name for photos in clusters.values() for name in photos)
        self.num_photos = len(self.names)
        self.number_of = {name: number for number, name in enumerate(self.names)}
        self.owner = [ALONE] * self.num_photos
        self.members: dict[int, set[int]] = {}
        for key, photos in clusters.items():
            if key != SINGLETONS_KEY:
                self.members[int(key)] = {self.number_of[name] for name in photos}
                for photo in self.members[int(key)]:
                    self.owner[photo] = int(key)
        self.next_number = max([next_number, *(number + 1 for number in self.members)])
        self.links = Links()
        self.settings: dict[str, dict[tuple[int, ...], Any]] = {}
        self.loose: list[DecidedCluster] = []

    # -- reading ------------------------------------------------------------------------------------------------------

    def name_of(self, photo: int) -> str:
        """Give the image name of a photo."""
        return self.names[photo]

    def photo_of(self, name: str) -> int:
        """Give the number of a photo; one that is gone gets a number behind those that are there."""
        if name not in self.number_of:
            self.number_of[name] = len(self.names)
            self.names.append(name)
        return self.number_of[name]

    def photos(self, number: int) -> list[int]:
        """Give the photos of a cluster, ascending."""
        return sorted(self.members.get(number, ()))

    def singletons(self) -> list[int]:
        """Give the photos that are alone, ascending."""
        return [photo for photo, number in enumerate(self.owner) if number == ALONE]

    def group(self, photo: int) -> list[int]:
        """Give the photos of a photo's cluster, itself alone when it has none."""
        return [photo] if self.owner[photo] == ALONE else self.photos(self.owner[photo])

    def place(self, photo: int) -> Hashable:
        """Give what tells the group of a photo: different for two photos that are alone."""
        return (photo,) if self.owner[photo] == ALONE else self.owner[photo]

    def setting(self, kind: str, *subject: int) -> Any:
        """Give what is set of a cluster, a photo or a pair; None where nothing is."""
        return self.settings.get(kind, {}).get(subject)

    # -- changing -----------------------------------------------------------------------------------------------------

    def may_apply(self, change: Change) -> bool:
        """Tell whether all photos are where a change takes them from."""
        came: dict[int, int] = {}
        for move in change.moves:
            for photo in move.photos:
                if photo >= self.num_photos or came.get(photo, self.owner[photo]) != move.source:
                    return False
                came[photo] = move.target
        return True

    def apply(self, change: Change) -> None:
        """Make a change."""
        self.move(change)
        for each in change.settings:
            self.settings.setdefault(each.kind, {})[each.subject] = each.after
            if each.after is None:
                del self.settings[each.kind][each.subject]
        self.links.apply(change.links)

    def move(self, change: Change) -> None:
        """Make the moves of a change alone."""
        for move in change.moves:
            for photo in move.photos:
                if move.source != ALONE:
                    self.members[move.source].remove(photo)
                if move.target != ALONE:
                    self.members.setdefault(move.target, set()).add(photo)
                self.owner[photo] = move.target
            if move.source != ALONE and not self.members[move.source]:
                del self.members[move.source]
            self.next_number = max(self.next_number, move.target + 1)

    def set(self, kind: str, subject: tuple[int, ...], after: Any) -> Setting:
        """Give the setting that makes ``after`` the value."""
        return Setting(kind, subject, self.setting(kind, *subject), after)

    # -- decisions ----------------------------------------------------------------------------------------------------

    def take_decisions(self, decisions: Decisions) -> None:
        """Take links, names, locks, notes, representatives and positions from ``decisions.json``."""
        self.links = Links(
            (tuple(map(self.photo_of, photos)) for photos in decisions.must_link),
            ((self.photo_of(one), self.photo_of(two)) for one, two in decisions.cannot_link),
        )
        self.settings = {
            kind: values for kind, values in self.settings.items() if kind not in (*OF_CLUSTER, "position")
        }
        self.settings["position"] = {
            (self.photo_of(name),): list(position) for name, position in decisions.positions.items()
        }
        meant = self._meant(decisions.clusters)
        self.loose = [cluster for place, cluster in enumerate(decisions.clusters) if place not in meant]
        for place, number in meant.items():
            for kind, value in self._values(decisions.clusters[place]):
                self.settings.setdefault(kind, {}).setdefault((number,), value)

    def _meant(self, decided: Sequence[DecidedCluster]) -> dict[int, int]:
        """Find the cluster that each decided one means: the one with most of its photos; a locked one all of them."""
        meant: dict[int, int] = {}
        named = [place for place, cluster in enumerate(decided) if cluster.name is not None]
        others = [place for place, cluster in enumerate(decided) if cluster.name is None]
        for places in (named, *([place] for place in others)):
            photos = [[self.number_of.get(name, -1) for name in decided[place].photos] for place in places]
            found = match_names(photos, self._near(photos))
            meant |= {places[row]: number for row, number in found.items()}
        return {place: number for place, number in meant.items() if self._fits(decided[place], number)}

    def _near(self, lists: Iterable[Sequence[int]]) -> dict[int, list[int]]:
        """Give the clusters that hold any of some photos."""
        numbers = {self.owner[photo] for photos in lists for photo in photos if 0 <= photo < self.num_photos}
        return {number: self.photos(number) for number in sorted(numbers - {ALONE})}

    def _fits(self, decided: DecidedCluster, number: int) -> bool:
        there = {name for name in decided.photos if self.number_of.get(name, self.num_photos) < self.num_photos}
        return not decided.is_locked or there == {self.names[photo] for photo in self.members[number]}

    def _values(self, decided: DecidedCluster) -> Iterable[tuple[str, Any]]:
        representatives = [self.number_of[name] for name in decided.representatives if name in self.number_of]
        values = (
            ("name", decided.name),
            ("lock", decided.is_locked or None),
            ("note", decided.note),
            ("representatives", representatives or None),
        )
        return ((kind, value) for kind, value in values if value is not None)

    def decisions(self) -> Decisions:
        """Give what ``decisions.json`` has to hold."""
        numbers = sorted({subject[0] for kind in OF_CLUSTER for subject in self.settings.get(kind, {})})
        positions = {self.names[photo]: tuple(value) for (photo,), value in self.settings.get("position", {}).items()}
        return Decisions(
            tuple(tuple(self.names[photo] for photo in link) for link in self.links.together),
            tuple((self.names[one], self.names[two]) for one, two in self.links.apart),
            (*(self._decided(number) for number in numbers if number in self.members), *self.loose),
            {name: positions[name] for name in sorted(positions)},
        )

    def _decided(self, number: int) -> DecidedCluster:
        is_locked = bool(self.setting("lock", number))
        photos = self.photos(number)
        representatives = [photo for photo in self.setting("representatives", number) or () if photo in photos]
        shown = photos if is_locked else sorted({*photos[:MAX_NAMED_BY], *representatives})
        return DecidedCluster(
            tuple(self.names[photo] for photo in shown),
            self.setting("name", number),
            is_locked,
            self.setting("note", number),
            tuple(self.names[photo] for photo in representatives),
        )
