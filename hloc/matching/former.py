"""Results of a former run that still stand: pairs of photos whose files did not change are not looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hloc.matching.description import MatchRun
from hloc.matching.rows import Photos, verification_settings, verify_pairs
from storage.formats.matches import MatchesFile, PairMatches, join_matches, no_matches


@dataclass(frozen=True, eq=False)
class FormerPairs:
    """Pairs of a former run by the content of their photos.

    Attributes
    ----------
    matches : PairMatches
        Their results.
    rows : Mapping of (str, str) to int
        SHA-256 of first and second photo to the row of ``matches``.
    """

    matches: PairMatches = field(default_factory=no_matches)
    rows: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, content: MatchesFile | None, run: MatchRun) -> FormerPairs:
        """Take over what was verified in the same way.

        A pair that was looked at again without the overlays that its collection knew hangs on more than its two
        photos; it is left out.
        """
        wanted = verification_settings(run)
        if content is None or any(content.settings.get(key) != value for key, value in wanted.items()):
            return cls()
        matches = content.matches
        rows = zip(matches.first.tolist(), matches.second.tolist(), content.looked_again.tolist(), strict=True)
        return cls(
            matches,
            {
                (content.sha256[first], content.sha256[second]): row
                for row, (first, second, looked_again) in enumerate(rows)
                if not looked_again
            },
        )

    def verify(self, run: MatchRun, photos: Photos, pairs: NDArray[np.int32], part: str) -> PairMatches:
        """Verify pairs like :func:`hloc.matching.rows.verify_pairs`, those that are known without looking."""
        pairs = np.sort(pairs, axis=1)
        hashes = [known.sha256 for known in photos.fingerprints]
        rows = np.array([self.rows.get((hashes[one], hashes[other]), -1) for one, other in pairs.tolist()], np.intp)
        is_known = rows >= 0
        known = self.matches.take(rows[is_known])
        known = replace(known, first=pairs[is_known, 0], second=pairs[is_known, 1])
        fresh = verify_pairs(run, photos, pairs[~is_known], part)
        order = np.empty(len(pairs), np.intp)
        order[np.concatenate([np.flatnonzero(is_known), np.flatnonzero(~is_known)])] = np.arange(len(pairs))
        return join_matches([known, fresh]).take(order)
