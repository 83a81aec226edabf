"""Lists of a search experiment put in order by local features; see :mod:`hloc.reranking`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hloc.feature_run import Resources
from hloc.matching import MATCHERS, create_matcher
from hloc.matching.description import MatchRun
from hloc.reranking import LocalComparisons, Place, reorder
from stages.checks import check_range
from stages.retrieval.search_inputs import SearchInputs
from stages.retrieval.vectors import DATABASE, DISTRACTORS, QUERIES, Vectors
from stages.settings.search import SearchSettings
from storage.errors import StageError, UsageError
from storage.report import SkippedPhoto

MAX_RERANK = 1000
FOLDER_FLAGS = {DATABASE: "--image_dir", QUERIES: "--query_dir", DISTRACTORS: "--distractor_dir"}
FEATURES_FOLDER = "local_features"  # of the results folder


@dataclass(frozen=True, eq=False)
class Reranked:
    """Lists after re-ranking.

    Attributes
    ----------
    rows : ndarray of int64, (Q, K)
        As they were given, verified candidates first.
    num_compared, num_verified : int
        Pairs of a query and a candidate; those that are verified.
    seconds : ndarray, (Q,)
        What the comparisons of each query take on one core.
    """

    rows: NDArray[np.int64]
    num_compared: int
    num_verified: int
    seconds: NDArray[np.float64]

    def ms_per_query(self) -> dict[str, float]:
        """Give mean, median, least and most milliseconds over the queries."""
        each = self.seconds * 1e3
        return {
            "mean": float(each.mean()),
            "median": float(np.median(each)),
            "min": float(each.min()),
            "max": float(each.max()),
        }


class Reranker:
    """Re-ranks what the queries of one experiment found.

    Parameters
    ----------
    inputs : SearchInputs
        Who is searched, and who asks.
    comparisons : LocalComparisons
        Over the folders of ``folder_of``; several experiments may share them.
    folder_of : dict of str to str
        By flag of the features files: the folder of ``comparisons`` that their photos lie in.
    num_rerank : int
        How many of each list are compared.
    """

    def __init__(
        self, inputs: SearchInputs, comparisons: LocalComparisons, folder_of: dict[str, str], num_rerank: int
    ) -> None:
        self.num_rerank = num_rerank
        self._comparisons, self._folder_of = comparisons, folder_of
        database, num_own = inputs.database, len(inputs.database.names) - inputs.num_distractors
        flags = [DATABASE] * num_own + [DISTRACTORS] * inputs.num_distractors
        self._database = [(folder_of[flag], name) for flag, name in zip(flags, database.names, strict=True)]
        self._queries = [(folder_of[QUERIES], name) for name in inputs.queries.names]
        self._expected = _hashes(self._database, database) | _hashes(self._queries, inputs.queries)

    def settings(self) -> dict[str, str | int]:
        """Give matcher, keypoints and candidates."""
        matcher = next(iter(self._comparisons.runs.values())).matcher
        return {"matcher": matcher.name, "num_keypoints": matcher.num_keypoints, "num_rerank": self.num_rerank}

    def skipped(self) -> list[SkippedPhoto]:
        """Give the photos that could not be described: they stay where the descriptor put them."""
        return [photo for _, photo in sorted(self._comparisons.skipped.items())]

    def rerank(self, rows: NDArray[np.int64]) -> Reranked:
        """Put lists (Q, K) in order, best first; a row below 0 is none.

        Raises
        ------
        UsageError
            When no photo of a folder can be read.
        StageError
            When a photo is another than the one that was described.
        """
        first = rows[:, : self.num_rerank]
        lists = [[self._database[row] for row in of_query if row >= 0] for of_query in first.tolist()]
        wanted = [(query, places) for query, places in zip(self._queries, lists, strict=True) if places]
        self._describe({place for query, places in wanted for place in (query, *places)})
        found = dict(zip((query for query, _ in wanted), self._comparisons.of(wanted), strict=True))
        num_inliers, seconds = np.zeros(first.shape, np.int64), np.zeros(len(rows))
        for row, query in enumerate(self._queries):
            compared = found.get(query, [])
            num_inliers[row, first[row] >= 0] = [each.num_inliers for each in compared]
            seconds[row] = sum(each.seconds for each in compared)
        num_compared = sum(len(places) for places in lists)
        return Reranked(reorder(rows, num_inliers), num_compared, int(np.count_nonzero(num_inliers)), seconds)

    def _describe(self, places: set[Place]) -> None:
        self._comparisons.describe(places)
        made, skipped = self._comparisons.fingerprints, self._comparisons.skipped
        for flag, key in self._folder_of.items():
            inside = {place for place in places if place[0] == key}
            run = self._comparisons.runs[key]
            if inside and inside <= skipped.keys():
                photo = skipped[min(inside)]
                raise UsageError(
                    f"{FOLDER_FLAGS[flag]} {run.image_dir}: none of the photos of {flag} can be read there; "
                    f"{photo.name}: {photo.reason}"
                )
            other = [place[1] for place in inside & made.keys() if made[place].sha256 not in self._expected[place]]
            if other:
                raise StageError(
                    f"{FOLDER_FLAGS[flag]} {run.image_dir}: {min(other)} is not the photo that {flag} was made of; "
                    "give the folder that was described, or describe it again"
                )


def open_reranker(settings: SearchSettings, inputs: SearchInputs) -> Reranker | None:
    """Open the re-ranking that ``settings`` ask for; None where they ask for none.

    Local features are kept in the results folder. A folder that several flags mean is described once.
    """
    if settings.rerank is None or settings.image_dir is None:
        return None
    matcher = create_matcher(settings.rerank, settings.num_keypoints)
    folders = {
        DATABASE: settings.image_dir,
        QUERIES: settings.query_dir or settings.image_dir,
        DISTRACTORS: settings.distractor_dir or settings.image_dir,
    }
    first_flag: dict[Path, str] = {}
    runs, folder_of = {}, {}
    for flag, folder in folders.items():
        key = folder_of[flag] = first_flag.setdefault(folder.resolve(), flag.removeprefix("--"))
        outputs_dir = settings.results_dir / FEATURES_FOLDER / key
        runs[key] = MatchRun(folder, outputs_dir, matcher, Resources(settings.num_workers))
    return Reranker(inputs, LocalComparisons(runs), folder_of, settings.num_rerank)


def check_reranking(settings: SearchSettings) -> None:
    """Refuse settings of re-ranking that are wrong or have no use; the UsageError names flag and value."""
    folders = {flag.removeprefix("--"): getattr(settings, flag.removeprefix("--")) for flag in FOLDER_FLAGS.values()}
    if settings.rerank is None:
        for name, folder in folders.items():
            if folder is not None:
                raise UsageError(f"--{name} {folder}: has no use without --rerank")
        return
    if settings.rerank not in MATCHERS:
        raise UsageError(f"--rerank {settings.rerank}: is not known; choose from {', '.join(MATCHERS)}")
    check_range("--num_rerank", settings.num_rerank, 1, MAX_RERANK)
    if settings.num_workers is not None:
        check_range("--num_workers", settings.num_workers, 0)
    if settings.image_dir is None:
        raise UsageError(f"--rerank {settings.rerank}: give the folder of the photos by --image_dir")
    for name, folder in folders.items():
        if folder is not None and not folder.is_dir():
            raise UsageError(f"--{name} {folder}: is not a folder")
    for flag, given in ((QUERIES, settings.queries), (DISTRACTORS, settings.distractors)):
        name = FOLDER_FLAGS[flag].removeprefix("--")
        if folders[name] is not None and not given:
            raise UsageError(f"--{name} {folders[name]}: has no use without {flag}")
    create_matcher(settings.rerank, settings.num_keypoints)


def _hashes(places: Sequence[Place], vectors: Vectors) -> dict[Place, set[str]]:
    hashes: dict[Place, set[str]] = {}
    for place, sha256 in zip(places, vectors.sha256, strict=True):
        hashes.setdefault(place, set()).add(sha256)
    return hashes
