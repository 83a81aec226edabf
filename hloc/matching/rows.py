"""All pairs of a list, verified by worker processes: a photo's pairs are one job, finished jobs are kept in shards."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hloc.matching.base import LoadedFeatures
from hloc.matching.description import MatchRun
from hloc.matching.verification import VERIFICATION_VERSION, Verification, verify
from hloc.stream import run_in_workers
from storage.errors import StageError
from storage.fingerprints import Fingerprint
from storage.folders import paths_in
from storage.formats.hdf5 import digest
from storage.formats.local_features import LocalFeatureStore
from storage.formats.matches import COLUMN_TYPES, KINDS, PairMatches, join_matches
from storage.formats.shards import RECORDS_PER_SHARD, Record, ShardFolder
from storage.progress import progress_bar
from storage.report import SkippedPhoto

MADE_BY = "python match_pairs.py"
PHOTOS_IN_MEMORY = 96  # a third of a megabyte each at 2,000 keypoints, in every worker
PAIRS_PER_JOB = 50  # so that a job takes half a second and a kill costs little

Excluded = Mapping[str, NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Photos:
    """The photos of a run, in the order of their content: so a name never changes a result.

    Attributes
    ----------
    names : list of str
        Image names, in the order of the SHA-256 of their files.
    fingerprints : list of Fingerprint
        Of these files.
    """

    names: list[str]
    fingerprints: list[Fingerprint]

    @classmethod
    def of(cls, fingerprints: Mapping[str, Fingerprint]) -> Photos:
        """Put photos in order."""
        names = sorted(fingerprints, key=lambda name: (fingerprints[name].sha256, name))
        return cls(names, [fingerprints[name] for name in names])


@dataclass(frozen=True, eq=False)
class RowResult:
    """What a job gave: the table of its pairs."""

    name: str
    matches: PairMatches


class RowWork:
    """Verify some pairs of one photo; pickled to each worker once, where it opens the features itself."""

    def __init__(self, run: MatchRun, names: Sequence[str], excluded: Excluded) -> None:
        self.matcher = run.matcher
        self.folder = run.features_dir
        self.overlay_guard = run.overlay_guard
        self.names = list(names)
        self.excluded = dict(excluded)
        self._store: LocalFeatureStore | None = None
        self._loaded: OrderedDict[str, LoadedFeatures] = OrderedDict()

    def __call__(self, name: str, pairs: NDArray[np.int32]) -> RowResult:
        """Verify ``pairs`` (R, 2), rows of the list of names."""
        with threadpool_limits(1):  # sums over several threads round differently
            found = [self._verify(int(first), int(second)) for first, second in pairs]
        return RowResult(name, table_of(pairs, found))

    def _verify(self, first: int, second: int) -> Verification:
        one, other = self.names[first], self.names[second]
        none = np.zeros(0, np.intp)
        excluded = self.excluded.get(one, none), self.excluded.get(other, none)
        return verify(self.matcher, self._load(one), self._load(other), excluded, self.overlay_guard)

    def _load(self, name: str) -> LoadedFeatures:
        if self._store is None:
            self._store = LocalFeatureStore(self.folder, self.matcher.feature_settings())
        if name not in self._loaded:
            self._loaded[name] = self.matcher.load(self._store.read(name))
            if len(self._loaded) > PHOTOS_IN_MEMORY:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(name)
        return self._loaded[name]


def table_of(pairs: NDArray[np.int32], found: Sequence[Verification]) -> PairMatches:
    """Put the results of single pairs into one table."""
    columns: dict[str, Any] = {
        "first": [int(first) for first, _ in pairs],
        "second": [int(second) for _, second in pairs],
        "kind": [KINDS.index(each.kind) for each in found],
        "num_overlay": [len(each.overlay) for each in found],
    }
    for name in COLUMN_TYPES.keys() - columns.keys():
        columns[name] = [getattr(each, name) for each in found]
    plain: dict[str, Any] = {
        name: np.array(columns[name], dtype).reshape(len(found), *shape)
        for name, (dtype, shape) in COLUMN_TYPES.items()
    }
    for name, attribute in (("inlier", "inliers"), ("overlay", "overlay")):
        lists = [np.asarray(getattr(each, attribute)).reshape(-1, 2) for each in found]
        plain[f"{name}_ends"] = np.cumsum([len(rows) for rows in lists], dtype=np.int64)
        plain[f"{name}s"] = np.concatenate([np.zeros((0, 2)), *lists]).astype(np.uint16)
    return PairMatches(**plain)


def verify_pairs(
    run: MatchRun, photos: Photos, pairs: NDArray[np.int32], part: str, excluded: Excluded | None = None
) -> PairMatches:
    """Verify pairs of photos.

    Parameters
    ----------
    run : MatchRun
        Matcher, folders, resources.
    photos : Photos
        All have local features.
    pairs : ndarray of int32, shape (E, 2)
        Rows of ``photos``.
    part : str
        Name of this part of the work, for its unfinished results.
    excluded : mapping of str to ndarray of int, optional
        Keypoint rows of a photo that are known to be overlay: matches between two such keypoints do not count.

    Returns
    -------
    PairMatches
        In the order of ``pairs``; of each pair, the photo with the smaller SHA-256 first. The same whatever the
        number of workers, and however often the run was killed and started again.

    Raises
    ------
    StageError
        When a worker crashed or hung on a pair.
    """
    excluded = excluded or {}
    ordered = np.sort(np.asarray(pairs, np.int32).reshape(-1, 2), axis=1)
    sequence = np.lexsort((ordered[:, 1], ordered[:, 0]))
    jobs = list(_jobs(photos, ordered[sequence]))
    shards = ShardFolder(run.outputs_dir / "matches.shards" / part, _identity(run, photos, ordered, excluded), MADE_BY)
    todo = [(name, job) for name, job in jobs if name not in shards.index]
    work = RowWork(run, photos.names, excluded)
    _fill(shards, run_in_workers(work, todo, run.num_workers(len(todo)), run.resources.timeout_s), len(todo))
    tables = {record.name: _table(record.arrays) for record in shards.records([name for name, _ in jobs])}
    joined = join_matches([tables[name] for name, _ in jobs])
    inverse = np.empty(len(sequence), np.intp)
    inverse[sequence] = np.arange(len(sequence))
    return joined.take(inverse)


def remove_unfinished(run: MatchRun) -> None:
    """Remove the results of single jobs, once the final file stands."""
    folder = run.outputs_dir / "matches.shards"
    for part in paths_in(folder):
        ShardFolder(part, {}, MADE_BY).remove()
    if folder.is_dir():
        folder.rmdir()


def verification_settings(run: MatchRun) -> dict[str, Any]:
    """Give everything but the two photos that the result of a pair hangs on (JSON types)."""
    return run.matcher.settings() | {"overlay_guard": run.overlay_guard, "verification": VERIFICATION_VERSION}


def _jobs(photos: Photos, pairs: NDArray[np.int32]) -> Iterator[tuple[str, NDArray[np.int32]]]:
    """Cut sorted pairs into jobs, each of pairs with the same first photo."""
    for first, group in groupby(pairs.tolist(), key=lambda pair: pair[0]):
        number = 0
        while batch := list(islice(group, PAIRS_PER_JOB)):
            yield f"{photos.names[first]}\t{number}", np.array(batch, np.int32)
            number += 1


def _identity(run: MatchRun, photos: Photos, pairs: NDArray[np.int32], excluded: Excluded) -> dict[str, Any]:
    hashes = [known.sha256 for known in photos.fingerprints]
    rows = [excluded[name] for name in sorted(excluded)]
    made_of = digest(photos.names, hashes, pairs, sorted(excluded), *rows)
    return verification_settings(run) | {"inputs": made_of}


def _fill(shards: ShardFolder, results: Iterator[Any], count: int) -> None:
    shown = iter(progress_bar(results, count, "matching"))
    while batch := list(islice(shown, RECORDS_PER_SHARD)):
        failed = [item for item in batch if isinstance(item, SkippedPhoto)]
        done = [item for item in batch if not isinstance(item, SkippedPhoto)]
        if done:
            shards.write([Record(item.name, Fingerprint(0, 0, ""), _arrays(item.matches)) for item in done])
        if failed:
            name = failed[0].name.partition("\t")[0]
            raise StageError(f"the pairs of {name!r} cannot be verified: {failed[0].reason}; what was done is kept")


def _arrays(table: PairMatches) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(values) for name, values in vars(table).items()}


def _table(arrays: Mapping[str, NDArray[Any]]) -> PairMatches:
    return PairMatches(**arrays)
