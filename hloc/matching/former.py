"""What a former run found out about pairs whose photos did not change: it is not found out again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hloc.matching.description import MatchRun
from hloc.matching.rows import Photos
from hloc.matching.verification import VERIFICATION_VERSION
from storage.formats.matches import MatchesFile, PairMatches


@dataclass(frozen=True, eq=False)
class FormerMatches:
    """Verified pairs of a former run, known by the content of their photos, whatever these are called now.

    Attributes
    ----------
    contents : dict of str to int
        SHA-256 of each photo to its number here.
    keys : ndarray of int64, shape (E,)
        For each pair a number made of those of both photos, ascending.
    matches : PairMatches
        The pairs, in the order of their keys.
    """

    contents: dict[str, int]
    keys: NDArray[np.int64]
    matches: PairMatches

    @classmethod
    def of(cls, former: MatchesFile | None, run: MatchRun) -> FormerMatches | None:
        """Take over what this run would find as well and what does not hang on other photos; None for no such file.

        What is overlay is told by the collection, so pairs in which anything was left out as overlay may have been
        looked at a second time: they are not taken over.
        """
        made_of = run.matcher.settings() | {"verification": VERIFICATION_VERSION}
        if former is None or any(former.settings.get(key) != value for key, value in made_of.items()):
            return None
        contents = {sha256: number for number, sha256 in enumerate(sorted(set(former.sha256)))}
        number = np.array([contents[sha256] for sha256 in former.sha256], np.int64)
        matches = former.matches.take(np.flatnonzero(former.matches.num_overlay == 0))
        keys = number[matches.first] * len(contents) + number[matches.second]
        order = np.argsort(keys, kind="stable")
        return cls(contents, keys[order], matches.take(order))

    def look_up(self, photos: Photos, pairs: NDArray[np.int32]) -> tuple[NDArray[np.bool_], PairMatches]:
        """Find pairs again.

        Parameters
        ----------
        photos : Photos
            The photos of this run.
        pairs : ndarray of int32, shape (E, 2)
            Rows of ``photos``, of each pair the smaller one first.

        Returns
        -------
        is_known : ndarray of bool, shape (E,)
            Which pairs are known.
        matches : PairMatches
            Of those, in their order.
        """
        number = np.array([self.contents.get(each.sha256, -1) for each in photos.fingerprints], np.int64)
        ends = number[pairs]
        asked = ends[:, 0] * len(self.contents) + ends[:, 1]
        place = np.searchsorted(self.keys, asked)
        found = np.append(self.keys, -1)[place]  # beyond the last key stands what no pair has
        is_known: NDArray[np.bool_] = (ends >= 0).all(axis=1) & (found == asked)
        first, second = pairs[is_known].T
        return is_known, replace(self.matches.take(place[is_known]), first=first.copy(), second=second.copy())
