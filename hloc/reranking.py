"""Re-ranking by geometry: of what a descriptor lists first, photos whose local features agree with one map go ahead.

Source: Philbin et al., "Object retrieval with large vocabularies and fast spatial matching" (CVPR 2007), section 4: the
first of the list are matched with the query, and those that are verified are ordered by their inliers. Verified is what
chance does not explain: Desolneux, Moisan and Morel, "Meaningful alignments" (IJCV 2000).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hloc.matching.base import LoadedFeatures
from hloc.matching.chance import surprise_of
from hloc.matching.description import MatchRun, describe_photos
from hloc.matching.guided import MOST_FOR_GUIDED
from hloc.matching.verification import verify
from hloc.stream import run_in_workers
from storage.errors import StageError
from storage.fingerprints import Fingerprint
from storage.formats.local_features import LocalFeatureStore
from storage.progress import progress_bar
from storage.report import SkippedPhoto

# Nats of surprise from which the matcher itself looks no second time.
LEAST_SURPRISE = MOST_FOR_GUIDED
PHOTOS_IN_MEMORY = 512  # a quarter of a megabyte each at 500 keypoints, in every worker

LABEL = "re-ranking"

Place = tuple[str, str]  # which folder of photos, and the image name in it
Candidates = tuple[Place, Sequence[Place]]  # a query and whom it is compared with


@dataclass(frozen=True)
class Compared:
    """What local features say of a query and one candidate.

    Attributes
    ----------
    num_inliers : int
        Matches that agree with one map; 0 where they may agree by chance.
    seconds : float
        Time of the comparison, on one core, the reading of features left out.
    """

    num_inliers: int
    seconds: float


@dataclass(frozen=True)
class CandidateResult:
    """What a job gave: a comparison for each candidate."""

    name: str
    compared: list[Compared]


class CandidateWork:
    """Compare one query with its candidates; pickled to each worker once, where it opens the features itself."""

    def __init__(self, runs: Mapping[str, MatchRun]) -> None:
        self.matchers = {key: run.matcher for key, run in runs.items()}
        self.folders = {key: run.features_dir for key, run in runs.items()}
        self._stores: dict[str, LocalFeatureStore] = {}
        self._loaded: OrderedDict[Place, LoadedFeatures] = OrderedDict()

    def __call__(self, name: str, job: Candidates) -> CandidateResult:
        """Compare ``job``: a query and its candidates."""
        query, candidates = job
        with threadpool_limits(1):  # sums over several threads round differently
            return CandidateResult(name, [self._compare(query, candidate) for candidate in candidates])

    def _compare(self, query: Place, candidate: Place) -> Compared:
        first, second = self._load(query), self._load(candidate)
        started = time.perf_counter()
        # A copy has everything at the same place: that is no overlay here.
        found = verify(self.matchers[query[0]], first, second, overlay_guard=False)
        is_verified = surprise_of(found.num_places, found.num_matches) >= LEAST_SURPRISE
        return Compared(len(found.inliers) if is_verified else 0, time.perf_counter() - started)

    def _load(self, place: Place) -> LoadedFeatures:
        key, name = place
        if key not in self._stores:
            self._stores[key] = LocalFeatureStore(self.folders[key], self.matchers[key].feature_settings())
        if place not in self._loaded:
            self._loaded[place] = self.matchers[key].load(self._stores[key].read(name))
            if len(self._loaded) > PHOTOS_IN_MEMORY:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(place)
        return self._loaded[place]


class LocalComparisons:
    """Comparisons of photos by their local features, each made once, however often it is asked for.

    Used under the lock of the folders that the features lie in.

    Parameters
    ----------
    runs : mapping of str to MatchRun
        By folder: the same matcher everywhere.

    Attributes
    ----------
    fingerprints : dict of Place to Fingerprint
        Of the photos that were described.
    skipped : dict of Place to SkippedPhoto
        Photos that cannot be described: they agree with none.
    """

    def __init__(self, runs: Mapping[str, MatchRun]) -> None:
        self.runs = dict(runs)
        self.fingerprints: dict[Place, Fingerprint] = {}
        self.skipped: dict[Place, SkippedPhoto] = {}
        self._known: dict[tuple[Place, Place], Compared] = {}

    def describe(self, places: Iterable[Place]) -> None:
        """Describe photos, as far as their features do not stand."""
        missing: dict[str, set[str]] = {}
        for place in places:
            if place not in self.fingerprints and place not in self.skipped:
                missing.setdefault(place[0], set()).add(place[1])
        for key, names in missing.items():
            made = describe_photos(self.runs[key], sorted(names))
            self.fingerprints |= {(key, name): found for name, found in made.fingerprints.items()}
            self.skipped |= {(key, photo.name): photo for photo in made.skipped}

    def of(self, wanted: Sequence[Candidates]) -> list[list[Compared]]:
        """Compare queries with their candidates.

        Parameters
        ----------
        wanted : sequence of (Place, sequence of Place)
            Queries, and the candidates of each; all were described.

        Returns
        -------
        list of list of Compared
            One a query, a comparison for each of its candidates; but for times the same for any number of workers.

        Raises
        ------
        StageError
            When a worker crashed or hung on a query.
        """
        todo = [(query, missing) for query, candidates in wanted if (missing := self._missing(query, candidates))]
        run = next(iter(self.runs.values()))
        jobs = ((query[1], (query, missing)) for query, missing in todo)
        work, num_workers = CandidateWork(self.runs), run.num_workers(len(todo))
        results = progress_bar(run_in_workers(work, jobs, num_workers, run.resources.timeout_s), len(todo), LABEL)
        for (query, missing), result in zip(todo, results, strict=True):
            if isinstance(result, SkippedPhoto):
                raise StageError(f"the candidates of {result.name!r} cannot be compared: {result.reason}")
            self._known |= {(query, place): found for place, found in zip(missing, result.compared, strict=True)}
        nothing = Compared(0, 0.0)
        return [
            [self._known.get((query, candidate), nothing) for candidate in candidates] for query, candidates in wanted
        ]

    def _missing(self, query: Place, candidates: Sequence[Place]) -> list[Place]:
        if query in self.skipped:
            return []
        fresh = [place for place in candidates if (query, place) not in self._known and place not in self.skipped]
        return list(dict.fromkeys(fresh))


def reorder(rows: NDArray[np.int64], num_inliers: NDArray[np.integer]) -> NDArray[np.int64]:
    """Put verified candidates first, those with most inliers ahead; all else keeps its order.

    Parameters
    ----------
    rows : ndarray of int64, shape (Q, K)
        What each query found, best first; below 0 where there is nothing.
    num_inliers : ndarray of int, shape (Q, R), R <= K
        Of the first R of each; 0 where nothing is verified.

    Returns
    -------
    ndarray of int64, shape (Q, K)
        Every row again.
    """
    order = np.argsort(-num_inliers, axis=1, kind="stable")
    first = np.take_along_axis(rows[:, : num_inliers.shape[1]], order, axis=1)
    return np.concatenate([first, rows[:, num_inliers.shape[1] :]], axis=1)
