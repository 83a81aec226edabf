"""The search for verified pairs: what the descriptor lists, what EXIF suggests, then neighbours of verified ones."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hloc.matching.candidates import Pair, expand, near_positions, near_times
from hloc.matching.description import MatchRun
from hloc.matching.evidence import Candidates, evidence_of
from hloc.matching.former import FormerPairs
from hloc.matching.overlay import known_overlays, pairs_held_by_overlays
from hloc.matching.rows import Photos, verify_pairs
from hloc.probability import probabilities
from storage.formats.calibration import Calibration
from storage.formats.matches import SOURCES, PairMatches, join_matches, no_matches
from storage.formats.pairs import Pairs

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
VERIFIED = 0.5  # probability from which the neighbours of a neighbour are looked at


@dataclass(frozen=True, eq=False)
class Listed:
    """What the descriptor lists, in both directions.

    Attributes
    ----------
    scores : dict of pair to float
        Smaller row first; of two scores the greater.
    lists : dict of int to list of int
        For each photo those that it lists or that list it, most similar first.
    """

    scores: dict[Pair, float]
    lists: dict[int, list[int]]

    @classmethod
    def of(cls, photos: Photos, pairs: Pairs) -> Listed:
        """Take over the pairs of which both photos can be used."""
        place = {name: row for row, name in enumerate(photos.names)}
        rows = [place.get(name, -1) for name in pairs.names]
        scores: dict[Pair, float] = {}
        for first, second, score in zip(pairs.first, pairs.second, pairs.scores.tolist(), strict=True):
            one, other = sorted((rows[first], rows[second]))
            if one >= 0 and one != other and score == score:
                scores[one, other] = max(score, scores.get((one, other), -np.inf))
        lists: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for (one, other), score in scores.items():
            lists[one].append((-score, other))
            lists[other].append((-score, one))
        return cls(scores, {photo: [other for _, other in sorted(lists[photo])] for photo in sorted(lists)})

    def scores_of(self, matches: PairMatches) -> NDArray[np.float64]:
        """Give the score (E,) of each pair; NaN where it is not listed."""
        pairs = zip(matches.first.tolist(), matches.second.tolist(), strict=True)
        return np.array([self.scores.get(pair, np.nan) for pair in pairs], np.float64)


@dataclass(frozen=True, eq=False)
class Suggestions:
    """What EXIF knows of the photos, in their order.

    Attributes
    ----------
    positions : ndarray, shape (N, 2)
        Latitude and longitude in degrees; NaN where there is none.
    times, cameras : sequence of str or None
        Time of capture (ISO 8601), make and model.
    """

    positions: NDArray[np.float64]
    times: Sequence[str | None]
    cameras: Sequence[str | None]


@dataclass(frozen=True)
class SearchSettings:
    """How far the search goes.

    Attributes
    ----------
    num_rounds : int
        1 looks at what is listed and what EXIF suggests only; each further round at neighbours of verified neighbours.
    max_pairs : int
        Most pairs that one photo may ask for in each round and from each suggestion, beyond those listed.
    """

    num_rounds: int = 2
    max_pairs: int = 10


@dataclass
class Found:
    """What the search found.

    Attributes
    ----------
    matches : PairMatches
        All pairs that were looked at, the listed ones first.
    source : ndarray of uint8, shape (E,)
        Index into ``SOURCES``.
    evidence : ndarray, shape (E, F)
        What the probability is made of.
    probability : ndarray, shape (E,)
        That both photos show the same building.
    looked_again : ndarray of uint8, shape (E,)
        1 where a pair was looked at again without overlays that the collection knows.
    """

    matches: PairMatches = field(default_factory=no_matches)
    source: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    evidence: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    probability: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    looked_again: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def strengths(self) -> dict[Pair, float]:
        """Give the probability of each pair that counts as verified."""
        matches = self.matches
        rows = zip(matches.first.tolist(), matches.second.tolist(), self.probability.tolist(), strict=True)
        return {(first, second): value for first, second, value in rows if value >= VERIFIED}

    def pairs(self) -> set[Pair]:
        """Give all pairs that were looked at."""
        return set(zip(self.matches.first.tolist(), self.matches.second.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Search:
    """One search over the photos of a run.

    Attributes
    ----------
    run : MatchRun
        Matcher, folders, resources.
    photos : Photos
        All have local features.
    listed : Listed
        What the descriptor lists.
    calibration : Calibration
        Evidence to probability.
    settings : SearchSettings
        How far to go.
    former : FormerPairs
        What is known already.
    """

    run: MatchRun
    photos: Photos
    listed: Listed
    calibration: Calibration
    settings: SearchSettings = field(default_factory=SearchSettings)
    former: FormerPairs = field(default_factory=FormerPairs)

    def find(self, suggestions: Suggestions) -> Found:
        """Look at all pairs that are listed, suggested, or neighbours of verified neighbours."""
        found = Found()
        for source, pairs in self._suggested(suggestions).items():
            self._look_at(found, pairs, source)
        self._judge(found, "overlays")
        for number in range(1, self.settings.num_rounds):
            fresh = expand(found.pairs(), found.strengths(), self.listed.lists, self.settings.max_pairs)
            logger.info("round %d: %d pairs of neighbours of verified neighbours", number + 1, len(fresh))
            if not fresh:
                break
            self._look_at(found, fresh, "neighbours", f"-{number}")
            self._judge(found, f"overlays-{number}")
        return found

    def _suggested(self, suggestions: Suggestions) -> dict[str, list[Pair]]:
        """Give the pairs of the first round by source, each once."""
        budget = self.settings.max_pairs
        by_source = {
            "retrieval": sorted(self.listed.scores),
            "position": near_positions(suggestions.positions, budget),
            "time": near_times(suggestions.times, suggestions.cameras, budget),
        }
        seen: set[Pair] = set()
        for source, pairs in by_source.items():
            by_source[source] = [pair for pair in pairs if pair not in seen]
            seen.update(pairs)
        return by_source

    def _look_at(self, found: Found, pairs: Sequence[Pair], source: str, suffix: str = "") -> None:
        rows = np.array(pairs, np.int32).reshape(-1, 2)
        matches = self.former.verify(self.run, self.photos, rows, f"{source}{suffix}")
        found.matches = join_matches([found.matches, matches])
        found.looked_again = np.concatenate([found.looked_again, np.zeros(len(pairs), np.uint8)])
        found.source = np.concatenate([found.source, np.full(len(pairs), SOURCES.index(source), np.uint8)])

    def _judge(self, found: Found, part: str) -> None:
        """Take known overlays out of all pairs, then compute evidence and probability of all."""
        known = known_overlays(found.matches)
        held = pairs_held_by_overlays(found.matches, known)
        if len(held):
            logger.info("%d pairs are looked at again without the overlays of %d photos", len(held), len(known))
            found.matches = self._without(found.matches, held, known, part)
            found.looked_again[held] = 1
        scores = self.listed.scores_of(found.matches)
        candidates = Candidates.of(len(self.photos.names), found.matches, scores)
        found.evidence = evidence_of(candidates)
        found.probability = self.estimate(found)

    def estimate(self, found: Found) -> FloatArray:
        """Give the probability (E,) of each pair; benchmarks, which never judge what they fitted, give another."""
        return probabilities(self.calibration, found.evidence)

    def _without(
        self, matches: PairMatches, held: NDArray[np.intp], known: Mapping[int, NDArray[np.intp]], part: str
    ) -> PairMatches:
        pairs = np.column_stack([matches.first[held], matches.second[held]])
        excluded = {self.photos.names[photo]: rows for photo, rows in known.items()}
        again = verify_pairs(self.run, self.photos, pairs, part, excluded)
        order = np.arange(len(matches))
        order[held] = len(matches) + np.arange(len(held))
        return join_matches([matches, again]).take(order)
