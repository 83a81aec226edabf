"""What a person's corrections of clusters mean as decisions: links of photos that are together, or apart.

A clusterer obeys links whatever the pairs say (:mod:`clustering.constraints`), so a correction that is to last becomes
links, as few as hold it: photos of one side are tied to each other only where a pair could carry them to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

Together = tuple[int, ...]
Apart = tuple[int, int]
Place = Callable[[int], Hashable]


@dataclass(frozen=True)
class LinkChange:
    """Links that were taken back, and links that were added; photos by number.

    Attributes
    ----------
    removed_together, added_together : tuple of tuple of int
        Photos of one building each.
    removed_apart, added_apart : tuple of (int, int)
        Photos of two buildings each.
    """

    removed_together: tuple[Together, ...] = ()
    added_together: tuple[Together, ...] = ()
    removed_apart: tuple[Apart, ...] = ()
    added_apart: tuple[Apart, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.removed_together or self.added_together or self.removed_apart or self.added_apart)

    def inverse(self) -> LinkChange:
        """Give the change that takes this one back."""
        return LinkChange(self.added_together, self.removed_together, self.added_apart, self.removed_apart)


class Links:
    """The links that hold, in the order in which they were made, found by photo.

    Parameters
    ----------
    together : iterable of tuple of int
        Photos of one building each.
    apart : iterable of (int, int)
        Photos of two buildings each.
    """

    def __init__(self, together: Iterable[Together] = (), apart: Iterable[Apart] = ()) -> None:
        self.together: dict[Together, None] = {}
        self.apart: dict[Apart, None] = {}
        self._of: dict[int, dict[tuple[int, ...], None]] = {}
        self._apart_of: dict[int, dict[tuple[int, ...], None]] = {}
        self.apply(LinkChange(added_together=tuple(together), added_apart=tuple(apart)))

    def apply(self, change: LinkChange) -> None:
        """Make a change; what is not there is not removed, what is there is not added again."""
        for links, index, removed, added in (
            (self.together, self._of, change.removed_together, change.added_together),
            (self.apart, self._apart_of, change.removed_apart, change.added_apart),
        ):
            for link in removed:
                links.pop(link, None)  # type: ignore[arg-type]
                for photo in link:
                    index.get(photo, {}).pop(link, None)
            for link in added:
                links[link] = None  # type: ignore[index]
                for photo in link:
                    index.setdefault(photo, {})[link] = None

    def together_of(self, photos: Iterable[int]) -> list[Together]:
        """Give the links that hold any of some photos together with others, each once."""
        return list(dict.fromkeys(link for photo in photos for link in self._of.get(photo, ())))

    def apart_of(self, photos: Iterable[int]) -> list[Apart]:
        """Give the links that keep any of some photos from others, each once."""
        found = dict.fromkeys(link for photo in photos for link in self._apart_of.get(photo, ()))
        return [(link[0], link[1]) for link in found]

    def chain(self, photo: int) -> set[int]:
        """Give all photos that are together with one, itself included, also through photos that are gone."""
        found, pending = {photo}, [photo]
        while pending:
            fresh = {other for link in self._of.get(pending.pop(), ()) for other in link} - found
            found |= fresh
            pending += fresh
        return found


def mend_links(
    links: Links, photos: Collection[int], num_photos: int, place_of: Place, leaving: Collection[Together] = ()
) -> LinkChange:
    """Find what links have to go, or to be cut, now that some photos are in other clusters.

    Parameters
    ----------
    links : Links
        Those that held before.
    photos : collection of int
        The photos that moved, and those that the others of their links may hang on.
    num_photos : int
        Photos that are there: numbers below it. Those that are gone are left out of a link that is cut.
    place_of : callable
        Gives what tells the cluster of a photo that is there; different for two photos that are alone.
    leaving : collection of tuple of int
        Links that are taken back anyway.

    Returns
    -------
    LinkChange
        Photos of a link that are still together stay linked.
    """
    chained = set().union(*(links.chain(photo) for photo in photos)) if photos else set()
    places = {photo: place_of(photo) for photo in chained if photo < num_photos}
    crossing = [link for link in _crossing(links, chained, num_photos, places) if link not in leaving]
    parts = tuple(dict.fromkeys(part for link in crossing for part in _parts(link, places) if len(part) > 1))
    kept = set(links.together) - set(crossing) if parts else set()
    removed_apart = tuple(pair for pair in links.apart_of(chained) if _is_inside(pair, links, num_photos, place_of))
    return LinkChange(tuple(crossing), tuple(part for part in parts if part not in kept), removed_apart, ())


def _crossing(links: Links, chained: Collection[int], num_photos: int, places: dict[int, Hashable]) -> list[Together]:
    """Find the links that hold photos of several clusters together, by themselves or through photos that are gone."""
    found = []
    for link in links.together_of(sorted(chained)):
        own = {places[photo] for photo in link if photo < num_photos}
        gone = [photo for photo in link if photo >= num_photos]
        through = {places[other] for photo in gone for other in links.chain(photo) if other < num_photos}
        if len(own | through) > 1:
            found.append(link)
    return found


def _parts(link: Together, places: dict[int, Hashable]) -> Iterator[Together]:
    parts: dict[Hashable, list[int]] = {}
    for photo in link:
        if photo in places:
            parts.setdefault(places[photo], []).append(photo)
    yield from map(tuple, parts.values())


def _is_inside(pair: Apart, links: Links, num_photos: int, place_of: Place) -> bool:
    """Tell whether both photos of a pair, or photos linked to them, are in one cluster now."""
    places = [
        {place_of(photo) for photo in (links.chain(end) if end >= num_photos else [end]) if photo < num_photos}
        for end in pair
    ]
    return bool(places[0] & places[1])


def tie(photos: Iterable[int]) -> tuple[Together, ...]:
    """Give the link that holds some photos together; none for a single one."""
    chosen = tuple(dict.fromkeys(photos))
    return (chosen,) if len(chosen) > 1 else ()


def part_links(kept: Sequence[int], parted: Sequence[int], neighbours: Callable[[int], Iterable[int]]) -> LinkChange:
    """Give the links that keep two sides of a former cluster apart.

    Each side is tied together as far as pairs reach across, to its first photo; one pair of the two first photos keeps
    the sides apart, and with them all that is tied.

    Parameters
    ----------
    kept, parted : sequence of int
        Photos of both sides, what stands for the side first.
    neighbours : callable
        Gives the photos that a photo has a pair with.
    """
    if not kept or not parted:
        return LinkChange()
    other = set(kept)
    reached = {photo: [near for near in neighbours(photo) if near in other] for photo in parted}
    far_side = [photo for photo, near in reached.items() if near]
    near_side = sorted({photo for near in reached.values() for photo in near})
    return LinkChange(
        added_together=tie([kept[0], *near_side]) + tie([parted[0], *far_side]), added_apart=((kept[0], parted[0]),)
    )


def settle_links(
    links: Links, wanted: Sequence[Sequence[int]], made: Sequence[int], is_touched: Callable[[int], bool]
) -> LinkChange:
    """Find the links that are missing for a clusterer to make the groups that a person has left.

    Parameters
    ----------
    links : Links
        Those that it obeyed.
    wanted : sequence of sequence of int
        The groups that a person has left: every photo in exactly one.
    made : sequence of int, length N
        What tells the group that the clusterer gave each photo: different for two photos that are alone.
    is_touched : callable
        Tells of a group's place in ``wanted`` whether a person had a hand in it; only these have to be made as wanted.

    Returns
    -------
    LinkChange
        A group that was taken apart is tied together whole; so are groups that were joined, and kept apart by a link
        of their first photos. Nothing where all is as wanted.
    """
    place = {photo: row for row, photos in enumerate(wanted) for photo in photos}
    rows_in: dict[int, dict[int, None]] = {}
    for photo, group in enumerate(made):
        rows_in.setdefault(group, {})[place[photo]] = None
    loose = {row: None for row, photos in enumerate(wanted) if is_touched(row) and len({made[p] for p in photos}) > 1}
    apart = []
    for rows in rows_in.values():
        touched = [row for row in rows if is_touched(row)]
        for one in touched:
            for two in rows:
                if two != one and (two not in touched or one < two):
                    apart.append((wanted[one][0], wanted[two][0]))
                    loose |= {one: None, two: None}
    ties = [tuple(sorted(wanted[row])) for row in loose if len(wanted[row]) > 1]
    return LinkChange(
        added_together=tuple(link for link in ties if not links.chain(link[0]) >= set(link)),
        added_apart=tuple(pair for pair in dict.fromkeys(apart) if not {pair, pair[::-1]} & links.apart.keys()),
    )
